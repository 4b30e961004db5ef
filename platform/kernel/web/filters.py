"""The panel in which filters are chosen: a fitting control for each field, and a clean address from what was chosen."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access
from kernel.lib.errors import ParseError
from kernel.records.filters import lookups_of
from kernel.records.find import NOT_FILTERS
from kernel.records.kinds.relations import MY_TEAM, Relation, read_id
from kernel.records.show import Labels
from kernel.records.specs import FieldSpec
from kernel.ui.fields import Field
from kernel.web.controls import few_records, label_of, typed_in
from kernel.web.pages import go, list_crumb, page
from kernel.web.posted import typed
from kernel.web.reach import access_to, list_url

# What narrowing a list leaves as it is; nested conditions are changed in the builder.
KEPT = ("q", "sort", "view", "base", "columns", "group", "layout", "filter")


@dataclass
class Group:
    """One field's controls. Open where it is in use, or where the type names it as a usual filter."""

    spec: FieldSpec
    label: str
    fields: list[Field] = field(default_factory=list)
    is_open: bool = False


@require_safe
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows the controls; with `apply`, goes on to the list that they mean."""
    access = access_to(request, slug)
    errors: dict[str, list[str]] = {}
    if "apply" in request.GET:
        query, errors = _applied(request, access)
        if not errors:
            return go(request, list_url(slug) + (f"?{query.urlencode()}" if query else ""))
    keep = [(k, v) for k, vs in request.GET.lists() for v in vs if k in KEPT and v]
    groups = [group for spec in _fields(access) if (group := _group(request, access, spec, errors)).fields]
    usual = set(access.rtype.filters)
    for group in groups:
        group.is_open = group.is_open or group.spec.name in usual
    groups.sort(key=lambda group: not group.is_open)
    context = {
        "heading": _("Filters"), "groups": groups, "keep": keep, "url": f"{list_url(slug)}/filters",
        "rtype": access.rtype, "clear": list_url(slug), "crumbs": [list_crumb(access.rtype)], "cancel": list_url(slug),
        "build_url": f"{list_url(slug)}/filters/build?{_begun(request)}",
        "wrong": [f for group in groups for f in group.fields],
    }  # fmt: skip
    template = "web/_filters.html" if request.headers.get("HX-Request") else "web/filters.html"
    return page(request, template, context, 422 if errors else 200)


def _begun(request: HttpRequest) -> str:
    """The question of the list that the builder goes on from."""
    query = request.GET.copy()
    for name in ("apply", "cursor", "before", "groups", "peek"):
        query.pop(name, None)
    return query.urlencode()


def _fields(access: Access) -> list[FieldSpec]:
    return [spec for spec in access.readable().values() if spec.kind.is_filterable and not spec.rows]


def _group(request: HttpRequest, access: Access, spec: FieldSpec, errors: dict[str, list[str]]) -> Group:
    group = Group(spec, label_of(spec))
    get = request.GET.get
    name, kind = spec.name, spec.kind
    held: list[Any] = [v for raw in (get(name, ""), get(f"{name}__in", "")) for v in raw.split(",") if v]
    if "apply" in request.GET:
        held = [v for v in request.GET.getlist(name) if v]
    if spec.choices:
        group.fields = [Field(name, group.label, "checks", value=held, options=spec.choices, hide_label=True)]
    elif kind.name == "yes_no":
        options = [("true", _("Yes")), ("false", _("No"))]
        group.fields = [Field(name, group.label, "checks", value=held, options=options, hide_label=True)]
    elif spec.kind.name == "tags":
        group.fields = _tags(request, access, spec, errors)
        held = [value for each in group.fields for value in each.chosen]
    elif spec.related and "exact" in kind.lookups:
        group.fields = _related(access, spec, group.label, held, errors.get(name, []))
    elif kind.is_numeric or kind.name in ("date", "datetime"):
        # A moment is filtered by whole days; an amount is typed in the unit it is shown in.
        widget = "date" if kind.name == "datetime" else kind.widget
        group.fields = [
            Field(
                f"{name}__{end}", label, widget, id=f"x-{name}-{end}", errors=errors.get(f"{name}__{end}", []),
                value=_held(access, spec, get(f"{name}__{end}", ""), "apply" in request.GET),
            )
            for end, label in (("gte", _("From")), ("lte", _("To")))
        ]  # fmt: skip
        held = [f for f in (get(f"{name}__gte"), get(f"{name}__lte")) if f]
    elif "contains" in kind.lookups:
        key = f"{name}__contains"
        group.fields = [Field(key, group.label, "text", get(key, ""), hide_label=True, placeholder=_("Contains…"))]
        held = [value] if (value := get(key, "")) else []
    if (group.fields or kind.name == "file") and "empty" in kind.lookups and _may_be_empty(spec):
        empty = get(f"{name}__empty", "")
        group.fields.append(
            Field(
                f"{name}__empty", _("Empty or not"), "select", empty, empty=_("With or without a value"),
                hide_label=True, id=f"x-{name}-empty",
                options=[("true", _("Without a value")), ("false", _("With a value"))],
            )
        )  # fmt: skip
        held = held or ([empty] if empty else [])
    group.is_open = bool(held)
    return group


def _may_be_empty(spec: FieldSpec) -> bool:
    return not (spec.required or spec.is_label or spec.read_only) and (spec.null or not spec.choices)


def _related(access: Access, spec: FieldSpec, label: str, held: list[str], wrong: list[str]) -> list[Field]:
    related = spec.related_type
    few = few_records(access.actor, related) if related.is_setting and spec.kind.name != "member" else None
    if few is not None:
        return [Field(spec.name, label, "checks", value=held, options=few, hide_label=True)] if few else []
    labels = Labels(access.actor)
    me = access.actor.member
    ids = [me.pk if part == "me" and me else read_id(part) for part in held]
    labels.load({spec.related: {pk for pk in ids if pk}})
    chosen = [(str(pk), text) for pk in ids if pk and (text := labels.get(spec.related, pk))]
    url = f"/r/{spec.related}/options"
    return [
        Field(
            spec.name, label, "combobox", url=url, multiple=True, chosen=chosen, hide_label=True,
            placeholder=_("Search…"), id=f"x-{spec.name}", errors=wrong, value=typed_in(held) if wrong else "",
        )
    ]  # fmt: skip


def _tags(request: HttpRequest, access: Access, spec: FieldSpec, errors: dict[str, list[str]]) -> list[Field]:
    """Any of these, all of them, none of them."""
    labels = Labels(access.actor)
    url, fields = f"/r/{spec.related}/options", []
    for key, label in (
        (spec.name, _("Any of")), (f"{spec.name}__all", _("All of")), (f"{spec.name}__not_in", _("None of")),
    ):  # fmt: skip
        raw = [*request.GET.getlist(key), *(request.GET.getlist(f"{key}__in") if key == spec.name else ())]
        ids = [pk for given in raw for part in given.split(",") if (pk := read_id(part))]
        labels.load({spec.related: set(ids)})
        chosen = [(str(pk), text) for pk in ids if (text := labels.get(spec.related, pk))]
        wrong = errors.get(key, [])
        fields.append(
            Field(
                key, label, "combobox", url=url, multiple=True, chosen=chosen, id=f"x-{key}", errors=wrong,
                value=typed_in(raw) if wrong else "",
            )
        )  # fmt: skip
    return fields


def _held(access: Access, spec: FieldSpec, raw: str, is_typed: bool) -> Any:
    """A bound as it stands in the address, to be shown as the viewer writes it."""
    if not raw or is_typed:
        return raw
    try:
        if spec.kind.name == "datetime":
            return dt.date.fromisoformat(raw[:10])
        return spec.kind.filter_value(spec, raw, access)
    except (ParseError, ValidationError, ValueError):
        return raw


def _applied(request: HttpRequest, access: Access) -> tuple[QueryDict, dict[str, list[str]]]:
    """The address of the list: canonical values, nothing empty."""
    query = QueryDict(mutable=True)
    errors: dict[str, list[str]] = {}
    for key in dict.fromkeys(k.removesuffix("__text").removesuffix("__was") for k in request.GET):
        if key in NOT_FILTERS:
            if key in KEPT and request.GET.get(key):
                query[key] = request.GET[key]
            continue
        name, _sep, lookup = key.partition("__")
        spec = access.readable().get(name)
        if spec is None or (lookup and lookup not in lookups_of(spec.kind)):
            continue
        values = [value for value in request.GET.getlist(key) if value.strip()]
        try:
            if isinstance(spec.kind, Relation) and lookup in ("", "all", "not_in"):
                values = [_named(access, spec, value) for value in values]
            if lookup in ("gte", "lte"):
                text = typed(request.GET, key)
                if text.strip():
                    query[key] = _canonical(access, spec, text)
            elif lookup in ("all", "not_in"):
                if values:
                    query[key] = ",".join(values)
            elif lookup:
                if values:
                    query[key] = values[-1]
            elif spec.kind.name == "yes_no":
                if len(set(values)) == 1:
                    query[key] = values[0]
            elif values:
                several = len(values) > 1 and "in" in spec.kind.lookups
                query[f"{name}__in" if several else name] = ",".join(values) if several else values[0]
        except ParseError as error:
            errors[key] = [str(error.message)]
        except ValidationError as error:
            errors[key] = error.messages
    return query, errors


def _named(access: Access, spec: FieldSpec, value: str) -> str:
    """What was chosen; of what was typed and not chosen, the one record of that name."""
    if value in ("me", MY_TEAM) or read_id(value):
        return value
    return str(spec.kind.find_label(spec, value, access))  # type: ignore[attr-defined]


def _canonical(access: Access, spec: FieldSpec, text: str) -> str:
    if spec.kind.name == "datetime":
        return access.actor.format.parse_date(text).isoformat()
    return str(spec.kind.canonical(spec, spec.parse(text, access)))
