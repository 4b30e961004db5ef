"""The stages of a pipeline: their names, order, probabilities, and their end."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_core.sales.models import Deal, Pipeline, Stage
from crm_core.sales.settings.forms import StageForm, TargetForm
from crm_core.sales.settings.moving import KIND, delete_stage, moves_under_way, targets
from crm_core.sales.settings.order import last_position, shift
from crm_core.sales.settings.pipelines import CRUMB, HERE, counts_of
from kernel.access.actor import Actor
from kernel.records.change import create, edit
from kernel.records.people import one_at_a_time
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.web.pages import go
from kernel.web.settings.forms import bound, save
from kernel.web.settings.sections import may_set_up, page, part_of


@part_of("pipelines")
@require_http_methods(["GET", "POST"])
def new(request: Any, pipeline: UUID) -> HttpResponse:
    access = _access(request)
    access.check("create")
    parent = Pipeline.objects.alive().filter(pk=pipeline).first()
    if parent is None:
        raise Http404
    if request.method == "POST":
        one_at_a_time()
    siblings = Stage.objects.alive().filter(pipeline=parent)
    form = bound(StageForm, request, siblings=siblings, access=access, initial={"kind": Stage.Kind.OPEN})
    if form.is_valid():
        try:
            _insert(access, parent, list(siblings.order_by("position", "pk")), form.values)
        except ValidationError as error:
            form.take(error)
        else:
            return go(request, f"{HERE}#p-{parent.pk}", _("The stage is added."), tone="good")
    context = {"form": form, "pipeline": parent, "heading": _("New stage"), "crumbs": [CRUMB]}
    return page(request, "sales/settings/stage.html", context, form.status)


def _insert(access: Any, pipeline: Pipeline, rows: list[Stage], values: dict[str, Any]) -> None:
    """Behind the last stage of its kind: an open one stands before won and lost."""
    same = [row for row in rows if row.kind == values["kind"]]
    at = rows.index(same[-1]) + 1 if same else len(rows)
    for position, row in enumerate(rows, 1):
        wanted = position if position <= at else position + 1
        if row.position != wanted:
            edit(access, row, {"position": wanted})
    create(access, {**values, "pipeline": pipeline.pk, "position": at + 1 if rows else last_position(rows) + 1})


@part_of("pipelines")
@require_http_methods(["GET", "POST"])
def stage(request: Any, pk: UUID) -> HttpResponse:
    access, found = _access(request), _stage(request, pk)
    if request.method == "POST":
        one_at_a_time()
    siblings = Stage.objects.alive().filter(pipeline=found.pipeline_id).exclude(pk=pk)
    initial = {"name": found.name, "kind": found.kind, "probability": found.probability.normalize()}
    form = bound(StageForm, request, siblings=siblings, access=access, initial=initial)
    if form.is_valid():
        if save(form, access, found):
            return go(request, f"{HERE}#p-{found.pipeline_id}", _("Saved."), tone="good")
        found = _stage(request, pk)
    context = {"form": form, "stage": found, "pipeline": found.pipeline, "heading": found.name, "crumbs": [CRUMB]}
    context |= _playbook(request.actor, found)
    return page(request, "sales/settings/stage.html", context, form.status)


@part_of("pipelines")
@require_POST
def move(request: Any, pk: UUID, step: str) -> HttpResponse:
    one_at_a_time()
    found = _stage(request, pk)
    rows = list(Stage.objects.alive().filter(pipeline=found.pipeline_id).order_by("position", "pk"))
    shift(_access(request), rows, found, -1 if step == "up" else 1)
    return go(request, f"{HERE}#p-{found.pipeline_id}")


@part_of("pipelines")
@require_http_methods(["GET", "POST"])
def remove(request: Any, pk: UUID) -> HttpResponse:
    """Asks where its deals shall go, if there are any."""
    if request.method == "POST":
        one_at_a_time()
    found = _stage(request, pk)
    run = moves_under_way().get(str(pk))
    is_used = Deal.objects.alive().filter(stage=found).exists()
    choices = targets(found)
    form = bound(TargetForm, request, targets=choices)
    form.fields["target"].required = is_used
    if run is None and form.is_valid():
        target = form.stage_id if form.cleaned_data["target"] else choices[0].pk if choices else None
        try:
            run = delete_stage(request.actor, found, target)
        except ValidationError as error:
            form.take(error)
            found = _stage(request, pk)
        else:
            if run is None:
                return go(request, f"{HERE}#p-{found.pipeline_id}", _("The stage is deleted."))
            return go(request, f"/settings/stages/{pk}/delete")
    context = {
        "form": form,
        "stage": found,
        "is_used": is_used,
        "count": counts_of(request.actor)[found.pk],
        "can": bool(choices),
        "run": run,
        "failed": _failed(pk),
        "poll_url": f"/settings/stages/{pk}/moving",
        "heading": _("Delete %(name)s") % {"name": found.name},
        "crumbs": [CRUMB, {"label": found.name, "url": f"/settings/stages/{pk}"}],
    }
    return page(request, "sales/settings/stage_delete.html", context, form.status if run is None else 200)


@part_of("pipelines")
@require_GET
def moving(request: Any, pk: UUID) -> HttpResponse:
    """The progress bar. When the deals have gone the page goes back to the pipelines."""
    run = Run.objects.filter(kind=KIND, params__from=str(pk)).order_by("-pk").first()
    if run is None:
        raise Http404
    response = render(request, "settings/_handover.html", {"run": run, "poll_url": request.path})
    if run.status == Run.Status.DONE:
        response["HX-Redirect"] = HERE
    elif not run.is_open:
        response["HX-Refresh"] = "true"
    return response


def _failed(pk: UUID) -> str:
    """Why the last attempt did not end well."""
    run = Run.objects.filter(kind=KIND, params__from=str(pk)).order_by("-pk").first()
    return run.error if run is not None and run.status == Run.Status.FAILED else ""


def _playbook(actor: Actor, stage: Stage) -> dict[str, Any]:
    """The tasks that a deal is given here, and where one is added."""
    access = actor.access(registry["stage-tasks"])
    if not may_set_up(actor, "stage-tasks"):
        return {}
    rows = access.records().filter(stage=stage).select_related("assignee").order_by("due_days", "pk")
    back = urlencode({"next": f"/settings/stages/{stage.pk}"})
    return {"tasks": list(rows), "back": back, "add_task": f"/r/stage-tasks/new?stage={stage.pk}&{back}"}


def _access(request: Any) -> Any:
    return request.actor.access(registry["stages"])


def _stage(request: Any, pk: UUID) -> Any:
    rows = _access(request).records("edit").select_related("pipeline")
    found = rows.filter(pk=pk, pipeline__deleted_at=None).first()
    if found is None:
        raise Http404
    return found
