"""Who a change mentions that was not mentioned before, and whether they may see where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm_core.teamwork.notifying import may_know
from kernel.access.actor import actor_for
from kernel.access.models import Member
from kernel.events.models import Event
from kernel.lib.mentions import mentioned
from kernel.lib.text import isolated
from kernel.records.mentioning import takes_mentions
from kernel.records.types import RecordType

Found = dict[str, set[UUID]]


def fresh(rtype: RecordType, event: Event) -> Found:
    """{field: members} that this event has mentioned for the first time."""
    found: Found = {}
    for name, values in event.changes.items():
        before, after = values[0], values[-1]
        if isinstance(after, str) and "@[" in after:
            spec = rtype.specs().get(name)
            if spec and takes_mentions(spec) and (new := mentioned(after) - mentioned(before)):
                found[name] = new
    return found


def members_of(found: Found) -> set[UUID]:
    return {pk for members in found.values() for pk in members}


def check(rtype: RecordType, record: Any, found: Found) -> None:
    """Refuse to mention somebody who does not work here, or who would not see what they are mentioned in."""
    members = {member.pk: member for member in Member.objects.alive().filter(pk__in=members_of(found), active=True)}
    unseeing = {pk for pk in members if not _sees(members[pk], rtype, record, found)}
    for name, ids in found.items():
        if unknown := ids - members.keys():
            problem = _("Somebody mentioned here does not work here any more.")
            raise ValidationError({name: ValidationError(problem, code="not_found", params={"count": len(unknown)})})
        if names := _names(members[pk] for pk in ids & unseeing):
            problem = _("They could not see this: %(names)s. Take their names out, or let them see the record.")
            raise ValidationError({name: ValidationError(problem % {"names": names}, code="mention")})


def _sees(member: Member, rtype: RecordType, record: Any, found: Found) -> bool:
    actor = actor_for(member, "job")
    return may_know(actor, (rtype.slug, record.pk)) and found.keys() <= actor.access(rtype).readable().keys()


def _names(members: Iterable[Member]) -> str:
    return ", ".join(sorted(isolated(member.label) for member in members))
