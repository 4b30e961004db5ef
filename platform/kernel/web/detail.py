"""One record on a page: its properties, what happened to it, and what hangs on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access
from kernel.records.agenda import open_about
from kernel.records.find import COUNTED, find
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, Verb, registry
from kernel.search.recent import opened
from kernel.web import files, timeline
from kernel.web.alike import moved_to
from kernel.web.board import places_of
from kernel.web.cells import Cells
from kernel.web.compose import composers_of
from kernel.web.controls import label_of
from kernel.web.pages import list_crumb, page
from kernel.web.reach import access_to, list_url, record_of, record_url
from kernel.web.todo import Todo, todos_of

RELATED = 10


Part = Callable[[HttpRequest, Access, Any], str]
_parts: list[Part] = []


def add_part(part: Part) -> None:
    """A part of an app's own, below the fields of every record's page; one with nothing to say answers nothing."""
    if part not in _parts:
        _parts.append(part)


@dataclass
class Property:
    label: str
    html: SafeString
    url: str = ""


@dataclass
class Group:
    title: Any
    properties: list[Property] = field(default_factory=list)


@dataclass
class Table:
    """Child rows as a table: lines with their total, or a contact's numbers."""

    label: str
    heads: list[tuple[str, str]]
    rows: list[list[tuple[SafeString | str, str, str]]]  # the value, its class, the column's name
    total: str = ""


@dataclass
class RelatedList:
    rtype: RecordType
    label: Any
    items: list[dict[str, Any]]
    all_url: str
    new_url: str
    has_more: bool


