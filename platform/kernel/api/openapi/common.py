"""What every operation refers to: money, references, problems, parameters, who may call."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.api.problems import TITLES, TYPE

ID = {"type": "string", "format": "uuid"}
EXAMPLE_ID = "0192f3c4-5b6a-7c8d-9e0f-1a2b3c4d5e6f"
DECIMAL = r"^-?\d{1,20}(\.\d{1,4})?$"
LIMIT = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
HEADERS: dict[str, Any] = {
    "ETag": {"schema": {"type": "string"}, "example": '"3"'},
    "Location": {"schema": {"type": "string"}, "example": f"/api/v1/deals/{EXAMPLE_ID}"},
}


def object_of(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> dict[str, Any]:
    required = list(properties) if required is None else required
    return {"type": "object", "properties": properties, **({"required": required} if required else {}), **more}


def schemas(actor: Actor) -> dict[str, Any]:
    currency = actor.format.currency
    text, entry = {"type": "string"}, {"type": ["string", "null"]}
    error = object_of(
        {"field": entry, "code": text, "message": text, "operation": {"type": "integer"}, "current": {}},
        ["field", "code", "message"],
    )
    problem = {"type": text, "title": text, "status": {"type": "integer"}, "detail": text}
    return {
        "Money": object_of(
            {"amount": {"type": "string", "pattern": DECIMAL}, "currency": {"type": "string", "const": currency}},
            additionalProperties=False,
            example={"amount": "1200.0000", "currency": currency},
        ),
        "Reference": object_of({"id": ID, "label": text}, example={"id": EXAMPLE_ID, "label": "Acme"}),
        "Tag": object_of(
            {"id": ID, "label": text, "color": text}, example={"id": EXAMPLE_ID, "label": "VIP", "color": "blue"}
        ),
        "About": object_of(
            {"type": text, "id": ID, "label": text}, example={"type": "deals", "id": EXAMPLE_ID, "label": "Roof"}
        ),
        "Problem": object_of(
            {**problem, "errors": {"type": "array", "items": error}, **_alike(text)}, [*problem, "errors"]
        ),
        "Event": object_of(
            {
                "id": ID,
                "name": text,
                "at": {"type": "string", "format": "date-time"},
                "sentence": text,
                "member": {"anyOf": [{"$ref": "#/components/schemas/Reference"}, {"type": "null"}]},
                "via": text,
                "record": object_of({"type": text, "id": ID}),
                "changes": {
                    "type": "object",
                    "description": _("Each field that changed, with its value before and after."),
                    "additionalProperties": {"type": "array", "minItems": 2, "maxItems": 2},
                },
                "change_set": ID,
            }
        ),
        "Figures": object_of(
            {
                "measures": {"type": "array", "items": text},
                "group": entry,
                "results": {
                    "type": "array",
                    "items": object_of(
                        {"key": entry, "label": text, "figures": {"type": "object"}, "filters": {"type": "object"}}
                    ),
                },
                "totals": {"type": ["object", "null"]},
            }
        ),
        "Run": object_of(
            {
                "id": ID,
                "status": {"enum": ["queued", "running", "waiting", "done", "failed", "cancelled"]},
                "progress": {"type": "number", "minimum": 0, "maximum": 1},
                "counts": {"type": "object"},
                "error": entry,
                "status_url": text,
                "problems_url": entry,
                "result_url": entry,
            }
        ),
    }


def _alike(text: dict[str, Any]) -> dict[str, Any]:
    """What a refusal to make a second one of the same adds."""
    candidate = object_of({"id": ID, "label": text, "why": {"type": "array", "items": text}})
    return {"candidates": {"type": "array", "items": candidate}, "may_insist": {"type": "boolean"}}


def responses() -> dict[str, Any]:
    """One for each status: "400" is named Invalid, and so on."""
    return {str(status): _problem_response(status, name, str(title)) for status, (name, title) in TITLES.items()}


def _problem_response(status: int, name: str, title: str) -> dict[str, Any]:
    example = {"type": TYPE + name, "title": title, "status": status, "detail": title, "errors": []}
    media = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}
    headers: dict[str, Any] = {}
    if status == 429:
        headers = {"Retry-After": {"schema": {"type": "integer"}, "description": _("Seconds to wait.")}}
    if status == 401:
        headers = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return {
        "description": title,
        "content": {"application/problem+json": media},
        **({"headers": headers} if headers else {}),
    }


def errors(*statuses: int) -> dict[str, Any]:
    """The problems that an operation may answer with, beside those that any may."""
    every = sorted({400, 401, 403, 429, 500, 503, *statuses})
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in every}


def parameters() -> dict[str, Any]:
    return {
        "limit": _query("limit", LIMIT, _("Rows in a page.")),
        "cursor": _query("cursor", {"type": "string"}, _("“next” of the page before.")),
        "q": _query("q", {"type": "string"}, _("Words that must all occur; spelling variants count as one.")),
        "fields": _query("fields", {"type": "string"}, _("Only these fields, separated by commas.")),
        "count": _query("count", {"type": "boolean", "default": True}, _("Whether to count all the rows found.")),
        "if_match": {
            "name": "If-Match",
            "in": "header",
            "schema": {"type": "string"},
            "description": _("The ETag that was read: another version is refused with 412."),
            "example": '"3"',
        },
        "duplicates": _query(
            "duplicates",
            {"enum": ["ask", "allow"], "default": "ask"},
            _("Where the workspace warns of records like one that exists: “allow” makes it all the same."),
        ),
        "idempotency_key": {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "maxLength": 255},
            "description": _("The same key within 24 hours gets the first answer again, without a second effect."),
        },
    }


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def parameter(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/parameters/{name}"}


def path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": ID, "example": EXAMPLE_ID}


def security_schemes() -> dict[str, Any]:
    return {
        "key": {"type": "http", "scheme": "bearer", "description": _("An API key of a member.")},
        "session": {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
    }


def json_of(schema: dict[str, Any], example: Any = None) -> dict[str, Any]:
    return {"application/json": {"schema": schema, **({} if example is None else {"example": example})}}


def paths() -> dict[str, Any]:
    me = {
        "operationId": "get_me",
        "summary": _("Who I am here, and what I may do"),
        "responses": {"200": {"description": _("Me"), "content": json_of({"type": "object"})}, **errors()},
    }
    schema = {
        "operationId": "get_schema",
        "summary": _("This document"),
        "responses": {"200": {"description": "OpenAPI 3.1", "content": json_of({"type": "object"})}, **errors()},
    }
    return {"/me": {"get": me}, "/schema": {"get": schema}}
