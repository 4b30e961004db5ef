"""A change set: who did what to how many records, how far it is, what was refused, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from kernel.access.actor import Access, Actor
from kernel.lib.ids import uuid7
from kernel.records.change import NotFound
from kernel.records.change_sets import ChangeSet, change_set_of
from kernel.records.find import get
from kernel.records.kinds.relations import read_id
from kernel.records.show import Shown
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import cancel
from kernel.transfer import bulk, undoing
from kernel.transfer.models import Problem
from kernel.transfer.problems import has_problems, problems_file
from kernel.ui.polling import polled
from kernel.web.bulk import said
from kernel.web.controls import label_of
from kernel.web.pages import go, page, reload
from kernel.web.reach import record_url, wants_json, way_back
from kernel.web.toasts import toast_header

SHOWN = 50
KINDS = (bulk.KIND, undoing.KIND)
TONES = {"done": "good", "failed": "bad", "cancelled": "warn"}


@dataclass
class Kept:
    """One field that was changed since: now, what the change had made of it, and before that."""

    name: str
    label: str
    now: str
    done: str
    before: str


@dataclass
class Refused:
    problem: Problem
    label: str
    url: str
    reason: str
    fields: list[Kept] = field(default_factory=list)


def _found(request: HttpRequest, pk: UUID) -> tuple[Run | None, ChangeSet | None]:
    """The run of this id, if it is this member's to see, and what it did. A run that has done nothing yet has no
    changes, and many changes no run."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    run = Run.objects.filter(pk=pk, kind__in=KINDS).first()
    if run is not None and not (actor.may_system("*") or (actor.member and run.member_id == actor.member.pk)):
        run = None
    changes = change_set_of(actor, pk)
    if run is None and changes is None:
        raise Http404
    return run, changes