@require_safe
def detail(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    try:
        record = record_of(access, pk)
    except Http404:
        if kept := moved_to(access, pk):
            return kept
        raise
    opened(access.actor, slug, pk)
    rtype = access.rtype
    if request.GET.get("peek") == "1" and request.headers.get("HX-Request"):
        return peek(request, access, record)
    shown = Shown(access, [record], access.shown(record).values())
    groups, tables = _groups(access, shown, record)
    may_edit = access.may("edit", record)
    context = {
        "rtype": rtype, "record": record, "heading": record.label, "crumbs": [list_crumb(rtype)], "groups": groups,
        "tables": tables, "facts": _facts(access, shown, record), "verbs": _verbs(access, record),
        "may_edit": may_edit and bool(access.editable(record)), "may_delete": access.may("delete", record),
        "path": _path(access, record) if may_edit else [], "related": _related(access, record),
        "url": record_url(slug, pk), "timeline": timeline.page_of(access, record),
        "composers": composers_of(access), "todos": _todos(access, record),
        "about": f"{slug}:{pk}", "files": files.panel(access, record),
        "file": files.told_of(access, record) if slug == "files" else None,
        "parts": [told for part in _parts if (told := part(request, access, record))],
    }  # fmt: skip
    if within := QueryDict(request.GET.get("in", "")).urlencode():
        context["crumbs"] = [{**list_crumb(rtype), "url": f"{list_url(slug)}?{within}"}]
        context["place_url"] = f"{record_url(slug, pk)}/place?{within}"
    return page(request, "web/detail.html", context)


def peek(request: HttpRequest, access: Access, record: Any) -> HttpResponse:
    """The record beside the list it was opened from: what it says and what happened last."""
    shown = Shown(access, [record], access.shown(record).values())
    groups, _tables = _groups(access, shown, record)
    context = {
        "rtype": access.rtype, "record": record, "heading": record.label, "groups": groups,
        "facts": _facts(access, shown, record), "url": record_url(access.rtype.slug, record.pk),
        "timeline": timeline.page_of(access, record), "within": request.GET.get("in", ""),
    }  # fmt: skip
    return page(request, "web/_peek.html", context)


@require_safe
def place(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """Where the record stands in the list it was opened from, with the ways to those before and after it."""
    access = access_to(request, slug)
    record_of(access, pk)
    fmt = access.actor.format
    try:
        found = find(access, request.GET)
        around, count = found.around(pk), found.count()
    except ValidationError:
        around, count = None, None
    context: dict[str, Any] = {"around": around}
    if around:
        within = urlencode({"in": request.GET.urlencode()})
        links = {
            f"{name}_url": f"{record_url(slug, other)}?{within}" if (other := getattr(around, name)) else ""
            for name in ("previous", "next")
        }
        context |= {
            "position": "" if around.position is None else fmt.number(around.position),
            "count": f"{fmt.number(COUNTED)}+" if count is None else fmt.number(count), **links,
        }  # fmt: skip
    return page(request, "web/_place.html", context)


def _todos(access: Access, record: Any) -> list[Todo]:
    """What is open about the record."""
    if access.rtype.parent or access.rtype.is_setting:
        return []
    return todos_of(access.actor, open_about(access, record), with_about=False)


def _groups(access: Access, shown: Shown, record: Any) -> tuple[list[Group], list[Table]]:
    """The panels, and who made the record when. What is empty and cannot be filled in here is left out."""
    known, editable = access.shown(record), access.editable(record)
    cells = Cells(shown, links=True)
    may_edit = access.may("edit", record)
    tables: list[Table] = []
    groups: list[Group] = []
    url = record_url(access.rtype.slug, record.pk)
    for panel in access.rtype.all_panels():
        group = Group(panel.title)
        for name in panel.fields:
            spec = known.get(name)
            if spec is None:
                continue
            if spec.rows:
                if spec.value(record):
                    tables.append(table_of(shown, spec, record))
                continue
            html = cells.html(record, spec)
            can_edit = may_edit and name in editable and spec.kind.name != "about"
            if html or can_edit:
                group.properties.append(
                    Property(label_of(spec), html, f"{url}/cell/{name}?at=record" if can_edit else "")
                )
        if group.properties:
            groups.append(group)
    system = Group("")
    for name in ("created_at", "created_by", "updated_at"):
        if name in known and (html := cells.html(record, known[name])):
            system.properties.append(Property(label_of(known[name]), html))
    return [*groups, system], tables


def table_of(shown: Shown, spec: FieldSpec, record: Any) -> Table:
    rows = spec.value(record)
    used = [sub for sub in spec.rows if any(row.get(sub.name) not in (None, "", False) for row in rows)]
    heads = [(label_of(sub), "amount" if sub.kind.is_numeric else "") for sub in used]
    body = [
        [(_sub_html(shown, spec, sub, row), tone, label) for sub, (label, tone) in zip(used, heads, strict=True)]
        for row in rows
    ]
    total = ""
    money = [sub for sub in used if sub.kind.name == "money" and sub.read_only]
    if money and all(row.get(money[-1].name) is not None for row in rows):
        total = shown.value_text(money[-1], sum(row[money[-1].name] for row in rows))
    return Table(label_of(spec), heads, body, total)


def _sub_html(shown: Shown, spec: FieldSpec, sub: FieldSpec, row: dict[str, Any]) -> SafeString | str:
    """A value of a child row; where its kind leads somewhere, as a link there with a button that copies it."""
    text = _sub_text(shown, sub, row)
    start = spec.extra.get("links", {}).get(row.get("kind"), "") if sub is spec.rows[0] and text else ""
    if not start:
        return text
    context = {"url": f"{start}{row[sub.name]}", "text": text, "value": row[sub.name]}
    return render_to_string("web/_reach.html", context)


def _sub_text(shown: Shown, sub: FieldSpec, row: dict[str, Any]) -> str:
    value = row.get(sub.name)
    fmt = shown.access.actor.format
    if isinstance(value, str) and value.startswith("+") and value[1:].isdigit():
        return fmt.phone(value)
    return shown.value_text(sub, value) if value not in (None, "") else ""


def _facts(access: Access, shown: Shown, record: Any) -> list[SafeString]:
    """Beside the name: the first few things a list would say."""
    cells = Cells(shown, links=True)
    known = access.shown(record)
    specs = [known[name] for name in access.rtype.columns if name in known]
    plain = (spec for spec in specs if not (spec.is_label or spec.rows or spec.kind.name == "tags"))
    facts = [html for spec in plain if (html := cells.html(record, spec))][:3]
    tags = known.get("tags")
    return [*facts, html] if tags and (html := cells.html(record, tags)) else facts


def _verbs(access: Access, record: Any) -> list[tuple[Verb, bool]]:
    """The verbs that apply, each with whether it asks for something first."""
    return [
        (verb, any(spec.required or spec.extra.get("asks") for spec in verb.fields))
        for verb in access.rtype.verbs
        if verb.applies(record) and access.may(verb.permission or verb.name, record)
    ]


def _path(access: Access, record: Any) -> list[dict[str, Any]]:
    """The stages of the record's pipeline, as steps to go."""
    board = access.rtype.board
    if board is None or board.by not in access.editable() or (board.within and board.within not in access.readable()):
        return []
    within = access.readable()[board.within].value(record) if board.within else None
    place = next((place for place in places_of(access, board) if place["id"] == within), None)
    if place is None:
        return []
    at = access.readable()[board.by].value(record)
    steps: list[dict[str, Any]] = []
    is_past = any(pk == at for pk, _label, _dot in place["stages"])
    for pk, label, dot in place["stages"]:
        is_here = pk == at
        is_past = is_past and not is_here
        is_end = dot.startswith("k-")
        tone = dot.removeprefix("k-") if is_here and is_end else "done" if is_past and not is_end else ""
        steps.append({"id": pk, "label": label, "here": is_here, "tone": tone})
    return steps


def _related(access: Access, record: Any) -> list[RelatedList]:
    lists = []
    for related in access.rtype.related:
        rtype = registry[related.slug]
        other = access.actor.access(rtype)
        spec = other.readable().get(related.field)
        if spec is None or not other.may("view"):
            continue
        shown_page = find(other, {related.field: str(record.pk)}).page(RELATED)
        if related.quiet and not shown_page.rows:
            continue
        url = f"{list_url(rtype.slug)}?{related.field}={record.pk}"
        here = record_url(access.rtype.slug, record.pk)
        may_add = other.may("create") and not related.quiet
        new_url = f"{list_url(rtype.slug)}/new?{related.field}={record.pk}&next={here}" if may_add else ""
        label = str(rtype.label_plural)
        if rtype.slug == access.rtype.slug:
            told = {"types": label, "field": label_of(spec).lower()}
            label = _("%(types)s with this %(field)s") % told
        items = _items(other, shown_page.rows, related.field)
        lists.append(RelatedList(rtype, label, items, url, new_url, shown_page.next is not None))
    return lists


def _items(access: Access, rows: list[Any], field_name: str) -> list[dict[str, Any]]:
    """Each with what says most about it: the amount, the state, else its first other column."""
    known = access.shown()
    specs = [known[n] for n in access.rtype.columns if n in known and n != field_name]
    specs = [spec for spec in specs if not spec.is_label]
    money = next((spec for spec in specs if spec.kind.name == "money"), None)
    rest = [spec for spec in specs if spec is not money and not spec.kind.is_list][:2]
    shown = Shown(access, rows, [*rest, *([money] if money else [])])
    cells = Cells(shown)
    items = []
    for row in rows:
        facts = [html for spec in rest if (html := cells.html(row, spec))][: 1 if money else 2]
        worth = money.value(row) if money else None
        amount = "" if worth is None else access.actor.format.money(worth, compact=True)
        url = record_url(access.rtype.slug, row.pk)
        items.append({"url": url, "label": row.label, "facts": facts, "amount": amount})
    return items
