"""Choosing what a list shows: its columns and their order, and what its rows are gathered under."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access
from kernel.records.aggregate import GRAINS
from kernel.records.find import find
from kernel.records.questions import can_group
from kernel.records.specs import FieldSpec
from kernel.ui.fields import Field
from kernel.web import lists
from kernel.web.controls import label_of
from kernel.web.pages import go, list_crumb, page
from kernel.web.reach import access_to, list_url

MOST = 20


@dataclass(frozen=True)
class Choice:
    name: str
    label: str
    is_chosen: bool


@require_safe
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows the choices; with `apply`, goes on to the list that they mean."""
    access = access_to(request, slug)
    query = request.GET.copy()
    for name in ("column", "apply", "cursor", "before", "groups"):
        query.pop(name, None)
    if "apply" in request.GET:
        return go(request, _applied(request, access, query))
    try:
        shown = [column.name for column in lists.columns_of(access, find(access, query))]
    except ValidationError:
        shown = [column.name for column in lists.columns_of(access, find(access, {}))]
    fields = [spec for spec in access.shown().values() if may_show(spec) and spec.name != access.rtype.label_field]
    place = {name: i for i, name in enumerate(shown)}
    fields.sort(key=lambda spec: place.get(spec.name, len(place)))
    kept = [(k, v) for k, values in query.lists() for v in values if k not in ("columns", "group") and v]
    context = {
        "heading": _("Columns and groups"), "rtype": access.rtype, "url": f"{list_url(slug)}/columns", "kept": kept,
        "choices": [Choice(spec.name, label_of(spec), spec.name in place) for spec in fields],
        "group": Field(
            "group", _("Group by"), "select", query.get("group", ""), empty=_("No groups"), options=_groups(access),
        ),
        "crumbs": [list_crumb(access.rtype)], "cancel": f"{list_url(slug)}?{query.urlencode()}",
    }  # fmt: skip
    template = "web/_columns.html" if request.headers.get("HX-Request") else "web/columns.html"
    return page(request, template, context)


def may_show(spec: FieldSpec) -> bool:
    return not spec.rows and spec.kind.name not in ("long_text", "rules")


def _groups(access: Access) -> list[tuple[str, str]]:
    told = []
    grains = {"week": _("week"), "month": _("month"), "season": _("season"), "year": _("year")}
    for spec in access.readable().values():
        if not can_group(spec) or spec.is_label:
            continue
        if spec.kind.name in ("date", "datetime"):
            told += [(f"{spec.name}:{g}", f"{label_of(spec)} · {grains[g]}") for g in GRAINS if g in grains]
        else:
            told.append((spec.name, label_of(spec)))
    return told


def _applied(request: HttpRequest, access: Access, query: QueryDict) -> str:
    """The address with what was chosen; the columns that the list would show anyway are not spelled out."""
    known = access.shown()
    names = [name for name in dict.fromkeys(request.GET.getlist("column")) if name in known][:MOST]
    query.pop("columns", None)
    if not query.get("group"):
        query.pop("group", None)
    try:
        usual = [column.name for column in lists.columns_of(access, find(access, query))][1:]
    except ValidationError:
        usual = []
    if names != usual:
        query["columns"] = ",".join([access.rtype.label_field, *names])
    if "base" not in query and not any(value for key, value in query.items()):
        return f"{list_url(access.rtype.slug)}?view=all"
    return f"{list_url(access.rtype.slug)}?{query.urlencode()}"
