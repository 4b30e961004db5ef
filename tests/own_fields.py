"""What the tests of custom fields share: a field of any kind, and two values of each, the lower one first."""

import io
from typing import Any

from kernel.access.actor import operator
from kernel.attachments.keeping import keep
from kernel.records.change import create
from kernel.records.types import registry

SAMPLE = b"Signed, and sealed."
COLORS = [{"label": "Red"}, {"label": "Blue", "other_label": "آبی", "color": "blue"}]


def make(kind: str, name: str = "", record_type: str = "companies", **more: Any) -> Any:
    """A field of this kind, made by ourselves; to be called inside the tenant."""
    if kind in ("choice", "choices"):
        more.setdefault("choices", COLORS)
    if kind == "relation":
        more.setdefault("related", "companies")
    values = {"record_type": record_type, "kind": kind, "name": name or f"Own {kind}", **more}
    return create(operator().access(registry["custom-fields"]), values)


def waiting(actor: Any, field: Any, name: str = "contract.txt") -> str:
    """The id of a file that was uploaded for a field and waits for its record."""
    return str(keep(actor, io.BytesIO(SAMPLE), name, None, field=field.pk).pk)


VALUES: dict[str, Any] = {
    "text": ("apple", "Zinc"),
    "long_text": ("One\nline", "Two"),
    "number": ("9.50", "10"),
    "money": ("99", "1000"),
    "percent": ("5", "40"),
    "yes_no": (False, True),
    "date": ("2026-03-01", "2026-11-21"),
    "datetime": ("2026-03-01T10:00:00Z", "2026-11-21T10:00:00Z"),
    "choice": ("red", "blue"),
    "choices": (["red"], ["red", "blue"]),
    "email": ("a@example.com", "b@example.com"),
    "phone": ("+12125550123", "+12125550124"),
    "link": ("https://a.example.com/", "https://b.example.com/"),
}
