"""A list under headings: one for each value of a field, with how many records it has and what they add up to.

The first few are open when the page comes; the others fetch their rows when they are opened. What is more than a few
rows is read in the plain list that the heading leads to.
"""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access
from kernel.records.aggregate import Group, GroupBy, aggregate, read_group, read_measures
from kernel.records.find import Found, find
from kernel.records.questions import can_group
from kernel.records.specs import FieldSpec
from kernel.records.types import registry
from kernel.web import lists
from kernel.web.bulk import bar_of
from kernel.web.controls import label_of
from kernel.web.pages import page
from kernel.web.reach import access_to, list_url

SHOWN, OPEN, ROWS = 20, 3, 10


@dataclass
class Heading:
    """One group. `all_url` is its plain list, `rows_url` its first rows: none where the viewer may not see what the
    rows share."""

    id: str
    label: str
    count: str
    sums: list[str]
    all_url: str = ""
    rows_url: str = ""
    rows: list[Any] = field(default_factory=list)
    is_open: bool = False
    has_more: bool = False


@dataclass(frozen=True)
class Grouped:
    found: Found
    by: GroupBy
    groups: list[Group]
    sums: list[FieldSpec]


def grouping_of(request: HttpRequest, found: Found) -> Grouped | None:
    """The groups of this page's list; None where it is a plain one. Raises ValidationError."""
    text = request.GET.get("group", "")
    if not text:
        return None
    by = read_group(found, text)
    if by.grain and ":" not in text:
        by = read_group(found, f"{text}:month")
    if not can_group(by.spec) or by.rows:
        raise ValidationError({"group": ValidationError(_("You cannot group by this."), code="unknown")})
    sums = lists.sums_of(found.access)
    measures = read_measures(found, ",".join(["count", *(f"sum:{spec.name}" for spec in sums)]))
    return Grouped(found, by, _in_order(by, aggregate(found, measures, by)), sums)


def _in_order(by: GroupBy, groups: list[Group]) -> list[Group]:
    """Values with an order of their own (stages, choices) keep it; others stand as they came, the largest first."""
    spec = by.spec
    if spec.related and registry[spec.related].sort == "position":
        keys = [group.key for group in groups if group.key]
        rows = registry[spec.related].model.objects.filter(pk__in=keys).order_by("position", "pk")
        order = [str(pk) for pk in rows.values_list("pk", flat=True)]
    elif spec.choices:
        order = [code for code, _label in spec.choices]
    else:
        return groups
    places = {key: place for place, key in enumerate(order)}
    return sorted(groups, key=lambda group: places.get(str(group.key), len(places)))


def grouped_context(request: HttpRequest, access: Access, grouped: Grouped, columns: list[Any]) -> dict[str, Any]:
    start = _start(request)
    shown = grouped.groups[start : start + SHOWN]
    headings = [_heading(request, access, grouped, group, start + i) for i, group in enumerate(shown)]
    opened = [(heading, group) for heading, group in zip(headings, shown, strict=True) if heading.all_url][:OPEN]
    records: list[Any] = []
    for heading, group in opened:
        heading.is_open = True
        found_page = find(access, _within(request.GET, group)).page(ROWS)
        heading.rows, heading.has_more = found_page.rows, found_page.next is not None
        records += found_page.rows
    drawn = {row.record.pk: row for row in lists.rows_of(access, records, columns)}
    for heading, _group in opened:
        heading.rows = [drawn[record.pk] for record in heading.rows]
    query = request.GET.copy()
    query["groups"] = str(start + SHOWN)
    return {
        "headings": headings, "in_several": _in_several(grouped.by.spec), "rows": [], **_picking(access, columns),
        "more_groups": f"{request.path}?{query.urlencode()}" if len(grouped.groups) > start + SHOWN else "",
        "has_figures": bool(headings) and bool(grouped.sums),
    }  # fmt: skip


def _picking(access: Access, columns: list[Any]) -> dict[str, Any]:
    """What may be done to rows that are selected, and how wide the table is."""
    bar = bar_of(access)
    return {"bar": bar, "width": len(columns) + bool(bar)}


def _in_several(spec: FieldSpec) -> str:
    """Said where a row may stand in several groups."""
    if not spec.kind.is_list:
        return ""
    text = _("%(field)s: a record stands under each value that it has, so the groups can add up to more than the list.")
    return text % {"field": label_of(spec)}


def _start(request: HttpRequest) -> int:
    text = request.GET.get("groups", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _heading(request: HttpRequest, access: Access, grouped: Grouped, group: Group, number: int) -> Heading:
    fmt = access.actor.format
    sums = []
    for spec in grouped.sums:
        value = group.figures[f"sum:{spec.name}"]
        if value:
            sums.append(
                fmt.money(value, compact=True) if spec.kind.name == "money" else spec.kind.show(spec, value, fmt)
            )
    heading = Heading(f"g-{number}", group.label, fmt.number(group.figures["count"]), sums)
    if group.filters:
        query = _within(request.GET, group)
        heading.all_url = f"{list_url(access.rtype.slug)}?{query.urlencode()}"
        heading.rows_url = f"{list_url(access.rtype.slug)}/group?{query.urlencode()}"
    return heading


def _within(params: QueryDict, group: Group) -> QueryDict:
    """The question of the list, for one group only."""
    query = params.copy()
    for name in ("group", "groups", "cursor", "before"):
        query.pop(name, None)
    for name, value in group.filters.items():
        query[name] = value
    return query


@require_safe
def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """The first rows of a group, when it is opened."""
    access = access_to(request, slug)
    try:
        found = find(access, request.GET)
        found_page = found.page(ROWS)
    except ValidationError as error:
        raise Http404 from error
    columns = lists.columns_of(access, found)
    context = {
        "rows": lists.rows_of(access, found_page.rows, columns), "has_more": found_page.next is not None,
        "all_url": f"{list_url(slug)}?{request.GET.urlencode()}", **_picking(access, columns),
    }  # fmt: skip
    return page(request, "web/_list_rows.html", context)
