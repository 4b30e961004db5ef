"""/api/v1/views: the lists that have a name. A list itself is asked for with `?view=` and a view's id."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.api.endpoint import Endpoint, empty, reply
from kernel.api.openapi.common import errors
from kernel.api.problems import Problem
from kernel.api.resources import add_path
from kernel.records.kinds.relations import read_id
from kernel.records.models import SavedView
from kernel.records.questions import usable
from kernel.records.types import registry
from kernel.records.views import ICONS, View, Views

AUDIENCES = list(SavedView.Audience.values)
TEXTS = {"name": 60, "icon": 40, "audience": 8}


class ViewEndpoint(Endpoint):
    def views_of(self, slug: Any) -> Views:
        """The views of one type that the caller may see records of."""
        rtype = registry.get(slug) if isinstance(slug, str) else None
        if rtype is None or not self.actor.access(rtype).may("view"):
            raise ValidationError({"type": ValidationError(_("There is no such type."), code="unknown")})
        return Views(self.actor.access(rtype))

    def found(self, key: str) -> tuple[Views, View]:
        """The view at this address; of one that comes with a type it is TYPE:CODE."""
        slug, _sep, code = key.partition(":")
        if pk := read_id(key):
            slug, code = SavedView.objects.filter(pk=pk).values_list("record_type", flat=True).first() or "", key
        rtype = registry.get(slug)
        if rtype is not None and self.actor.access(rtype).may("view"):
            views = Views(self.actor.access(rtype))
            if view := views.get(code):
                return views, view
        raise Problem(404, _("There is no such view, or it is not yours."))


class ViewList(ViewEndpoint):
    def get(self, request: Any) -> HttpResponse:
        views = self.views_of(request.GET.get("type"))
        results = [view_json(views, view) for view in views.all]
        return reply({"results": results, "next": None, "count": len(results)})

    def post(self, request: Any) -> HttpResponse:
        body = self.body()
        views = self.views_of(body.pop("type", None))
        values = taken(body)
        if not values.get("name"):
            raise ValidationError({"name": ValidationError(_("Give the view a name."), code="required")})
        row = views.save(**{"params": {}, **values})
        view = View(str(row.pk), row.name, row.params, row)
        return reply(view_json(views, view), 201, Location=f"/api/v1/views/{row.pk}")


class ViewDetail(ViewEndpoint):
    def get(self, request: Any, view: str) -> HttpResponse:
        return reply(view_json(*self.found(view)))

    def patch(self, request: Any, view: str) -> HttpResponse:
        views, found = self.found(view)
        body = self.body()
        marks = {name: body.pop(name) for name in ("is_favourite", "is_default") if name in body}
        for name, value in marks.items():
            if not isinstance(value, bool):
                raise ValidationError({name: ValidationError(_("Send true or false."), code="boolean")})
        values = taken(body)
        if values:
            views.change(found, values)
        if marks:
            views.mark(found, **marks)
        return reply(view_json(*self.found(view)))

    def delete(self, request: Any, view: str) -> HttpResponse:
        views, found = self.found(view)
        views.delete(found)
        return empty()


def taken(body: dict[str, Any]) -> dict[str, Any]:
    """What a caller may set. Raises ValidationError keyed by field."""
    problems: dict[str, Any] = {}
    for name, value in body.items():
        if name not in (*TEXTS, "params"):
            problems[name] = ValidationError(_("There is no such field."), code="unknown")
        elif name in TEXTS and (not isinstance(value, str) or "\x00" in value):
            problems[name] = ValidationError(_("Send this as a string."), code="type")
        elif name in TEXTS and len(value.strip()) > TEXTS[name]:
            problem = _("This is too long: use at most %(limit)s characters.") % {"limit": TEXTS[name]}
            problems[name] = ValidationError(problem, code="max_length")
        elif name == "name" and not value.strip():
            problems[name] = ValidationError(_("Give the view a name."), code="required")
        elif name == "audience" and value not in AUDIENCES:
            problem = _("Choose one of: %(allowed)s.") % {"allowed": ", ".join(AUDIENCES)}
            problems[name] = ValidationError(problem, code="choice")
    if problems:
        raise ValidationError(problems)
    return body


def view_json(views: Views, view: View) -> dict[str, Any]:
    """What the caller may know of it: of the question only what they could ask themselves."""
    params, is_whole = usable(views.access, view.params)
    saved = view.saved
    return {
        "id": str(saved.pk) if saved else f"{views.slug}:{view.key}",
        "key": view.key,
        "type": views.slug,
        "name": view.name,
        "icon": saved.icon if saved else "",
        "params": params,
        "is_whole": is_whole,
        "audience": saved.audience if saved else "everyone",
        "owner": {"id": str(saved.owner_id), "label": saved.owner.label} if saved else None,
        "is_built_in": saved is None,
        "is_favourite": view.is_favourite,
        "is_default": view.is_default,
        "may_change": views.may_change(view),
    }


TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
INPUT = {
    "name": {"type": "string", "maxLength": 60},
    "icon": {"type": "string", "enum": ["", *ICONS]},
    "audience": {"type": "string", "enum": AUDIENCES},
    "params": {"type": "object", "additionalProperties": True},
}
PARAMS_EXAMPLE = {"status": "open", "expected_close_on": "this_season", "sort": "-amount"}
EXAMPLE = {"name": "Closing this season", "audience": "team", "params": PARAMS_EXAMPLE}
SHOWN = {
    "type": "object",
    "properties": {
        "id": TEXT, "key": TEXT, "type": TEXT, **INPUT, "is_whole": FLAG, "is_built_in": FLAG, "is_favourite": FLAG,
        "is_default": FLAG, "may_change": FLAG,
        "owner": {"anyOf": [{"$ref": "#/components/schemas/Reference"}, {"type": "null"}]},
    },
}  # fmt: skip


def _answer(schema: Any, description: Any, status: str = "200") -> dict[str, Any]:
    return {status: {"description": description, "content": {"application/json": {"schema": schema}}}}


def _body(properties: Any, required: list[str], example: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


ID = [{"name": "view", "in": "path", "required": True, "schema": TEXT, "example": "deals:open"}]
TYPE = [{"name": "type", "in": "query", "required": True, "schema": TEXT, "example": "deals"}]
PAGE = {"type": "object", "properties": {"results": {"type": "array", "items": SHOWN}}}

add_path(
    "views",
    ViewList,
    openapi={
        "get": {
            "operationId": "list_views", "summary": gettext_lazy("The views of a type"), "parameters": TYPE,
            "responses": {**_answer(PAGE, gettext_lazy("Views")), **errors()},
        },
        "post": {
            "operationId": "create_view", "summary": gettext_lazy("Save a view"),
            "requestBody": _body({"type": TEXT, **INPUT}, ["type", "name"], {"type": "deals", **EXAMPLE}),
            "responses": {**_answer(SHOWN, gettext_lazy("The view"), "201"), **errors()},
        },
    },
)  # fmt: skip
add_path(
    "views/{view}",
    ViewDetail,
    openapi={
        "get": {
            "operationId": "get_view", "summary": gettext_lazy("A view"), "parameters": ID,
            "responses": {**_answer(SHOWN, gettext_lazy("The view")), **errors(404)},
        },
        "patch": {
            "operationId": "update_view", "summary": gettext_lazy("Change a view"), "parameters": ID,
            "requestBody": _body({**INPUT, "is_favourite": FLAG, "is_default": FLAG}, [], {"is_favourite": True}),
            "responses": {**_answer(SHOWN, gettext_lazy("The view")), **errors(404)},
        },
        "delete": {
            "operationId": "delete_view", "summary": gettext_lazy("Delete a view"), "parameters": ID,
            "responses": {"204": {"description": gettext_lazy("Deleted")}, **errors(404)},
        },
    },
)  # fmt: skip
