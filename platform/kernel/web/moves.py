"""Moving a record to another stage: by the board's script, by a form, and what a stage asks for first."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kernel.access.actor import Access
from kernel.records.change import NotFound, Stale, check_editable, edit
from kernel.records.kinds.relations import read_id
from kernel.records.show import Shown
from kernel.records.types import Board
from kernel.web.board import board_of, cards_of, figures_of
from kernel.web.controls import Controls
from kernel.web.edit import posted_version
from kernel.web.pages import go, list_crumb, page, reload
from kernel.web.posted import typed
from kernel.web.reach import access_to, record_of, record_url, wants_json


@require_POST
def move_card(request: HttpRequest, slug: str) -> HttpResponse:
    """From the board's script: id, version, to."""
    pk = read_id(request.POST.get("id", ""))
    if pk is None:
        raise Http404
    return _move(request, slug, pk)


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """GET is the small form for what a stage requires; POST moves."""
    if request.method == "POST":
        return _move(request, slug, pk)
    access = access_to(request, slug)
    record = record_of(access, pk)
    access.check("edit", record)
    return _ask(request, access, record, request.GET.get("to", ""), request.GET.getlist("field"), {}, [])


def _move(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    board = board_of(access)
    record = record_of(access, pk)
    access.check("edit", record)
    to, by = request.POST.get("to", ""), access.rtype.specs()[board.by]
    before = by.value(record)
    asked = request.POST.getlist("field")
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    try:
        check_editable(access, asked, record)
        values[board.by] = by.parse(to, access)
        for name in asked:
            values[name] = access.editable()[name].parse(typed(request.POST, name), access)
        edit(access, record, values, posted_version(request))
    except Stale as stale:
        text = _("Somebody changed %(label)s meanwhile. Look at it again, then move it.")
        return _refused(request, record, slug, text % {"label": stale.record.label}, 409)
    except NotFound as error:
        raise Http404 from error
    except ValidationError as error:
        errors = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        missing = [name for name in errors if name in access.editable() and name != board.by]
        general = [m for name, messages in errors.items() if name not in missing for m in messages]
        if missing and wants_json(request):
            url = f"{record_url(slug, pk)}/move?to={to}" + "".join(f"&field={name}" for name in missing)
            return JsonResponse({"form": url, "message": " ".join(m for n in missing for m in errors[n])}, status=422)
        if missing:
            return _ask(request, access, record, to, missing, errors if asked else {}, general, 422)
        return _refused(request, record, slug, " ".join(general), 422)
    return _moved(request, access, board, record, before)


def _refused(request: HttpRequest, record: Any, slug: str, text: str, status: int) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"message": text}, status=status)
    if request.headers.get("HX-Request"):
        return reload(text, tone="bad")
    return go(request, record_url(slug, record.pk), text, tone="bad")


def _moved(request: HttpRequest, access: Access, board: Board, record: Any, before: UUID | None) -> HttpResponse:
    by = access.rtype.specs()[board.by]
    after = by.value(record)
    shown = Shown(access, [record], [by])
    text = _("%(label)s moved to %(stage)s") % {"label": record.label, "stage": shown.text(record, by)}
    if not wants_json(request):
        if request.headers.get("HX-Request"):
            return reload(text, tone="good")
        return go(request, record_url(access.rtype.slug, record.pk), text, tone="good")
    try:
        totals = figures_of(access, board, request.GET.copy())
    except ValidationError:
        totals = figures_of(access, board, QueryDict())
    none = (access.actor.format.number(0), access.actor.format.money(0, compact=True) if board.total else "", "")
    columns = {}
    for pk in {before, after} - {None}:
        count, short, full = totals.get(str(pk), none)
        columns[str(pk)] = {"count": count, "sum": short if board.total in access.readable() else "", "full": full}
    card = cards_of(access, board, [record])[record.pk]
    html = render_to_string("web/_card.html", {"card": card, "may_move": True, "format": access.actor.format}, request)
    return JsonResponse({"version": record.version, "columns": columns, "card": html})


def _ask(
    request: HttpRequest, access: Access, record: Any, to: str, names: list[str], errors: dict[str, list[str]],
    general: list[str], status: int = 200,
) -> HttpResponse:  # fmt: skip
    board = board_of(access)
    by = access.rtype.specs()[board.by]
    try:
        stage = access.related(by).filter(pk=by.parse(to, access)).first()
    except ValidationError:
        stage = None
    if stage is None:
        raise Http404
    controls = Controls(access)
    specs = [access.editable()[name] for name in names if name in access.editable()]
    fields = [
        controls.field(
            spec,
            typed(request.POST, spec.name) if request.method == "POST" else spec.value(record),
            errors=errors.get(spec.name, []),
            required=True,
            id=f"v-{spec.name}",
        )
        for spec in specs
    ]
    url = record_url(access.rtype.slug, record.pk)
    context = {
        "heading": _("Move to %(stage)s") % {"stage": stage.label}, "fields": fields, "general": general,
        "url": f"{url}/move", "hidden": [("to", to), *(("field", spec.name) for spec in specs)], "cancel": url,
        "version": posted_version(request) or record.version, "submit": _("Move"), "text": record.label,
        "crumbs": [list_crumb(access.rtype), {"label": record.label, "url": url}],
    }  # fmt: skip
    template = "web/_ask.html" if request.headers.get("HX-Request") else "web/ask.html"
    return page(request, template, context, status)
