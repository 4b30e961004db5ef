"""What a taking back left as it is, because somebody changed it since: record by record and field by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from kernel.access.actor import Actor
from kernel.api.openapi.common import ID, object_of
from kernel.records.find import get
from kernel.records.show import Shown
from kernel.records.types import registry
from kernel.records.undo import Conflict


def told(actor: Actor, conflicts: Iterable[Conflict]) -> list[dict[str, Any]]:
    """Of records in reach, of their fields those that the caller may read."""
    return [one for conflict in conflicts if (one := _told(actor, conflict))]


def _told(actor: Actor, conflict: Conflict) -> dict[str, Any] | None:
    access = actor.access(registry[conflict.slug])
    record = get(access, conflict.pk) if access.may("view") else None
    if record is None:
        return None
    readable = access.readable(record)
    specs = [readable[name] for name in conflict.fields if name in readable]
    if conflict.fields and not specs:
        return None  # nothing of it is the caller's to know
    shown = Shown(access, [record], specs)
    values = {
        spec.name: {
            **_values(shown, spec, conflict.values.get(spec.name), record),
            "now": shown.json(record, spec),
        }
        for spec in specs
    }
    return {
        "type": conflict.slug, "id": str(conflict.pk), "label": record.label, "reason": conflict.reason,
        "fields": [spec.name for spec in specs], "values": values,
    }  # fmt: skip


def _values(shown: Shown, spec: Any, held: list[Any] | None, record: Any) -> dict[str, Any]:
    before, done = (spec.kind.restore(spec, value) for value in held or (None, None))
    wanted: dict[str, set[UUID]] = {}
    for value in (before, done):
        for slug, pk in spec.kind.references(spec, value):
            wanted.setdefault(slug, set()).add(pk)
    shown.labels.load(wanted)
    return {"before": shown.value_json(spec, before, record), "done": shown.value_json(spec, done, record)}


_TEXT = {"type": "string"}
SCHEMA = {
    "type": "array",
    "items": object_of(
        {
            "type": _TEXT, "id": ID, "label": _TEXT, "reason": _TEXT, "fields": {"type": "array", "items": _TEXT},
            "values": {"type": "object", "additionalProperties": object_of({"before": {}, "done": {}, "now": {}})},
        }
    ),
}  # fmt: skip
