"""Making, naming, sharing, ordering and deleting the views of a list."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kernel.access.models import Role
from kernel.records.find import find
from kernel.records.kinds.relations import read_id
from kernel.records.models import SavedView
from kernel.records.questions import asked, usable
from kernel.records.views import ICONS, View, Views, may_set_up
from kernel.ui.fields import Field, Option
from kernel.ui.templatetags.ui import icon
from kernel.web.opened import view_url
from kernel.web.pages import go, list_crumb, page
from kernel.web.reach import access_to, list_url

COUNTED = 999


def _views(request: HttpRequest, slug: str) -> Views:
    return Views(access_to(request, slug))


def _view(views: Views, key: str) -> View:
    view = views.get(key)
    if view is None:
        raise Http404
    return view


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Save what the address asks under a name."""
    views = _views(request, slug)
    posted = request.POST
    question = QueryDict(posted.get("query", "") if request.method == "POST" else request.META["QUERY_STRING"])
    errors: dict[str, Any] = {}
    if request.method == "POST":
        try:
            row = views.save(params=question, **_named(posted))
            view = View(str(row.pk), row.name, row.params, row)
            if posted.get("is_favourite") == "true":
                views.mark(view, is_favourite=True)
            return go(request, view_url(slug, view), _("View saved."))
        except ValidationError as error:
            errors = _messages(error)
    begun = views.get(question.get("base", ""))
    values = {
        "name": posted.get("name", ""),
        "icon": posted.get("icon", ""),
        "audience": posted.get("audience", "me"),
        "is_favourite": False,
    }
    if begun and begun.saved and request.method == "GET":
        values["audience"] = begun.saved.audience
    context = {
        "heading": _("Save as a view"), "url": f"{list_url(slug)}/views/new", "submit": _("Save the view"),
        "fields": _fields(values, errors), "general": errors.get("", []), "crumbs": [list_crumb(views.access.rtype)],
        "hidden": [("query", question.urlencode())], "cancel": list_url(slug),
    }  # fmt: skip
    return _ask(request, "ask", context, errors)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """A view's name and readers, and what this member makes of it."""
    views = _views(request, slug)
    view = _view(views, key)
    posted, errors = request.POST, {}
    if request.method == "POST":
        try:
            if views.may_change(view):
                views.change(view, _named(posted))
            marks = {name: posted.get(name) == "true" for name in ("is_favourite", "is_default")}
            if marks != {"is_favourite": view.is_favourite, "is_default": view.is_default}:
                views.mark(view, **marks)
            if may_set_up(views.access):
                views.open_for_roles(view, Role.objects.alive().filter(pk__in=_ids(posted.getlist("roles"))))
            return go(request, view_url(slug, view), _("View saved."))
        except ValidationError as error:
            errors = _messages(error)
    values = posted if errors else {
        "name": view.name, "icon": view.saved.icon if view.saved else "",
        "audience": view.saved.audience if view.saved else "", "is_favourite": view.is_favourite,
        "is_default": view.is_default,
    }  # fmt: skip
    fields = _fields(values, errors, may_change=views.may_change(view))
    is_default = str(values.get("is_default", "")).lower() == "true"
    fields.append(Field("is_default", _("Open this list with it"), "checkbox", is_default))
    if may_set_up(views.access):
        roles = [(role.pk, role.label) for role in Role.objects.alive().order_by("label_key")]
        held = {str(pk) for pk in views.roles_of(view)}
        fields.append(
            Field(
                "roles",
                _("Opens the list for whoever is"),
                "checks",
                held,
                options=roles,
                errors=errors.get("roles", ()),
            )
        )
    at = [each.key for each in views.all].index(view.key)
    context = {
        "heading": view.name, "url": f"{list_url(slug)}/views/{view.key}", "submit": _("Save"), "fields": fields,
        "general": errors.get("", []), "crumbs": [list_crumb(views.access.rtype)], "cancel": view_url(slug, view),
        "may_delete": views.may_change(view), "may_earlier": at > 0, "may_later": at < len(views.all) - 1,
        "rtype": views.access.rtype,
    }  # fmt: skip
    return _ask(request, "view", context, errors)


