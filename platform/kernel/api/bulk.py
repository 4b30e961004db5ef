"""POST /api/v1/TYPE/bulk: one change to every record of a selection, as a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.api.endpoint import Endpoint, rtype_of
from kernel.api.resources import run_resources
from kernel.api.runs import RunEndpoint
from kernel.api.shapes import take_asked, take_values
from kernel.records.selection import Selection
from kernel.runs.models import Run
from kernel.transfer import bulk
from kernel.transfer.wishes import Wish, verb_of

ABOUT = {"query", "ids", "except"}
WISHES = {"set", "tags", "verb", "delete"}


class Bulk(RunEndpoint):
    def post(self, request: Any, slug: str) -> HttpResponseBase:
        self.resource = run_resources[bulk.KIND]
        return self.answer(begin(self, slug, self.body()), 202)


def begin(endpoint: Endpoint, slug: str, body: dict[str, Any]) -> Run:
    access = endpoint.actor.access(rtype_of(slug))
    access.actor.check_system("bulk")
    unknown = sorted(set(body) - ABOUT - WISHES)
    if unknown:
        raise ValidationError({unknown[0]: ValidationError(_("There is no such field."), code="unknown")})
    selection = Selection.read({name: value for name, value in body.items() if name in ABOUT})
    selection.found(access)
    return bulk.begin(endpoint.actor, slug, selection, read_wish(access, body))


def start(endpoint: Endpoint) -> Run:
    """The same with the type in the body: POST /api/v1/bulk."""
    body = endpoint.body()
    return begin(endpoint, str(body.pop("type", "")), body)


def read_wish(access: Access, raw: Mapping[str, Any]) -> Wish:
    given, tags = raw.get("set") or {}, raw.get("tags") or {}
    asked = [bool(raw.get("delete")), bool(raw.get("verb")), bool(tags)]
    is_whole = isinstance(given, dict) and isinstance(tags, dict) and set(tags) <= {"add", "remove"}
    if not is_whole or sum(asked) > 1 or (given and raw.get("delete")) or raw.get("delete") not in (None, True, False):
        problem = _('Send {"set": {field: value}}, {"tags": {"add": […], "remove": […]}}, "verb" or "delete".')
        raise ValidationError({"set": ValidationError(problem, code="type")})
    if raw.get("delete"):
        return Wish(is_delete=True).checked(access)
    if raw.get("verb"):
        verb = verb_of(access, raw["verb"])
        values = take_asked(access, given, verb)
        return Wish(values, verb=verb.name).checked(access)
    spec = access.readable().get("tags")
    if tags and spec is None:
        raise ValidationError({"tags": ValidationError(_("There is no such field."), code="unknown")})
    add, remove = (tuple(spec.take(tags.get(name), access)) if spec else () for name in ("add", "remove"))
    return Wish(take_values(access, given), add, remove).checked(access)


_SELECTION = {
    "query": {"type": "object", "description": "A list's filters and q"},
    "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": 2000},
    "except": {"type": "array", "items": {"type": "string", "format": "uuid"}, "description": "Left out of “query”"},
}
_TAGS = {"type": "array", "items": {"type": "string", "description": "An id, or a tag's name"}}
REQUEST: dict[str, Any] = {
    "type": "object",
    "properties": {
        **_SELECTION,
        "set": {"type": "object", "description": "Fields and their values; with “verb” what it asks for"},
        "tags": {"type": "object", "properties": {"add": _TAGS, "remove": _TAGS}, "additionalProperties": False},
        "verb": {"type": "string"},
        "delete": {"type": "boolean"},
    },
    "additionalProperties": False,
}
EXAMPLE = {"query": {"status": "open"}, "set": {"owner": None}}
