"""Sharing one record, in OpenAPI."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kernel.access.models import Share
from kernel.api.openapi.common import EXAMPLE_ID, ID, errors, json_of, object_of, parameter

MOMENT = {"type": ["string", "null"], "format": "date-time"}
LEVEL = {"enum": Share.Level.values}
MAYBE_ID = {"type": ["string", "null"], "format": "uuid"}
BODY = object_of(
    {"member": MAYBE_ID, "team": MAYBE_ID, "level": {**LEVEL, "default": "view"}, "until": MOMENT}, [],
    additionalProperties=False,
)  # fmt: skip
REFERENCE = {"anyOf": [{"$ref": "#/components/schemas/Reference"}, {"type": "null"}]}
SHARE = object_of({"id": ID, "member": REFERENCE, "team": REFERENCE, "level": LEVEL, "until": MOMENT})
EXAMPLE = {"member": EXAMPLE_ID, "level": "view", "until": "2026-11-21T09:30:00Z"}


def list_operation() -> dict[str, Any]:
    page = object_of(
        {"results": {"type": "array", "items": SHARE}, "next": {"type": "null"}, "count": {"type": "integer"}}
    )
    return {
        "summary": _("With whom it is shared"),
        "responses": {"200": {"description": _("Shares"), "content": json_of(page)}, **errors(404)},
    }


def share_operation() -> dict[str, Any]:
    return {
        "summary": _("Share it with a person or a team"),
        "parameters": [parameter("idempotency_key")],
        "requestBody": {"required": True, "content": json_of(BODY, EXAMPLE)},
        "responses": {"201": {"description": _("Shared."), "content": json_of(SHARE)}, **errors(404, 409, 413, 415)},
    }


def unshare_operation() -> dict[str, Any]:
    return {
        "summary": _("Stop sharing it"),
        "responses": {"204": {"description": _("Not shared any more.")}, **errors(404)},
    }
