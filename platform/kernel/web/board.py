"""The board: a column for each state of a record (of a deal: each stage of one pipeline), with how many and how much,
and cards that move between them."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access
from kernel.lib.format import Format
from kernel.records.aggregate import aggregate, read_group, read_measures
from kernel.records.find import Found, find
from kernel.records.kinds.relations import read_id
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.records.types import Board
from kernel.ui.templatetags.ui import avatar, due, icon
from kernel.web.bulk import bar_of
from kernel.web.cells import Cells
from kernel.web.chips import chips_of
from kernel.web.controls import label_of
from kernel.web.opened import Opened
from kernel.web.pages import kept, page, ways_in
from kernel.web.reach import access_to, list_url, record_url
from kernel.web.todo import is_waiting, next_step

CARDS = 20


@dataclass
class Column:
    id: UUID
    label: str
    dot: str
    count: str
    sum: str = ""
    full: str = ""
    cards: list[dict[str, Any]] = field(default_factory=list)
    more_url: str = ""
    list_url: str = ""
    new_url: str = ""


def show(request: HttpRequest, access: Access, opened: Opened) -> HttpResponse:
    board = board_of(access)
    problems: list[str] = []
    params = request.GET.copy()
    asked = read_id(params.get(board.within, "")) if board.within else None
    if board.within not in access.readable():  # it chooses the columns, and asks for no deal
        params.pop(board.within, None)
    try:
        find(access, params)
    except ValidationError as error:
        problems = error.messages
        params = QueryDict(mutable=True)
    places = places_of(access, board)
    within = _within(places, asked)
    columns = _columns(access, board, params, within)
    may_move = board.by in access.editable() and access.may("edit")
    query = request.GET.urlencode()
    chips = chips_of(request, find(access, params))
    if board.within:
        chips = [chip for chip in chips if board.within not in _key(chip, request)]
    context = {
        "rtype": access.rtype, "heading": access.rtype.label_plural, "columns": columns, "chips": chips,
        "places": [p for p in places if p["stages"]], "within": within, "within_name": board.within,
        "problems": problems,
        "move_url": f"{list_url(access.rtype.slug)}/move?{query}" if may_move else "", "view": "board",
        "may_board": True, **ways_in(access), "q": params.get("q", ""), "query": query,
        "kept": kept(request),
        "is_narrowed": bool(chips or params.get("q")),
        "clear_url": f"{list_url(access.rtype.slug)}?view=all&layout=board",
        "is_empty": not any(column.cards for column in columns), **opened.context(request),
        **_picking(access, board, params, within),
    }  # fmt: skip
    template = "web/_board.html" if request.headers.get("HX-Target") == "list" else "web/board.html"
    return page(request, template, context)


def _picking(access: Access, board: Board, params: QueryDict, within: dict[str, Any]) -> dict[str, Any]:
    """What may be done to cards that are selected. All that match are those of the pipeline that is shown."""
    bar = bar_of(access)
    if not bar:
        return {}
    query = params.copy()
    if board.within and board.within in access.readable() and within["id"]:
        query[board.within] = str(within["id"])
    elif board.within:
        query.pop(board.within, None)
        query[f"{board.by}__in"] = ",".join(str(stage[0]) for stage in within["stages"])
    count = find(access, query).count()
    told = "" if count is None else access.actor.format.number(count)
    return {"bar": bar, "query": query.urlencode(), "matching": "" if count is None else count, "all_matching": told}


def _key(chip: Any, request: HttpRequest) -> set[str]:
    """The parameters that this chip takes away."""
    return set(request.GET) - set(QueryDict(chip.remove_url.partition("?")[2]))


def board_of(access: Access) -> Board:
    board = access.rtype.board
    if board is None or board.by not in access.readable():
        raise Http404
    return board


def places_of(access: Access, board: Board) -> list[dict[str, Any]]:
    """Pipelines with their stages, in order, or all states as one place: at most two queries. A state's kind may be
    an end, good or bad, as its spec says."""
    specs = access.rtype.specs()
    by, within = specs[board.by], specs.get(board.within)
    stages = access.actor.access(by.related_type)
    parent = within and next(s for s in by.related_type.specs().values() if s.related == within.related)
    kinds = next((s for s in by.related_type.specs().values() if s.choices), None)
    ends = kinds.extra.get("ends", {}) if kinds else {}
    order = F(by.related_type.sort.removeprefix("-"))
    rows: dict[UUID | None, list[tuple[UUID, str, str]]] = {}
    for stage in stages.records().order_by(order, "pk"):
        held = rows.setdefault(parent.value(stage) if parent else None, [])
        end = ends.get(kinds.value(stage)) if kinds else None
        held.append((stage.pk, stage.label, f"k-{end}" if end else f"k{len(held) % 5 + 1}"))
    if within is None:
        return [{"id": None, "label": "", "stages": rows.get(None, [])}]
    pipelines = access.related(within).order_by(F(within.related_type.sort.removeprefix("-")), "pk")
    return [{"id": p.pk, "label": p.label, "stages": rows.get(p.pk, [])} for p in pipelines]


def _within(places: list[dict[str, Any]], wanted: UUID | None) -> dict[str, Any]:
    filled = [place for place in places if place["stages"]]
    chosen = next((place for place in places if place["id"] == wanted), None)
    return chosen or (filled or [{"id": None, "label": "", "stages": []}])[0]


def _columns(access: Access, board: Board, params: QueryDict, within: dict[str, Any]) -> list[Column]:
    asked = {part for key in (board.by, f"{board.by}__in") for part in params.get(key, "").split(",") if part}
    stages = [stage for stage in within["stages"] if not asked or str(stage[0]) in asked]
    totals = figures_of(access, board, params)
    pages = {}
    for pk, _label, _dot in stages:
        pages[pk] = _found(access, board, params, pk).page(CARDS)
    cards = cards_of(access, board, [row for shown in pages.values() for row in shown.rows])
    columns = []
    slug = access.rtype.slug
    for pk, label, dot in stages:
        query = params.copy()
        for key in ("layout", "cursor", "before", board.within, f"{board.by}__in"):
            query.pop(key, None)
        query[board.by] = str(pk)
        column = Column(pk, label, dot, access.actor.format.number(0), list_url=f"{list_url(slug)}?{query.urlencode()}")
        column.new_url = f"{list_url(slug)}/new?{board.by}={pk}&next={list_url(slug)}%3Fview%3Dboard"
        figures = totals.get(str(pk))
        if figures:
            column.count, column.sum, column.full = figures
        column.cards = [cards[row.pk] for row in pages[pk].rows]
        column.more_url = _more(access, params, pk, pages[pk].next)
        columns.append(column)
    return columns


def _found(access: Access, board: Board, params: QueryDict, stage: UUID) -> Found:
    query = params.copy()
    query.pop(f"{board.by}__in", None)
    query.pop(board.within, None)
    query[board.by] = str(stage)
    return find(access, query)


def _more(access: Access, params: QueryDict, stage: UUID, cursor: str | None) -> str:
    if not cursor:
        return ""
    query = params.copy()
    query["cursor"] = cursor
    return f"{list_url(access.rtype.slug)}/column/{stage}?{query.urlencode()}"


def figures_of(access: Access, board: Board, params: QueryDict) -> dict[str, tuple[str, str, str]]:
    """{stage: (count, short sum, full sum)}, in the viewer's words; the sum only where the viewer may know it."""
    query = params.copy()
    query.pop(board.within, None)
    found = find(access, query)
    knows = board.total in access.readable()
    measures = read_measures(found, f"count,sum:{board.total}" if knows else "count")
    groups = aggregate(found, measures, read_group(found, board.by))
    fmt = access.actor.format
    told = {}
    for group in groups:
        if group.key:
            total = group.figures.get(f"sum:{board.total}")
            short = "" if total is None else fmt.money(total, compact=True)
            told[group.key] = (fmt.number(group.figures["count"]), short, "" if total is None else fmt.money(total))
    return told


