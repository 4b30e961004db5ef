"""Whoever has to answer a lead is told when its time is over."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crm_core.teamwork.preferences import LATE_LEAD
from crm_core.teamwork.reminders import watch
from kernel.access.models import Member


def answerers(lead: Any) -> Sequence[UUID]:
    """Its owner; while it is nobody's, the members of its team."""
    if lead.owner_id:
        return [lead.owner_id]
    if lead.team_id is None:
        return []
    return list(Member.objects.alive().filter(teams=lead.team_id, active=True).values_list("pk", flat=True))


watch("leads", "intake_due_at", LATE_LEAD, answerers)
