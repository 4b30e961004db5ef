"""The list of a record type: columns, chips, pages, and the figures under it."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access
from kernel.records.aggregate import aggregate, read_measures
from kernel.records.find import COUNTED, Found, Page, find
from kernel.records.reading import note_reading
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.web import board
from kernel.web.bulk import bar_of
from kernel.web.cells import Cells
from kernel.web.chips import chips_of
from kernel.web.controls import label_of
from kernel.web.groups import grouped_context, grouping_of
from kernel.web.opened import open_view
from kernel.web.pages import kept, page, ways_in
from kernel.web.reach import access_to, list_url, record_url


@dataclass(frozen=True)
class Column:
    spec: FieldSpec
    label: str
    classes: str
    can_sort: bool

    @property
    def name(self) -> str:
        return self.spec.name


@dataclass(frozen=True)
class Row:
    """`cells` are classes and HTML; one that can be edited in place is drawn as such."""

    record: Any
    url: str
    cells: list[tuple[str, SafeString]]


@require_safe
def records(request: HttpRequest, slug: str) -> HttpResponse:
    access = access_to(request, slug)
    rtype = access.rtype
    opened = open_view(request, access)
    if rtype.board and request.GET.get("layout") == "board" and rtype.board.by in access.readable():
        return board.show(request, access, opened)
    problems: list[str] = []
    grouped = None
    try:
        found = find(access, request.GET)
        grouped = grouping_of(request, found)
        shown_page = Page([], None) if grouped else _page(request, found)
    except ValidationError as error:
        problems = error.messages
        found = find(access, {})
        shown_page = found.page()
    context = list_context(request, access, found, shown_page) | opened.context(request)
    context["problems"] = problems
    if grouped:
        context |= grouped_context(request, access, grouped, context["columns"])
    template = "web/_list.html" if request.headers.get("HX-Target") == "list" else "web/list.html"
    return page(request, template, context)


def _page(request: HttpRequest, found: Found) -> Page:
    before = request.GET.get("before")
    page = found.page_before(before) if before else found.page(cursor=request.GET.get("cursor"))
    note_reading(found, len(page.rows), is_first=not (before or request.GET.get("cursor")))
    return page


def list_context(request: HttpRequest, access: Access, found: Found, shown_page: Page) -> dict[str, Any]:
    rtype = access.rtype
    columns = columns_of(access, found)
    is_whole = bool(shown_page.rows) and shown_page.next is None and shown_page.previous is None
    count = len(shown_page.rows) if is_whole else found.count()
    fmt = access.actor.format
    chips = chips_of(request, found)
    query = request.GET.copy()
    for key in ("cursor", "before"):
        query.pop(key, None)
    return {
        "rtype": rtype, "access": access, "heading": rtype.label_plural, "columns": columns, "hx_list": "#list",
        "rows": rows_of(access, shown_page.rows, columns), "sort": found.sort, "chips": chips,
        "next_url": _with(request, cursor=shown_page.next) if shown_page.next else "",
        "previous_url": _with(request, before=shown_page.previous) if shown_page.previous else "",
        "count": None if count is None else fmt.number(count), "counted": fmt.number(COUNTED),
        "q": request.GET.get("q", ""), "is_narrowed": bool(chips or request.GET.get("q")),
        "query": query.urlencode(), "here": request.GET.urlencode(), "kept": kept(request), **ways_in(access),
        "has_figures": bool(shown_page.rows) and bool(sums_of(access)),
        "clear_url": f"{list_url(rtype.slug)}?view=all",
        "may_board": bool(rtype.board and rtype.board.by in access.readable()), "view": "list",
        "bar": bar_of(access) if shown_page.rows else [],
        "all_matching": "" if count is None else fmt.number(count), "matching": "" if count is None else count,
    }  # fmt: skip


def _with(request: HttpRequest, **changes: str) -> str:
    query = request.GET.copy()
    for key in ("cursor", "before"):
        query.pop(key, None)
    for key, value in changes.items():
        query[key] = value
    return f"{request.path}?{query.urlencode()}"


def columns_of(access: Access, found: Found) -> list[Column]:
    """The label first. On phones a row has two lines: label and amount, then one more value and the state."""
    known, rtype = access.shown(), access.rtype
    told = chosen_columns(found)
    if not told:
        told = rtype.columns_for({item.key: item.raw for item in found.filters if item.raw}, access.actor)
        told = (*told, *rtype.own_marked("in_list"))
    names = [rtype.label_field, *(name for name in told if name != rtype.label_field)]
    specs = [known[name] for name in names if name in known]
    taken: dict[str, str] = {}
    for spec in specs[1:]:
        place = _place(spec)
        if place and place not in taken:
            taken[place] = spec.name
    columns = []
    for i, spec in enumerate(specs):
        classes = "main-cell" if i == 0 else next((p for p, name in taken.items() if name == spec.name), "")
        if spec.kind.is_numeric and classes != "amount":
            classes = f"{classes} num-cell".strip()
        columns.append(Column(spec, label_of(spec), classes, spec.kind.is_sortable))
    return columns


def chosen_columns(found: Found) -> tuple[str, ...]:
    """The columns that the viewer asked for, of those they see something of."""
    names = (name.strip() for name in found.params.get("columns", "").split(","))
    return tuple(dict.fromkeys(name for name in names if name in found.access.shown()))


def _place(spec: FieldSpec) -> str:
    if spec.kind.name == "money":
        return "amount"
    if spec.kind.name == "choice" or (spec.kind.name == "relation" and spec.related_type.is_setting):
        return "state"
    return "sub" if spec.kind.name in ("relation", "text", "email", "phone", "about") else ""


def rows_of(access: Access, records: list[Any], columns: list[Column]) -> list[Row]:
    """A constant number of queries, however many the rows are. Drawn here and not in the template, which would spend
    most of the page's time on these few hundred cells."""
    cells = Cells(Shown(access, records, [column.spec for column in columns]))
    hints = {column.name: _("Edit: %(label)s") % {"label": column.label} for column in columns[1:]}
    rows = []
    for record in records:
        url = record_url(access.rtype.slug, record.pk)
        editable = access.editable(record) if access.may("edit", record) else {}
        drawn = [
            (columns[0].classes, format_html('<a href="{}" dir="auto">{}</a>', url, record.label or _("(no name)")))
        ]
        for column in columns[1:]:
            html = cells.html(record, column.spec)
            if _in_place(editable.get(column.name)):
                html = format_html(IN_PLACE, column.name, hints[column.name], html)
            drawn.append((column.classes, html))
        rows.append(Row(record, url, drawn))
    return rows


