"""Events that no change of a record writes: an export, a change of many, other settings, what members do themselves."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from kernel.access.actor import Actor
from kernel.events.models import Event
from kernel.events.subscribers import publish, settled
from kernel.lib.ids import uuid7


def note(
    actor: Actor, name: str, record_type: str, changes: dict[str, list[Any]], *, change_set: UUID | None = None
) -> None:
    """Write down what happened to records of a type as a whole. Nothing follows from it, so it is not fanned out."""
    Event(
        name=name, member=actor.member, via=actor.via, record_type=record_type, changes=changes,
        change_set=change_set or uuid7(), fanned_out_at=timezone.now(),
    ).save(force_insert=True)  # fmt: skip


def note_settings(
    actor: Actor, name: str, before: Mapping[str, Any], after: Mapping[str, Any], record_type: str = ""
) -> None:
    """Write down what became of settings that are no records; nothing where they stay as they were."""
    changes = {key: [before.get(key), value] for key, value in after.items() if before.get(key) != value}
    if changes:
        note(actor, name, record_type, changes)


def note_member(
    name: str, member: UUID, *, by: UUID | None, via: str = "page", changes: dict[str, list[Any]] | None = None
) -> None:
    """Write down something about a member that no field tells; whoever listens for it is told."""
    event = Event(
        name=name, record_type="members", record_id=member, member_id=by, via=via, changes=changes or {},
        fanned_out_at=timezone.now() if settled(name, via) else None,
    )  # fmt: skip
    event.save(force_insert=True)
    publish([event])