@require_safe
def show(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _page(request, *_found(request, pk))


def _page(request: HttpRequest, run: Run | None, changes: ChangeSet | None, problem: str = "") -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    refusal = changes.refusal() if changes else None
    after = read_id(request.GET.get("after", ""))
    lists = [_list_of(part, after) for part in changes.parts] if changes else []
    back = changes.undoing if changes else None
    context = {
        "heading": _heading(run, changes), "crumbs": [], "run": run, "changes": changes, "problem": problem,
        "lists": lists, "can_undo": changes is not None and refusal is None,
        "refusal": refusal[1] if refusal and refusal[0] not in ("undone", "open") else "", "back": back,
        "refused": _refused(actor, run, request) if run and not run.is_open else [],
        "has_problems": bool(run and has_problems(run)), "is_undo": bool(run and run.kind == undoing.KIND),
        "sentence": _sentence(actor, run), "tone": TONES.get(run.status, "") if run else "",
        "note": _note(actor, run) if run else "",
    }  # fmt: skip
    return page(request, "web/changes.html", context, 422 if problem else 200)


def _heading(run: Run | None, changes: ChangeSet | None) -> str:
    title = run.title if run else undoing.title_of(changes) if changes else ""
    return _("Taking back: %(what)s") % {"what": title} if run and run.kind == undoing.KIND else title


def _sentence(actor: Actor, run: Run | None) -> str:
    if run is None or run.is_open or run.kind == undoing.KIND:
        return _undone(actor, run) if run and not run.is_open else ""
    text, _tone = said(actor.access(registry[run.params["type"]]), run)
    fmt, skipped = actor.format, run.counts.get("skipped", 0)
    if skipped:
        more = ngettext("%(count)s no longer matched.", "%(count)s no longer matched.", skipped)
        text = f"{text} {more % {'count': fmt.number(skipped)}}"
    return text


def _undone(actor: Actor, run: Run) -> str:
    undone, kept = run.counts.get("undone", 0), run.counts.get("conflicts", 0)
    told = ngettext("%(count)s change was taken back.", "%(count)s changes were taken back.", undone)
    text = told % {"count": actor.format.number(undone)}
    if kept:
        more = ngettext("%(count)s record kept what is newer.", "%(count)s records kept what is newer.", kept)
        text = f"{text} {more % {'count': actor.format.number(kept)}}"
    return text


def _note(actor: Actor, run: Run) -> str:
    fmt = actor.format
    return f"{fmt.number(run.done)} / {fmt.number(run.total)}" if run.total else ""


def _list_of(part: Any, after: UUID | None) -> dict[str, Any]:
    rows = part.records(after, SHOWN + 1)
    more, rows = len(rows) > SHOWN, rows[:SHOWN]
    return {
        "rtype": part.rtype, "count": part.count,
        "rows": [
            (row.label or _("(no name)"), "" if row.deleted_at else record_url(part.rtype.slug, row.pk)) for row in rows
        ],
        "next": f"?after={rows[-1].pk}" if more else "",
    }  # fmt: skip


def _refused(actor: Actor, run: Run, request: HttpRequest) -> list[Refused]:
    """The first of what was not done, of records in reach; of fields that were kept those that may be read."""
    found = []
    for problem in undoing.conflicts_of(run, limit=SHOWN):
        slug, pk = _about(run, problem)
        access = actor.access(registry[slug])
        record = get(access, UUID(pk)) or get(access, UUID(pk), deleted=True) if access.may("view") else None
        if record is None:
            continue
        fields = _kept_fields(access, record, problem.cells[4]["values"]) if run.kind == undoing.KIND else []
        if run.kind == undoing.KIND and problem.cells[4]["values"] and not fields:
            continue  # nothing of it is this viewer's to know
        url = "" if record.deleted_at else record_url(slug, record.pk)
        reason = "" if fields else " ".join(problem.reasons)
        found.append(Refused(problem, record.label or _("(no name)"), url, reason, fields))
    return found


def _about(run: Run, problem: Problem) -> tuple[str, str]:
    """The record's type and id."""
    if run.kind == undoing.KIND:
        return problem.cells[4]["type"], problem.cells[4]["id"]
    return run.params["type"], problem.cells[1]


def _kept_fields(access: Access, record: Any, values: dict[str, list[Any]]) -> list[Kept]:
    readable = access.readable()
    specs = [readable[name] for name in values if name in readable]
    shown = Shown(access, [record], specs)
    told = {spec.name: [spec.kind.restore(spec, value) for value in values[spec.name]] for spec in specs}
    wanted: dict[str, set[UUID]] = {}
    for spec in specs:
        for value in told[spec.name]:
            for slug, pk in spec.kind.references(spec, value):
                wanted.setdefault(slug, set()).add(pk)
    shown.labels.load(wanted)
    return [
        Kept(
            spec.name, label_of(spec), shown.text(record, spec) or "–",
            shown.value_text(spec, told[spec.name][1]) or "–", shown.value_text(spec, told[spec.name][0]) or "–",
        )
        for spec in specs
    ]  # fmt: skip


@require_safe
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    run, _changes = _found(request, pk)
    if run is None:
        raise Http404
    note = _note(request.actor, run)  # type: ignore[attr-defined]
    return polled(page(request, "web/_changes_progress.html", {"run": run, "note": note}), run)


@require_POST
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    run, _changes = _found(request, pk)
    if run is None:
        raise Http404
    cancel(run)
    return go(request, f"/changes/{pk}")


@require_safe
def problems(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Only for whoever did it: it names the fields that they may read."""
    run, _changes = _found(request, pk)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if run is None or not actor.member or run.member_id != actor.member.pk:
        raise Http404
    return problems_file(run)


@require_POST
def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """By a toast, or the button of the page."""
    run, changes = _found(request, pk)
    if changes is None:
        return _page(request, run, None, _("This changed nothing that can be taken back."))
    try:
        back = undoing.start_undo(changes)
    except ValidationError as error:
        if wants_json(request):
            response = HttpResponse(status=422)
            response["HX-Trigger"] = toast_header(" ".join(error.messages), tone="warn")
            return response
        return _page(request, run, changes, " ".join(error.messages))
    if back.is_open:
        return go(request, f"/changes/{back.pk}") if not wants_json(request) else _on_to(back)
    text = _undone(changes.actor, back)
    kept = back.counts.get("conflicts")
    more = {"tone": "warn", "url": f"/changes/{back.pk}"} if kept else {"tone": "good"}
    if back.counts.get("undone"):
        more["undo"] = f"/changes/{back.pk}/undo"
    if wants_json(request):
        return reload(text, **more)
    return go(request, way_back(request, f"/changes/{back.pk}"), text, **more)


def _on_to(run: Run) -> HttpResponse:
    response = HttpResponse(status=200)
    response["HX-Redirect"] = f"/changes/{run.pk}"
    return response


@require_POST
def restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put the chosen fields back whatever stands there now: `field` is CONFLICT:NAME."""
    run, changes = _found(request, pk)
    if run is None or run.kind != undoing.KIND:
        raise Http404
    actor: Actor = request.actor  # type: ignore[attr-defined]
    chosen: dict[int, set[str]] = {}
    for text in request.POST.getlist("field")[: SHOWN * 20]:
        number, _sep, name = text.partition(":")
        if number.isascii() and number.isdigit() and len(number) < 18:
            chosen.setdefault(int(number), set()).add(name)
    if not chosen:
        return _page(request, run, changes, _("Choose at least one field."))
    change_set, told = uuid7(), []
    for problem in Problem.objects.filter(run=run, pk__in=chosen):
        try:
            with transaction.atomic():
                undoing.restore_anyway(actor, run, problem, chosen[problem.pk], change_set)
        except (ValidationError, PermissionDenied) as error:
            told += error.messages if isinstance(error, ValidationError) else [str(error)]
        except NotFound:
            told.append(_("There is no such record, or it is not yours to see."))
    if told:
        return _page(request, run, changes, " ".join(dict.fromkeys(told)))
    return go(request, f"/changes/{pk}", _("Put back."), tone="good", undo=f"/changes/{change_set}/undo")
