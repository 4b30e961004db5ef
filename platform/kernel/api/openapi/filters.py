"""What a list may be asked: filters, order, measures and groups that this caller knows of."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records.aggregate import GRAINS
from kernel.records.filters import MOST_LENGTH, lookups_of
from kernel.records.specs import FieldSpec

CALENDAR: dict[str, Any] = {
    "name": "calendar",
    "in": "query",
    "schema": {"type": "string", "enum": ["gregorian", "jalali"]},
}


def nested() -> dict[str, Any]:
    return {
        "name": "filter",
        "in": "query",
        "schema": {"type": "string", "maxLength": MOST_LENGTH},
        "description": _("Conditions nested by “and”, “or” and “not”, as JSON; they narrow beside the other filters."),
        "example": '{"or": [{"field": "owner", "value": "me"}, {"field": "created_at", "value": "this_week"}]}',
    }


def filters(access: Access) -> list[dict[str, Any]]:
    return [
        {
            "name": spec.name if lookup == "exact" else f"{spec.name}__{lookup}",
            "in": "query",
            "schema": _schema(spec, lookup),
            "description": str(spec.label),
        }
        for spec in access.readable().values()
        for lookup in lookups_of(spec.kind)
    ]


def _schema(spec: FieldSpec, lookup: str) -> dict[str, Any]:
    if lookup == "empty" or spec.kind.name == "yes_no":
        return {"type": "boolean"}
    if lookup in ("exact", "not") and spec.choices:
        return {"type": "string", "enum": [code for code, _label in spec.choices]}
    if spec.kind.name in ("date", "datetime"):
        return {"type": "string", "examples": ["2026-11-21", "this_month"]}
    return {"type": "string"}


def sort(access: Access) -> dict[str, Any]:
    names = [name for name, spec in access.readable().items() if spec.kind.is_sortable]
    return {
        "name": "sort",
        "in": "query",
        "schema": {"type": "string", "enum": [*names, *(f"-{name}" for name in names)]},
        "description": _("Order; with a minus the last first. Rows without a value come last either way."),
    }


def measure(access: Access) -> dict[str, Any]:
    names = ["count"]
    for name, spec in access.readable().items():
        if spec.kind.is_numeric:
            names.append(f"sum:{name}")
        names += [f"sum:{name}.{sub.name}" for sub in spec.rows if sub.kind.is_numeric]
    return {
        "name": "measure",
        "in": "query",
        "schema": {"type": "string", "default": "count"},
        "description": _("One or more, separated by commas: %(names)s") % {"names": ", ".join(names)},
        "example": names[-1],
    }


def group(access: Access) -> dict[str, Any]:
    names: list[str] = []
    for name, spec in access.readable().items():
        if spec.kind.can_group:
            names += [f"{name}:{grain}" for grain in GRAINS] if spec.kind.name in ("date", "datetime") else [name]
        names += [f"{name}.{sub.name}" for sub in spec.rows if sub.kind.can_group]
    return {
        "name": "group",
        "in": "query",
        "schema": {"type": "string"},
        "description": _("One of: %(names)s") % {"names": ", ".join(names)},
        "example": names[0],
    }
