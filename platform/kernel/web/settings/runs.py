"""The handover: everything one member owns goes to another, in chunks, as one change set."""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.access.models import Member, Team
from kernel.records.bulk import BATCH, Item, change_many
from kernel.records.change import edit
from kernel.records.types import RecordType, registry
from kernel.runs.work import Work, runner
from kernel.web.settings.people import owned, owned_types


@runner("handover")
def hand_over(work: Work) -> None:
    """Taken up where it was: each chunk commits with the last record it moved."""
    leaver, successor = UUID(work.params["from"]), UUID(work.params["to"])
    with work.chunk() as run:
        if not Member.objects.alive().filter(pk=successor, active=True).exists():
            raise ValidationError(_("Whoever was to take over is no longer active. Choose somebody else."))
        if run.total is None:
            run.total = sum(owned(work.actor, rtype, leaver).count() for rtype in owned_types())
            run.counts = {"moved": 0, "refused": 0}
            _hand_over_people(work.actor, leaver, successor, run.pk)
    for rtype in owned_types():
        while _move_some(work, rtype, leaver, successor):
            pass


def _move_some(work: Work, rtype: RecordType, leaver: UUID, successor: UUID) -> bool:
    with work.chunk() as run:
        rows = owned(work.actor, rtype, leaver).order_by("pk")
        if last := work.state.get(rtype.slug):
            rows = rows.filter(pk__gt=last)
        items = [Item({"owner": successor}, record) for record in rows[:BATCH]]
        if not items:
            return False
        last = str(items[-1].record.pk)
        change_many(work.actor.access(rtype), items, change_set=run.pk)
        refused = sum(1 for item in items if item.error)
        work.state[rtype.slug] = last
        run.done += len(items)
        run.counts["moved"] += len(items) - refused
        run.counts["refused"] += refused
    return True


def _hand_over_people(actor: Actor, leaver: UUID, successor: UUID, change_set: UUID) -> None:
    """The teams they led, the members who reported to them."""
    teams, members = registry["teams"], registry["members"]
    for team in Team.objects.alive().filter(lead=leaver):
        edit(actor.access(teams), team, {"lead": successor}, change_set=change_set)
    for member in Member.objects.alive().filter(manager=leaver):
        heir = successor if member.pk != successor else None
        edit(actor.access(members), member, {"manager": heir}, change_set=change_set)
