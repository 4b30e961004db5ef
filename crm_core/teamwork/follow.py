"""Who follows a record: whoever has it, whoever was mentioned on it, and whoever wants to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from crm_core.teamwork.models import Follow
from kernel.access.actor import Access
from kernel.records.types import RecordType, registry

SHOWN = 20


def follow(member: UUID, record_type: str, record_id: UUID, *, is_on: bool) -> None:
    """Switch it on or off, whatever follows from being its owner or being mentioned."""
    Follow.objects.bulk_create(
        [Follow(member_id=member, record_type=record_type, record_id=record_id, is_on=is_on)],
        update_conflicts=True,
        unique_fields=["record_id", "member"],
        update_fields=["is_on"],
    )


def follow_unless_off(members: Iterable[UUID], record_type: str, record_id: UUID) -> None:
    """Whoever was mentioned follows, but for those who have switched it off."""
    rows = [Follow(member_id=pk, record_type=record_type, record_id=record_id) for pk in members]
    Follow.objects.bulk_create(rows, ignore_conflicts=True)


def followers(record: Any, own: bool = True) -> set[UUID]:
    """Everybody who follows it, its owner among them unless they do not want to."""
    choices = dict(Follow.objects.filter(record_id=record.pk).values_list("member", "is_on"))
    found = {member for member, is_on in choices.items() if is_on}
    if own and record.owner_id and choices.get(record.owner_id, True):
        found.add(record.owner_id)
    return found


def shown_followers(access: Access, record: Any) -> tuple[bool, list[tuple[UUID, str]]]:
    """Whether the actor follows it, and who does, as far as they may see these members; that its owner does, because
    it is theirs, for those who may know whose it is."""
    found, me = followers(record), access.actor.member
    told = found if "owner" in access.readable(record) else followers(record, own=False)
    members = access.actor.access(registry["members"])
    names: list[tuple[UUID, str]] = []
    if told and members.may("view"):
        rows = members.records().filter(pk__in=told).order_by("label_key", "pk")
        names = list(rows.values_list("pk", "label")[:SHOWN])
    return bool(me and me.pk in found), names


def may_follow(rtype: RecordType) -> bool:
    """What hangs on a record is followed with it."""
    return not (rtype.is_setting or rtype.parent)
