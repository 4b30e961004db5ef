"""Believable values for the examples in the document."""

from __future__ import annotations

from typing import Any

from kernel.access.actor import Access
from kernel.api.openapi.common import EXAMPLE_ID
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
    fields = {name: _given(spec, access) for name, spec in access.readable().items()}
    return {"id": EXAMPLE_ID, "version": 1, **fields}


def input_example(access: Access) -> dict[str, Any]:
    """What must be sent, and the plain fields among the list's columns."""
    return {
        name: _taken(spec, access)
        for name, spec in access.editable().items()
        if spec.required or (spec.kind.name in SIMPLE and name in access.rtype.columns)
    }


def _given(spec: FieldSpec, access: Access) -> Any:
    kind = spec.kind.name
    if spec.rows:
        return [{sub.name: _given(sub, access) for sub in spec.rows}]
    if kind == "money":
        return {"amount": "1200.0000", "currency": access.actor.format.currency}
    if kind == "choice":
        return spec.choices[0][0]
    if kind == "about":
        return {"type": access.rtype.parent_types()[0].slug, **REFERENCE}
    if kind == "relations":
        return [REFERENCE]
    return REFERENCE if spec.kind.is_reference else VALUES.get(kind)


def _taken(spec: FieldSpec, access: Access) -> Any:
    kind = spec.kind.name
    if kind == "money":
        return "1200.00"
    if kind == "about":
        return {"type": access.rtype.parent_types()[0].slug, "id": EXAMPLE_ID}
    if spec.kind.is_reference:
        return [EXAMPLE_ID] if kind == "relations" else EXAMPLE_ID
    return _given(spec, access)
