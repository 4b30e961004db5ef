"""Pipelines and their stages, in the order that deals take."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_core.sales.models import Pipeline, Stage
from crm_core.sales.settings.moving import moves_under_way
from crm_core.sales.settings.order import last_position, shift
from kernel.access.actor import Actor
from kernel.records.change import create, delete
from kernel.records.people import one_at_a_time
from kernel.records.types import registry
from kernel.web.pages import go
from kernel.web.reach import editable_of
from kernel.web.settings.forms import NamedForm, bound, save
from kernel.web.settings.sections import page, part_of

HERE = "/settings/pipelines"
CRUMB = {"label": gettext_lazy("Pipelines"), "url": HERE}


def counts_of(actor: Actor) -> Counter[UUID]:
    """How many deals stand on each stage, of those in reach."""
    access = actor.access(registry["deals"])
    if "stage" not in access.readable():
        return Counter()
    return Counter(dict(access.records().order_by().values_list("stage").annotate(n=Count("pk"))))


@part_of("pipelines")
@require_GET
def pipelines(request: Any) -> HttpResponse:
    counts = counts_of(request.actor)
    moving = moves_under_way()
    stages: dict[UUID, list[dict[str, Any]]] = {}
    for stage in Stage.objects.alive().order_by("position", "pk"):
        rows = stages.setdefault(stage.pipeline_id, [])
        tone = {"won": "k-won", "lost": "k-lost"}.get(stage.kind, f"k{len(rows) % 5 + 1}")
        rows.append({"stage": stage, "count": counts[stage.pk], "tone": tone, "run": moving.get(str(stage.pk))})
    found = list(_access(request).records().order_by("position", "pk"))
    context = {
        "pipelines": [{"pipeline": row, "stages": stages.get(row.pk, [])} for row in found],
        "several": len(found) > 1,
    }
    return page(request, "sales/settings/pipelines.html", context)


@part_of("pipelines")
@require_http_methods(["GET", "POST"])
def new(request: Any) -> HttpResponse:
    """A pipeline begins with one stage of each kind, so that deals can be put into it at once."""
    access = _access(request)
    access.check("create")
    if request.method == "POST":
        one_at_a_time()
    form = bound(NamedForm, request, siblings=Pipeline.objects.alive())
    if form.is_valid():
        try:
            position = last_position(Pipeline.objects.alive()) + 1
            pipeline = create(access, {**form.values, "position": position})
            starters = (
                (_("New"), 10, Stage.Kind.OPEN),
                (_("Won"), 100, Stage.Kind.WON),
                (_("Lost"), 0, Stage.Kind.LOST),
            )
            stages = request.actor.access(registry["stages"])
            for place, (name, probability, kind) in enumerate(starters, 1):
                values = {"pipeline": pipeline.pk, "name": name, "probability": probability, "kind": kind}
                create(stages, {**values, "position": place})
        except ValidationError as error:
            form.take(error)
        else:
            return go(request, f"{HERE}#p-{pipeline.pk}", _("The pipeline is made. Give it its stages."), tone="good")
    context = {"form": form, "heading": _("New pipeline"), "crumbs": [CRUMB]}
    return page(request, "sales/settings/pipeline.html", context, form.status)


@part_of("pipelines")
@require_http_methods(["GET", "POST"])
def pipeline(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    found = editable_of(access, pk)
    if request.method == "POST":
        one_at_a_time()
    others = Pipeline.objects.alive().exclude(pk=pk)
    form = bound(NamedForm, request, siblings=others, initial={"name": found.name})
    if form.is_valid():
        if save(form, access, found):
            return go(request, HERE, _("Saved."), tone="good")
        found = editable_of(access, pk)
    context = {"form": form, "pipeline": found, "heading": found.name, "crumbs": [CRUMB]}
    return page(request, "sales/settings/pipeline.html", context, form.status)


@part_of("pipelines")
@require_POST
def move(request: Any, pk: UUID, step: str) -> HttpResponse:
    one_at_a_time()
    access = _access(request)
    found = editable_of(access, pk)
    rows = list(Pipeline.objects.alive().order_by("position", "pk"))
    shift(access, rows, found, -1 if step == "up" else 1)
    return go(request, f"{HERE}#p-{pk}")


@part_of("pipelines")
@require_POST
def remove(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    try:
        delete(access, editable_of(access, pk))
    except ValidationError as error:
        return go(request, f"{HERE}/{pk}", " ".join(error.messages), tone="bad")
    return go(request, HERE, _("The pipeline is deleted."))


def _access(request: Any) -> Any:
    return request.actor.access(registry["pipelines"])
