"""Merging and taking apart, in OpenAPI."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kernel.api import conflicts
from kernel.api.openapi.common import EXAMPLE_ID, ID, errors, json_of, object_of, parameter
from kernel.records.merge import MOST

BODY = object_of(
    {
        "others": {"type": "array", "items": ID, "minItems": 1, "maxItems": MOST - 1},
        "values": {"type": "object", "additionalProperties": ID},
    },
    ["others"],
    additionalProperties=False,
)
EXAMPLE = {"others": [EXAMPLE_ID], "values": {"owner": EXAMPLE_ID}}


def merge_operation(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": _("Make one record of several"),
        "parameters": [parameter("idempotency_key")],
        "requestBody": {"required": True, "content": json_of(BODY, EXAMPLE)},
        "responses": {"200": answer, **errors(404, 409, 413, 415)},
    }


def unmerge_operation() -> dict[str, Any]:
    told = object_of({"conflicts": conflicts.SCHEMA})
    return {
        "summary": _("Take the last merging into it apart"),
        "parameters": [parameter("idempotency_key")],
        "requestBody": {"required": False, "content": json_of(object_of({}, [], additionalProperties=False))},
        "responses": {
            "200": {"description": _("What was changed since, and stays"), "content": json_of(told)},
            **errors(404, 409, 413, 415),
        },
    }
