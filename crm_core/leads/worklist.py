"""Leads that nobody has dealt with in time, for whoever has to."""

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.records.show import Shown
from kernel.records.types import registry
from kernel.web.reach import record_url
from kernel.web.worklist import Item, Waiting, add_waiting

MOST = 6


@add_waiting
def late_leads(actor: Actor) -> Waiting | None:
    """Mine, and those of my teams that are nobody's yet."""
    access = actor.access(registry["leads"])
    readable = access.readable()
    if actor.member is None or not access.may("view") or "intake_due_at" not in readable:
        return None
    mine = Q(owner=actor.member) | Q(owner=None, team__in=actor.team_ids)
    rows = access.records().filter(mine, intake_due_at__lte=timezone.now()).order_by("intake_due_at", "pk")[:MOST]
    specs = [readable[name] for name in ("company_name", "source") if name in readable]
    shown = Shown(access, list(rows), specs)
    items = [
        Item(
            record_url("leads", row.pk), row.label, " · ".join(filter(None, (shown.text(row, s) for s in specs))),
            row.intake_due_at,
        )
        for row in shown.rows
    ]  # fmt: skip
    late = "/r/leads?view=list&intake_due_at=overdue&sort=intake_due_at"
    return Waiting(_("Leads waiting for an answer"), "target", items, late)
