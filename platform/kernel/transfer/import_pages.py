"""An import's pages once it has begun: progress, questions, result, undo. And the list of all imports."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.access.actor import Actor
from kernel.records.people import as_seen
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import cancel
from kernel.transfer import answering, imports
from kernel.transfer.drafts import KEPT, discard, drafts
from kernel.transfer.problems import has_problems, problems_file
from kernel.transfer.questions import Question, questions_of, read_answers
from kernel.ui.polling import polled

SHOWN_PROBLEMS = 20
HISTORY = 50
TONES = {"done": "good", "failed": "bad", "waiting": "warn", "running": "accent", "queued": "accent"}


def actor_of(request: HttpRequest) -> Actor:
    actor: Actor = request.actor
    actor.check_system("import")
    return actor


def run_of(actor: Actor, pk: UUID, kind: str = "import") -> Run:
    """My own run; whoever has every right sees everybody's."""
    runs = Run.objects.filter(pk=pk, kind=kind)
    run = (runs if actor.may_system("*") else runs.filter(member=actor.member)).first()
    if run is None:
        raise Http404
    return as_seen(actor, run)


@require_GET
def history(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    runs = Run.objects.filter(kind="import").select_related("member").order_by("-pk")
    if not actor.may_system("*"):
        runs = runs.filter(member=actor.member)
    waiting = [_row(run, None) for run in drafts().filter(member=actor.member).order_by("-pk")[:HISTORY]]
    shown = list(runs.exclude(pk__in=drafts().values("pk"))[:HISTORY])
    undoing = Run.objects.in_bulk([run.params["undo"] for run in shown if run.params.get("undo")])
    rows = [_row(run, undoing.get(UUID(run.params["undo"])) if run.params.get("undo") else None) for run in shown]
    context = {"heading": _("Imports"), "rows": rows, "drafts": waiting, "kept_days": KEPT.days}
    return render(request, "transfer/imports.html", context)


def _row(run: Run, undoing: Run | None) -> dict[str, Any]:
    rtype = registry.get(run.params["type"])
    counts = {name: run.counts.get(name, 0) for name in ("created", "updated", "refused")}
    label = rtype.label_plural if rtype else run.params["type"]
    return {"run": run, "type": label, **state_of(run, undoing), "counts": counts}


def undoing_of(run: Run) -> Run | None:
    """The run that takes an import back, or did."""
    return Run.objects.filter(pk=run.params["undo"]).first() if run.params.get("undo") else None


def state_of(run: Run, undoing: Run | None) -> dict[str, Any]:
    """An import's state in a word, and how to feel about it."""
    if run.undone_at:
        return {"state": _("Taking back") if undoing and undoing.is_open else _("Taken back"), "tone": ""}
    return {"state": run.get_status_display(), "tone": TONES.get(run.status, "")}


@require_GET
def show(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = actor_of(request)
    run = run_of(actor, pk)
    if run.status == Run.Status.WAITING and not imports.is_begun(run):
        return redirect("import-columns", run.pk)
    return _page(request, actor, run)


def _page(
    request: HttpRequest, actor: Actor, run: Run, questions: list[Question] | None = None, problem: str = ""
) -> HttpResponse:
    undoing = undoing_of(run)
    rtype = registry[run.params["type"]]
    if run.status == Run.Status.WAITING and questions is None:
        questions = questions_of(run, actor)
    context = {
        "heading": run.title,
        "crumbs": [{"label": _("Imports"), "url": "/imports"}],
        "run": run,
        "type": rtype,
        **state_of(run, undoing),
        "undoing": undoing,
        "counts": _counts(run),
        "has_problems": has_problems(run),
        "undo_has_problems": bool(undoing and has_problems(undoing)),
        "problem_rows": list(run.problems.order_by("pk")[:SHOWN_PROBLEMS]),
        "can_undo": imports.can_undo(run),
        "questions": questions or [],
        "question_total": run.state.get("unresolved_total", 0),
        "more_questions": max(0, run.state.get("unresolved_total", 0) - len(run.state.get("unresolved", []))),
        "problem": problem,
        "note": progress_note(run, actor),
    }
    return render(request, "transfer/import.html", context, status=422 if problem else 200)


def _counts(run: Run) -> list[dict[str, Any]]:
    labels = {
        "created": (_("Created"), "good"),
        "updated": (_("Updated"), "good"),
        "skipped": (_("Left as they were"), ""),
        "refused": (_("Refused"), "bad"),
        "made": (_("Made for relations"), "good"),
        "incomplete": (_("Not linked"), "warn"),
    }
    always = ("created", "updated", "refused")
    return [
        {"label": label, "value": run.counts.get(name, 0)}
        for name, (label, _tone) in labels.items()
        if name in always or run.counts.get(name)
    ]


def progress_note(run: Run, actor: Actor) -> str:
    if not run.total:
        return ""
    done, total = actor.format.number(run.done), actor.format.number(run.total)
    return ngettext("%(done)s of %(total)s row", "%(done)s of %(total)s rows", run.total) % {
        "done": done,
        "total": total,
    }


@require_GET
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress bar, asked for each second; the whole page once something else is to be shown."""
    actor = actor_of(request)
    run = run_of(actor, pk)
    undoing = undoing_of(run)
    shown = undoing or run
    context = {"run": run, "shown": shown, "note": progress_note(shown, actor)}
    return polled(render(request, "transfer/_progress.html", context), shown)


@require_POST
def answers(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = actor_of(request)
    run = run_of(actor, pk)
    questions = questions_of(run, actor)
    given = read_answers(request.POST, questions)
    if not given:
        return _page(request, actor, run, questions, _("Choose an answer for at least one of them."))
    try:
        answering.answer(run, actor, given)
    except ValidationError as error:
        run.refresh_from_db()
        return _page(request, actor, run, questions, " ".join(error.messages))
    return redirect("import", run.pk)


@require_POST
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = run_of(actor_of(request), pk)
    if imports.is_begun(run):
        cancel(run)
        return redirect("import", run.pk)
    try:
        discard(run)
    except ValidationError:  # begun a moment ago, in another window
        return redirect("import", run.pk)
    return redirect("imports")


@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks first, and says what will happen."""
    actor = actor_of(request)
    run = run_of(actor, pk)
    if request.method == "GET":
        crumbs = [{"label": _("Imports"), "url": "/imports"}, {"label": run.title, "url": f"/imports/{run.pk}"}]
        context = {"heading": _("Take this import back?"), "run": run, "crumbs": crumbs, "counts": run.counts}
        return render(request, "transfer/undo.html", context)
    try:
        imports.undo_import(run, actor)
    except ValidationError as error:
        return _page(request, actor, run, problem=" ".join(error.messages))
    return redirect("import", run.pk)


@require_GET
def problems(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    run = run_of(actor_of(request), pk)
    if "undo" in request.GET and run.params.get("undo"):
        run = Run.objects.get(pk=run.params["undo"], kind="undo")
    return problems_file(run)
