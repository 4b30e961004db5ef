"""What members are told of as it happens: what was handed to them, what they follow, where they were mentioned, the
runs and invitations of their own. Told by a task after the commit, each once; history that an import brings tells
nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from crm_core.teamwork import clocks, inbox, mailing, mentions, reminders
from crm_core.teamwork.follow import follow_unless_off, followers
from crm_core.teamwork.models import Follow
from crm_core.teamwork.notifying import may_know, notify, receiver
from crm_core.teamwork.preferences import ASSIGNED, FOLLOWED, JOINED, MENTIONED, RUN, SHARED, UNUSUAL
from kernel.access.actor import Access, Actor
from kernel.access.models import Invitation, Member
from kernel.events.models import Event
from kernel.events.subscribers import EVERY, hand_on, on
from kernel.records.afterwards import after_change
from kernel.records.models import Redirect
from kernel.records.people import administrators
from kernel.records.statements import array, rows_of
from kernel.records.types import RecordType, registry
from kernel.runs.models import Run
from kernel.runs.work import when_stopped

__all__ = ["clocks", "inbox", "mailing", "reminders"]

BUNDLE = timedelta(minutes=10)
GIVING = timedelta(minutes=1)
FOLLOWED_AMONG = f"SELECT record_id FROM {Follow._meta.db_table} WHERE record_id = ANY(%s::uuid[]) AND is_on"  # noqa: S608 - only our own names
SILENT = ("import", "operator", "job")


@after_change
def hand_on_what_is_told(access: Access, changed: Sequence[tuple[Any, Event]]) -> None:
    """Have those changes fanned out that somebody is to be told of. Refuses mentions of whoever cannot see it."""
    rtype = access.rtype
    fresh = {event.pk: mentions.fresh(rtype, event) for _record, event in changed}
    for record, event in changed:
        if fresh[event.pk]:
            mentions.check(rtype, record, fresh[event.pk])
    if changed[0][1].via in SILENT or rtype.is_setting:
        return
    # Nobody follows what is new.
    ids = {record.pk for record, _event in changed if record.version > 1}
    ids |= {event.about_id for _record, event in changed if event.about_id}
    followed = {pk for (pk,) in rows_of(FOLLOWED_AMONG, [array(ids)])} if ids else set()
    told = []
    for record, event in changed:
        is_mine = record.owner_id is None or record.owner_id == event.member_id
        is_waited_for = bool(fresh[event.pk]) or record.pk in followed or event.about_id in followed
        is_alone = len(changed) == 1  # a change of thousands tells their owners no more than what they were given
        if is_waited_for or (not is_mine and (is_alone or "owner" in event.changes)) or (is_alone and event.about_id):
            told.append(event)
    hand_on(told)


@on(EVERY)
def tell_members(event: Event) -> None:
    rtype = registry.get(event.record_type)
    if rtype is None or event.record_id is None or event.via in SILENT or rtype.is_setting:
        return
    record = rtype.model.objects.filter(pk=event.record_id).first()
    if record is None:
        return
    told: set[UUID] = {event.member_id} if event.member_id else set()
    told |= _tell_mentioned(rtype, record, event, told)
    told |= _tell_owner(rtype, record, event, told)
    _tell_followers(rtype, record, event, told)


def _tell_mentioned(rtype: RecordType, record: Any, event: Event, told: set[UUID]) -> set[UUID]:
    found = mentions.members_of(mentions.fresh(rtype, event))
    if found:
        target = (record.about_type, record.about_id) if getattr(record, "about_id", None) else (rtype.slug, record.pk)
        follow_unless_off(found, *target)
    for member in found - told:
        notify(
            member, MENTIONED, key=f"mentioned:{record.pk}:{event.pk}", record=(rtype.slug, record.pk), event=event.pk
        )
    return found


def _tell_owner(rtype: RecordType, record: Any, event: Event, told: set[UUID]) -> set[UUID]:
    """Of what somebody else gave them; what is given in one go is told as one."""
    owner = record.owner_id
    given = event.changes.get("owner")
    if owner is None or owner in told or not given or given[1] != str(owner):
        return set()
    notify(
        owner, ASSIGNED, key=f"assigned:{rtype.slug}:{event.change_set}", record=(rtype.slug, record.pk),
        event=event.pk, together=True, mail_after=GIVING,
    )  # fmt: skip
    return {owner}


def _tell_followers(rtype: RecordType, record: Any, event: Event, told: set[UUID]) -> None:
    """Changes of one record within some minutes are one notification."""
    slot = event.at.timestamp() // BUNDLE.total_seconds()
    about: defaultdict[tuple[str, UUID], set[UUID]] = defaultdict(set)
    parent_type = registry.get(event.about_type) if event.about_id else None
    if parent_type is None:
        about[rtype.slug, record.pk] |= followers(record)
    elif event.about_id and (parent := parent_type.model.objects.filter(pk=event.about_id).first()):
        about[parent_type.slug, parent.pk] |= followers(parent)
    for target, members in about.items():
        for member in members - told:
            actor = receiver(member)
            if actor is None or not _may_know(actor, rtype, record, event):
                continue
            notify(
                actor, FOLLOWED, key=f"followed:{target[1]}:{slot}", record=target, event=event.pk, together=True,
                mail_after=BUNDLE,
            )  # fmt: skip


def _may_know(actor: Actor, rtype: RecordType, record: Any, event: Event) -> bool:
    """Whether anything of this is left for a reader: the row in reach, a changed field that is not hidden."""
    if record.deleted_at is None and not may_know(actor, (rtype.slug, record.pk)):
        return False
    is_plain = not event.name.endswith(".updated")
    return actor.access(rtype).may("view") and (is_plain or bool(event.changes.keys() & actor.access(rtype).readable()))


@when_stopped
def tell_starter(run: Run) -> None:
    """Whoever had it started on a page. What a program starts, it asks about itself. Each question is told anew."""
    if run.member_id and run.via != "api":
        is_asking = run.status == Run.Status.WAITING
        key = f"run:{run.pk}:{run.token}" if is_asking else f"run:{run.pk}"
        notify(run.member_id, RUN, key=key, data={"run": str(run.pk), "asks": is_asking})


@on(*(f"{rtype.name}.merged" for rtype in registry.values() if rtype.duplicate_keys))
def bring_followers(event: Event) -> None:
    """Whoever followed one of the records that were merged follows the one that stays."""
    others = Redirect.objects.filter(change_set=event.change_set).values("old")
    following = Follow.objects.filter(record_id__in=others, is_on=True).values_list("member", flat=True)
    if event.record_id:
        follow_unless_off(set(following), event.record_type, event.record_id)


@on(*(f"{rtype.name}.shared" for rtype in registry.values() if rtype.can_share))
def tell_receivers(event: Event) -> None:
    """With whom a record was shared."""
    given = event.changes["shares"][1]
    team = given.get("team")
    whom = Q(teams=team) | Q(leads=team) if team else Q(pk=given["member"])
    for member in set(Member.objects.filter(whom).values_list("pk", flat=True)) - {event.member_id}:
        record = (event.record_type, event.record_id) if event.record_id else None
        notify(member, SHARED, key=f"shared:{event.pk}", record=record, event=event.pk)


@on("member.read_unusually")
def tell_administrators(event: Event) -> None:
    about = ("members", event.record_id) if event.record_id else None
    for member in set(administrators().values_list("pk", flat=True)):
        notify(member, UNUSUAL, key=f"unusual:{event.pk}", record=about, event=event.pk)


@on("member.joined")
def tell_inviter(event: Event) -> None:
    invitation = Invitation.objects.filter(member=event.record_id, used_at__isnull=False).order_by("-used_at").first()
    if invitation and invitation.created_by_id and event.record_id:
        notify(
            invitation.created_by_id, JOINED, key=f"joined:{event.record_id}", record=("members", event.record_id),
            event=event.pk,
        )  # fmt: skip
