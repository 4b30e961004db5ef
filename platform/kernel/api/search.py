"""GET /api/v1/search?q=&types=deals,contacts&limit=20: records of every type, the nearest first."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.api.bodies import read_whole
from kernel.api.endpoint import Endpoint, reply
from kernel.api.openapi.common import ID, LIMIT, errors, json_of, object_of
from kernel.api.problems import Problem
from kernel.search.finding import Hit, search, searched_types

USUAL, MOST = 20, 50


class Search(Endpoint):
    def get(self, request: Any) -> HttpResponse:
        params = request.GET
        limit = read_whole(params, "limit", USUAL, MOST)
        found = search(self.actor, params.get("q", ""), types=_types(self.actor, params.get("types", "")), each=limit)
        return reply({"results": [_json(hit) for hit in found.hits[:limit]], "next": None, "count": None})


def _types(actor: Actor, text: str) -> set[str] | None:
    asked = {slug.strip() for slug in text.split(",") if slug.strip()}
    known = {rtype.slug for rtype in searched_types(actor)}
    if asked - known:
        message = _("Choose one of: %(allowed)s.") % {"allowed": ", ".join(sorted(known))}
        raise Problem(400, errors=[{"field": "types", "code": "choice", "message": message}])
    return asked or None


def _json(hit: Hit) -> dict[str, Any]:
    return {
        "type": hit.rtype.slug,
        "id": str(hit.pk),
        "label": hit.label,
        "facts": hit.facts,
        "found_in": {"field": hit.spec.name, "text": hit.text} if hit.spec else None,
        "similar": hit.is_similar,
    }


def openapi(actor: Actor) -> dict[str, Any]:
    """What this caller may search."""
    text = {"type": "string"}
    slugs = [rtype.slug for rtype in searched_types(actor)]
    place = object_of({"field": text, "text": text})
    result = object_of(
        {
            "type": {"enum": slugs},
            "id": ID,
            "label": text,
            "facts": {"type": "array", "items": text},
            "found_in": {
                "anyOf": [place, {"type": "null"}],
                "description": _("Where the words stand, if not in the label."),
            },
            "similar": {"type": "boolean", "description": _("Found with another spelling than was asked for.")},
        }
    )
    page = object_of(
        {"results": {"type": "array", "items": result}, "next": {"type": "null"}, "count": {"type": "null"}}
    )
    limit = {**LIMIT, "maximum": MOST, "default": USUAL}
    parameters = [
        _query("q", text, _("Words, a piece of a telephone number or of an address.")),
        _query("types", text, _("Only these types, separated by commas."), example=",".join(slugs[:2])),
        _query("limit", limit, _("Results, of all types together.")),
    ]
    return {
        "/search": {
            "get": {
                "operationId": "search",
                "summary": _("Records of every type, the nearest first"),
                "parameters": parameters,
                "responses": {"200": {"description": _("A page"), "content": json_of(page)}, **errors()},
            }
        }
    }


def _query(name: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description, **more}
