"""Emptying a stage so that it can be deleted: at once when few deals are on it, else as a run."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm_core.sales.models import Deal, Stage
from kernel.access.actor import Actor
from kernel.lib.ids import uuid7
from kernel.records.bulk import BATCH, Item, change_many
from kernel.records.change import delete, edit
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import Work, start

KIND = "stage-move"
AT_ONCE = 200


def targets(stage: Stage) -> list[Stage]:
    """Where its deals may go without being won, lost or reopened by it."""
    same = Stage.objects.alive().filter(pipeline=stage.pipeline_id, kind=stage.kind).exclude(pk=stage.pk)
    return list(same.order_by("position", "pk"))


def moves_under_way() -> dict[str, Run]:
    """The open runs, by the stage they empty."""
    runs = Run.objects.filter(kind=KIND, status__in=[Run.Status.QUEUED, Run.Status.RUNNING])
    return {run.params["from"]: run for run in runs}


def delete_stage(actor: Actor, stage: Stage, target: UUID | None) -> Run | None:
    """Delete the stage once its deals are on `target`. Answers the run where there are many."""
    on_it = actor.access(registry["deals"]).records("edit").filter(stage=stage.pk)
    count = on_it.count()
    if count > AT_ONCE:
        title = _("Moving deals away from %(stage)s") % {"stage": stage.name}
        params = {"from": str(stage.pk), "to": str(target)}
        return start(KIND, actor, title[:200], params, total=count, counts={"moved": 0, "refused": 0})
    change_set = uuid7()
    if target is not None:
        _move_trash(actor, stage.pk, target, change_set)
        problems = _move(actor, list(on_it.order_by("pk")), target, change_set)
        if problems:
            raise problems[0]
    delete(actor.access(registry["stages"]), stage, change_set=change_set)
    return None


def empty_stage(work: Work) -> None:
    """The run: chunk by chunk, and at the end the stage itself."""
    stage, target = UUID(work.params["from"]), UUID(work.params["to"])
    with work.chunk():
        if not Stage.objects.alive().filter(pk=target).exists():
            raise ValidationError(_("The stage that the deals were to go to is gone. Choose another one."))
    while True:
        with work.chunk() as run:
            rows = work.actor.access(registry["deals"]).records("edit").filter(stage=stage).order_by("pk")
            if last := work.state.get("last"):
                rows = rows.filter(pk__gt=last)
            batch = list(rows[:BATCH])
            if not batch:
                break
            work.state["last"] = str(batch[-1].pk)
            refused = len(_move(work.actor, batch, target, run.pk))
            run.done += len(batch)
            run.counts["moved"] += len(batch) - refused
            run.counts["refused"] += refused
    with work.chunk() as run:
        found = Stage.objects.alive().filter(pk=stage).first()
        if found is not None:
            _move_trash(work.actor, stage, target, run.pk)
            delete(work.actor.access(registry["stages"]), found, change_set=run.pk)


def _move(actor: Actor, deals: list[Any], target: UUID, change_set: UUID) -> list[ValidationError]:
    items = [Item({"stage": target}, deal) for deal in deals]
    for start_at in range(0, len(items), BATCH):
        change_many(actor.access(registry["deals"]), items[start_at : start_at + BATCH], change_set=change_set)
    return [item.error for item in items if item.error]


def _move_trash(actor: Actor, stage: UUID, target: UUID, change_set: UUID) -> None:
    """Deals in the trash too: restored later, they need a stage to stand on."""
    access = actor.access(registry["deals"])
    for deal in Deal.objects.deleted().filter(stage=stage):
        edit(access, deal, {"stage": target}, change_set=change_set)