# The element that edits is made of it when it is asked for: a list has hundreds of cells. See inline.js.
IN_PLACE = '<button type="button" class="value" data-edit="{}" title="{}">{}</button>'


def _in_place(spec: FieldSpec | None) -> bool:
    return spec is not None and not spec.rows and spec.kind.name not in ("about", "long_text", "relations")


# -- figures, after the page


def sums_of(access: Access) -> list[FieldSpec]:
    return [spec for name in access.rtype.sums if (spec := access.readable().get(name))]


@require_safe
def figures(request: HttpRequest, slug: str) -> HttpResponse:
    """The sums under a list, and with `exact` its count however large: asked for once the page is there."""
    access = access_to(request, slug)
    specs = sums_of(access)
    wants_count = request.GET.get("exact") == "1"
    params = request.GET.copy()
    params.pop("exact", None)
    try:
        found = find(access, params)
        measures = ["count"] if wants_count else []
        measures += [f"sum:{spec.name}" for spec in specs]
        totals = aggregate(found, read_measures(found, ",".join(measures)))[0].figures if measures else {}
    except ValidationError:
        totals = {}
    fmt = access.actor.format
    sums = [
        (str(spec.label).lower(), spec.kind.show(spec, totals[f"sum:{spec.name}"], fmt))
        for spec in specs
        if totals.get(f"sum:{spec.name}") is not None
    ]
    count = fmt.number(totals["count"]) if "count" in totals else ""
    return page(request, "web/_figures.html", {"sums": sums, "count": count, "rtype": access.rtype})
