"""What one may do with a deal beside editing it."""

from typing import Any
from uuid import UUID

from crm_core.sales.models import Deal, Stage
from crm_core.sales.rules import stages_of
from kernel.access.actor import Access
from kernel.records.change import assign, change


def win(deal: Deal, access: Access, version: int | None = None, **values: Any) -> Deal:
    """Close as won, today unless `closed_on` says when."""
    return _close(deal, access, Stage.Kind.WON, "deal.won", version, values)


def lose(deal: Deal, access: Access, version: int | None = None, **values: Any) -> Deal:
    """Close as lost, for a `lost_reason`."""
    return _close(deal, access, Stage.Kind.LOST, "deal.lost", version, values)


def _close(deal: Deal, access: Access, kind: str, event: str, version: int | None, values: dict[str, Any]) -> Deal:
    with change(deal, event, access, version=version, given={"stage", *values}):
        deal.stage_id = stages_of(access.actor).first(deal.pipeline_id, kind).pk
        assign(access, deal, values)
    return deal


def reopen(deal: Deal, access: Access, version: int | None = None, stage: UUID | None = None) -> Deal:
    """Back to work: to `stage`, else to the first of its pipeline."""
    with change(deal, "deal.reopened", access, version=version, given={"stage"}):
        deal.stage_id = stage or stages_of(access.actor).first(deal.pipeline_id).pk
    return deal
