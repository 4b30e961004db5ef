"""The ground of forms: what a new record starts as, what was posted, and when two values are the same."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict

from kernel.access.actor import Access
from kernel.records.specs import FieldSpec
from kernel.ui.fields import Field


@dataclass
class RowsBlock:
    """Child rows on a form: each a list of fields, a blank one to copy, and how a row's total is previewed."""

    spec: FieldSpec
    rows: list[list[Field]]
    blank: list[Field]
    extra: list[list[Field]]
    errors: list[str]
    label: str = ""
    help: Any = ""
    places: int = 2
    is_rows: bool = True

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def control_id(self) -> str:
        return f"f-{self.spec.name}"

    @property
    def messages(self) -> list[str]:
        return self.errors

    @property
    def has_totals(self) -> bool:
        return any(sub.kind.name == "money" for sub in self.spec.rows)


def blank_record(access: Access) -> Any:
    """A record as a new one starts: defaults, and what follows from them."""
    rtype, actor = access.rtype, access.actor
    record = rtype.model()
    if rtype.is_owned and actor.member:
        record.owner = actor.member
    for spec in rtype.own_specs().values():
        if spec.default is not None and spec.name in access.editable():
            spec.assign(record, spec.default)
    try:
        rtype.prepare(record, actor, set())
    except ValidationError:
        pass  # said when it is saved, if it still holds then
    return record


def typed(data: QueryDict, name: str) -> str:
    """What was typed; without script a picker posts the text of a name beside the id it was drawn with."""
    text = data.get(f"{name}__text")
    if text is not None and text != data.get(f"{name}__was", ""):
        return text
    return data.get(name, "")


def posted_rows(data: QueryDict, spec: FieldSpec) -> list[dict[str, str]]:
    """Rows as `crm-rows` posts them: PREFIX-INDEX-FIELD, with gaps where a row was taken away."""
    prefix = f"{spec.name}-"
    names = {sub.name for sub in spec.rows if not sub.read_only}
    rows: dict[int, dict[str, str]] = {}
    for key in data:
        index, _sep, sub = key.removeprefix(prefix).partition("-")
        sub = sub.removesuffix("__text")
        if key.startswith(prefix) and index.isascii() and index.isdigit() and len(index) < 5 and sub in names:
            rows.setdefault(int(index), {})[sub] = typed(data, f"{prefix}{index}-{sub}")
    return [rows[i] for i in sorted(rows) if not data.get(f"{prefix}{i}-delete")]


def comparable(spec: FieldSpec, value: Any) -> Any:
    """A value's canonical form, of rows without what nobody types, of moments without the seconds no form shows."""
    if spec.kind.name == "yes_no":
        return bool(value)  # what was never said is no
    if spec.kind.name == "datetime" and value:
        value = value.replace(second=0, microsecond=0)
    if spec.rows:
        return [
            {sub.name: sub.kind.canonical(sub, row.get(sub.name)) for sub in spec.rows if not sub.read_only}
            for row in value or []
        ]
    return spec.kind.canonical(spec, value)