def cards_of(access: Access, board: Board, rows: list[Any]) -> dict[UUID, dict[str, Any]]:
    """What a card says: label, who it is with, how much, what is next, whose it is."""
    known = access.shown()
    specs = [known[name] for name in (*board.card, *access.rtype.own_marked("on_card"), "tags") if name in known]
    shown = Shown(access, rows, specs)
    return {row.pk: _card(access, shown, specs, row) for row in rows}


def _card(access: Access, shown: Shown, specs: list[FieldSpec], row: Any) -> dict[str, Any]:
    fmt, move_label = access.actor.format, _("Move %(name)s to…")
    card: dict[str, Any] = {
        "id": row.pk, "version": row.version, "url": record_url(access.rtype.slug, row.pk),
        "title": row.label or _("(no name)"),
        "move": move_label % {"name": row.label}, "dots": icon("dots"), "fixed": not access.may("edit", row),
        "own": [],
    }  # fmt: skip
    for spec in specs:
        value = spec.value(row)
        if is_waiting(access.rtype, row, spec.name) and spec.name in access.readable():
            card["due"] = next_step(fmt, value)
            continue
        if value in (None, "", []):
            continue
        if spec.code or spec.kind.name == "masked":
            card["own"].append((label_of(spec), Cells(shown).html(row, spec)))
            continue
        if spec.kind.name == "money":
            card["value"], card["full"] = short_money(fmt, value), fmt.money(value)
        elif spec.kind.name == "member":
            card["owner"] = avatar(shown.text(row, spec), value)
        elif spec.kind.name == "tags":
            card["tags"] = Cells(shown).html(row, spec)
        elif spec.kind.name == "text":
            card["sub"], card["art"] = value, ""
        elif spec.kind.name == "relation":
            card["sub"], card["art"] = shown.text(row, spec), icon(spec.related_type.icon)
        elif spec.extra.get("due") and getattr(row, "is_open", True):
            card["due"] = due({"format": fmt}, value)  # type: ignore[arg-type]
    return card


def short_money(fmt: Format, value: Any) -> str:
    """At a glance; where the unit is a word after the figure, a card has no room to repeat it."""
    return fmt.money(value, compact=True).removesuffix(fmt.money_unit_name()).strip()


@require_safe
def column(request: HttpRequest, slug: str, stage: UUID) -> HttpResponse:
    """The next cards of a column."""
    access = access_to(request, slug)
    board = board_of(access)
    if not access.related(access.rtype.specs()[board.by]).filter(pk=stage).exists():
        raise Http404
    params = request.GET.copy()
    cursor = params.pop("cursor", [""])[0]
    try:
        shown = _found(access, board, params, stage).page(CARDS, cursor)
    except ValidationError as error:
        raise Http404 from error
    cards = cards_of(access, board, shown.rows)
    context = {
        "cards": [cards[row.pk] for row in shown.rows], "more_url": _more(access, params, stage, shown.next),
        "may_move": board.by in access.editable(),
    }  # fmt: skip
    return page(request, "web/_cards.html", context)
