"""Believable values for the examples in the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kernel.access.actor import Access
from kernel.api.openapi.common import EXAMPLE_ID
from kernel.api.shapes import CUSTOM
from kernel.records.kinds.guarded import DOTS
from kernel.records.specs import FieldSpec

VALUES: dict[str, Any] = {
    "text": "Acme",
    "long_text": "Called, and will call again.",
    "email": "sara@example.com",
    "phone": "+989121234567",
    "link": "https://example.com",
    "number": "12.5",
    "integer": 12,
    "percent": "40",
    "yes_no": True,
    "date": "2026-11-21",
    "datetime": "2026-11-21T09:30:00Z",
}
REFERENCE = {"id": EXAMPLE_ID, "label": "Acme"}
SIMPLE = frozenset({"text", "money", "date", "choice"})


def output_example(access: Access) -> dict[str, Any]:
    return {"id": EXAMPLE_ID, "version": 1, **_nested(access, access.shown(), _given)}


def input_example(access: Access) -> dict[str, Any]:
    """What must be sent, and the plain fields among the list's columns."""
    asked = {
        name: spec
        for name, spec in access.editable(access.rtype.model()).items()
        if spec.required or (spec.kind.name in SIMPLE and name in access.rtype.columns)
    }
    made = _nested(access, asked, _taken)
    return made if made.get(CUSTOM) else {name: value for name, value in made.items() if name != CUSTOM}


def _nested(access: Access, specs: Mapping[str, FieldSpec], of: Callable[[FieldSpec, Access], Any]) -> dict[str, Any]:
    plain = {name: of(spec, access) for name, spec in specs.items() if not spec.code}
    own = {spec.code: of(spec, access) for spec in specs.values() if spec.code}
    return {**plain, CUSTOM: own} if access.rtype.takes_fields else plain


def _given(spec: FieldSpec, access: Access) -> Any:
    kind = spec.kind.name
    if kind == "masked":
        return f"{DOTS}89"
    if spec.rows:
        return [{sub.name: _given(sub, access) for sub in spec.rows}]
    if kind == "money":
        return {"amount": "1200.0000", "currency": access.actor.format.currency}
    if kind in ("choice", "choices"):
        return spec.choices[0][0] if kind == "choice" else [spec.choices[0][0]]
    if kind in ("choice_list", "own_default"):
        return [] if kind == "choice_list" else None
    if kind == "about":
        return {"type": access.rtype.parent_types()[0].slug, **REFERENCE}
    if kind == "relations":
        return [REFERENCE]
    if kind == "tags":
        return [{"id": EXAMPLE_ID, "label": "VIP", "color": "blue"}]
    return REFERENCE if spec.kind.is_reference else VALUES.get(kind)


def _taken(spec: FieldSpec, access: Access) -> Any:
    kind = spec.kind.name
    if kind == "money":
        return "1200.00"
    if kind == "about":
        return {"type": access.rtype.parent_types()[0].slug, "id": EXAMPLE_ID}
    if spec.kind.is_reference:
        return [EXAMPLE_ID] if spec.kind.is_list else EXAMPLE_ID
    return _given(spec, access)