@require_POST
def update(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """The view asks from now on what its page asked."""
    views = _views(request, slug)
    view = _view(views, key)
    try:
        views.change(view, {"params": asked(QueryDict(request.POST.get("query", "")))})
    except ValidationError as error:
        return go(request, view_url(slug, view), " ".join(error.messages), tone="bad")
    return go(request, view_url(slug, view), _("View saved."))


@require_POST
def shift(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """One place earlier or later among the tabs."""
    views = _views(request, slug)
    view = _view(views, key)
    keys = [each.key for each in views.all]
    at = keys.index(view.key)
    to = max(0, min(len(keys) - 1, at + (1 if request.POST.get("to") == "later" else -1)))
    keys.insert(to, keys.pop(at))
    views.put_in_order(keys)
    return go(request, view_url(slug, view))


@require_POST
def order(request: HttpRequest, slug: str) -> HttpResponse:
    """The tabs as they were put in order by hand."""
    _views(request, slug).put_in_order(request.POST.get("ids", "").split(","))
    return HttpResponse(status=204)


@require_POST
def delete(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    views = _views(request, slug)
    row = views.delete(_view(views, key))
    text = _("The view “%(name)s” was deleted.") % {"name": row.name}
    return go(request, list_url(slug), text, undo=f"{list_url(slug)}/views/{row.pk}/restore")


@require_POST
def restore(request: HttpRequest, slug: str, key: UUID) -> HttpResponse:
    row = _views(request, slug).restore(key)
    if row is None:
        raise Http404
    return go(request, f"{list_url(slug)}?view={row.pk}")


@require_safe
def counts(request: HttpRequest, slug: str) -> HttpResponse:
    """How many records each tab holds, once the page is there. Above a bound it is not told exactly."""
    views = _views(request, slug)
    fmt = views.actor.format
    told = []
    for view in views.all:
        try:
            count = find(views.access, usable(views.access, view.params)[0]).count(COUNTED)
        except ValidationError:
            continue
        told.append((view.key, fmt.number(COUNTED) + "+" if count is None else fmt.number(count)))
    return page(request, "web/_view_counts.html", {"counts": told})


def _fields(values: Any, errors: dict[str, Any], *, may_change: bool = True) -> list[Field]:
    fields = []
    if may_change:
        fields = [
            Field(
                "name", _("Name"), "text", values.get("name", ""), required=True, maxlength=60, autofocus=True,
                errors=errors.get("name", ()),
            ),
            Field("icon", _("Icon"), "radio", values.get("icon", ""), options=_icons(), errors=errors.get("icon", ())),
            Field(
                "audience", _("Who sees it"), "radio", values.get("audience") or "me",
                options=SavedView.Audience.choices, errors=errors.get("audience", ()),
                help=_("Everyone finds only what they may see, whoever made the view."),
            ),
        ]  # fmt: skip
    is_favourite = str(values.get("is_favourite", "")).lower() == "true"
    return [*fields, Field("is_favourite", _("Show in the sidebar"), "checkbox", is_favourite)]


def _icons() -> list[Option]:
    words = {
        "star": _("Star"), "flag": _("Flag"), "target": _("Target"), "trophy": _("Trophy"), "clock": _("Clock"),
        "calendar": _("Calendar"), "coin": _("Coin"), "users": _("People"), "building": _("Building"),
        "phone": _("Phone"),
    }  # fmt: skip
    return [Option("", _("None")), *(Option(name, icon(name, label=words[name])) for name in ICONS)]


def _named(posted: Any) -> dict[str, str]:
    name = posted.get("name", "").replace("\x00", "").strip()
    if not name:
        raise ValidationError({"name": ValidationError(_("Give the view a name."), code="required")})
    audience = posted.get("audience", "me")
    return {
        "name": name,
        "icon": posted.get("icon", ""),
        "audience": audience if audience in SavedView.Audience.values else "me",
    }


def _ids(texts: list[str]) -> list[UUID]:
    return [pk for text in texts if (pk := read_id(text))]


def _messages(error: ValidationError) -> dict[str, Any]:
    """By field of the form; what concerns another stands above it."""
    told = error.message_dict
    known: dict[str, Any] = {name: told.pop(name) for name in ("name", "icon", "audience", "roles") if name in told}
    return {**known, "": [message for messages in told.values() for message in messages]}


def _ask(request: HttpRequest, name: str, context: dict[str, Any], errors: Any) -> HttpResponse:
    template = f"web/_{name}.html" if request.headers.get("HX-Request") else f"web/{name}.html"
    return page(request, template, context, 422 if errors else 200)
