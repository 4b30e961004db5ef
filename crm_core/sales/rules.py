"""What follows from a deal's stage and from its lines."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm_core.sales.models import Deal, LostReason, Pipeline, Stage, StageTask
from kernel.access.actor import Access, Actor
from kernel.events.models import Event
from kernel.lib.money import currency_places
from kernel.lib.numbers import rounded
from kernel.records.afterwards import after_change
from kernel.records.kinds.relations import read_id
from kernel.records.specs import FieldSpec
from kernel.records.statements import is_kept, keep, rows_of


class Place(NamedTuple):
    """What a stage says about the deals that stand on it."""

    pk: UUID
    pipeline_id: UUID
    kind: str
    probability: Decimal
    has_tasks: bool


_STAGES = f"""
    SELECT s.id, s.pipeline_id, s.kind, s.probability,
        EXISTS (SELECT 1 FROM {StageTask._meta.db_table} t WHERE t.stage_id = s.id AND t.deleted_at IS NULL)
    FROM {Stage._meta.db_table} s JOIN {Pipeline._meta.db_table} p ON p.id = s.pipeline_id AND p.deleted_at IS NULL
    WHERE s.deleted_at IS NULL ORDER BY p.position, p.id, s.position, s.id
"""  # noqa: S608 - only our own names


class Stages:
    """The tenant's pipelines and stages, read once for an actor: they are few, deals are many."""

    def __init__(self) -> None:
        self.by_id: dict[UUID, Place] = {row[0]: Place(*row) for row in rows_of(_STAGES, [])}

    @cached_property
    def has_reasons(self) -> bool:
        return LostReason.objects.alive().exists()

    def first(self, pipeline: UUID, kind: str = Stage.Kind.OPEN) -> Place:
        """Where a deal of this pipeline enters, or closes as `kind`."""
        for stage in self.by_id.values():
            if stage.pipeline_id == pipeline and stage.kind == kind:
                return stage
        problem = _("This pipeline has no such stage. Add one in the settings.")
        raise ValidationError({"stage": ValidationError(problem, code="no_stage")})

    def first_pipeline(self) -> UUID:
        if not self.by_id:
            problem = _("There is no pipeline yet. Add one in the settings.")
            raise ValidationError({"pipeline": ValidationError(problem, code="no_pipeline")})
        return next(iter(self.by_id.values())).pipeline_id


def stages_of(actor: Actor) -> Stages:
    if "stages" not in actor.memo:
        actor.memo["stages"] = Stages()
    stages: Stages = actor.memo["stages"]
    return stages


@after_change
def forget_stages(access: Access, _changed: Sequence[tuple[Any, Event]]) -> None:
    """Somebody who changes several things at once meets their own stages."""
    if access.rtype.slug in ("pipelines", "stages", "stage-tasks"):
        access.actor.memo.pop("stages", None)


def kinds_of(actor: Actor, stages: Iterable[str]) -> set[str]:
    """What these stages, by their ids, make of a deal: open, won, lost."""
    wanted = {pk for text in stages if (pk := read_id(text))}
    return {stage.kind for stage in stages_of(actor).by_id.values() if stage.pk in wanted} if wanted else set()


def follow_stage(deal: Deal, actor: Actor, changed: set[str]) -> None:
    """Pipeline, status, probability and closing date in line with the stage."""
    stages = stages_of(actor)
    _place(deal, stages, changed)
    stage = stages.by_id.get(deal.stage_id)
    if stage is None:
        raise ValidationError({"stage": ValidationError(_("Choose a stage."), code="required")})
    is_closed_now = deal.status != stage.kind or deal.is_new
    is_moved = is_closed_now or "stage" in changed
    if is_moved and actor.via != "import":
        _hold(stage)
    deal.status = stage.kind
    if "probability" not in changed and is_moved:
        deal.probability = stage.probability
    if deal.opened_on is None and deal.is_new and actor.via != "import":
        deal.opened_on = actor.format.today()
    if stage.kind == Stage.Kind.OPEN:
        deal.lost_reason_id = None
        if "closed_on" not in changed:
            deal.closed_on = None
    elif deal.closed_on is None and actor.via != "import":
        deal.closed_on = actor.format.today()
    if stage.kind == Stage.Kind.WON:
        deal.lost_reason_id = None
    # A deal that an import brought as lost may go on without a reason until somebody touches that.
    asks_why = (is_closed_now or "lost_reason" in changed) and actor.via != "import"
    if stage.kind == Stage.Kind.LOST and not deal.lost_reason_id and asks_why and stages.has_reasons:
        raise ValidationError({"lost_reason": ValidationError(_("Say why it was lost."), code="required")})


def _hold(stage: Place) -> None:
    """Keep a stage until this deal stands on it: whoever deletes it waits, and then sees the deal."""
    if not is_kept(stage.pk) and not keep(Stage, [stage.pk]):
        raise ValidationError({"stage": ValidationError(_("Choose a stage."), code="required")})


def _place(deal: Deal, stages: Stages, changed: set[str]) -> None:
    """Settle pipeline and stage: either may be given alone, together they must fit."""
    stage = stages.by_id.get(deal.stage_id) if deal.stage_id else None
    if stage is None and deal.stage_id and "stage" in changed:  # deleted since somebody chose it
        raise ValidationError({"stage": ValidationError(_("Choose a stage."), code="required")})
    if stage and ("pipeline" not in changed or not deal.pipeline_id):
        deal.pipeline_id = stage.pipeline_id
    if not deal.pipeline_id:
        deal.pipeline_id = stages.first_pipeline()
    if stage is None or (stage.pipeline_id != deal.pipeline_id and "stage" not in changed):
        deal.stage_id = stages.first(deal.pipeline_id).pk
    elif stage.pipeline_id != deal.pipeline_id:
        problem = _("This stage belongs to another pipeline.")
        raise ValidationError({"stage": ValidationError(problem, code="other_pipeline")})


def follow_lines(deal: Deal, spec: FieldSpec, actor: Actor, changed: set[str]) -> None:
    """Line totals; and the amount, which is their sum while lines have prices, unless it was typed."""
    if "lines" not in changed and "amount" not in changed:
        return
    lines = [{**line, "total": line_total(line, deal.currency)} for line in spec.value(deal)]
    if "lines" in changed:
        spec.assign(deal, lines)
    total = lines_total(lines)
    if "amount" in changed:
        deal.amount_typed = deal.amount is not None and total is not None and deal.amount != total
    if not deal.amount_typed and total is not None:
        deal.amount = total


def line_total(line: dict[str, Any], currency: str) -> Decimal | None:
    """Rounded once, half up, to the currency's smallest unit."""
    if line.get("price") is None:
        return None
    gross = Decimal(line["quantity"] or 1) * Decimal(line["price"])
    net = gross * (100 - Decimal(line.get("discount") or 0)) / 100
    return rounded(net, currency_places(currency))


def lines_total(lines: Iterable[dict[str, Any]]) -> Decimal | None:
    totals = [line["total"] for line in lines if line["total"] is not None]
    return sum(totals, Decimal(0)) if totals else None
