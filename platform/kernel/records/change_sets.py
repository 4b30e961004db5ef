"""A change set as one act: who did what to how many records, and whether it can still be taken back.

A row that the viewer cannot reach counts nowhere: for somebody who may see none of them there is no such change set.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.access.models import Member
from kernel.events.models import Event
from kernel.records.types import RecordType, registry
from kernel.records.undo import KEPT
from kernel.runs.models import Run


@dataclass(frozen=True)
class Part:
    """What it did to records of one type, as far as they are in reach."""

    rtype: RecordType
    access: Access
    ids: QuerySet[Any]
    count: int

    def records(self, after: UUID | None = None, limit: int = 50) -> list[Any]:
        """In the order of their ids, those in the trash among them."""
        found = []
        for deleted in (False, True):
            rows = self.access.records(deleted=deleted).filter(pk__in=self.ids).order_by("pk")
            found += list((rows.filter(pk__gt=after) if after else rows)[:limit])
        return sorted(found, key=lambda record: record.pk)[:limit]


class ChangeSet:
    def __init__(self, actor: Actor, pk: UUID, first: Event, parts: list[Part]) -> None:
        self.actor, self.pk, self.first, self.parts = actor, pk, first, parts

    @property
    def at(self) -> datetime:
        return self.first.at

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    @cached_property
    def who(self) -> str:
        """The member's name, as far as this actor may see members."""
        found = self.actor.access(registry["members"]).records() if self.first.member_id else Member.objects.none()
        label = found.filter(pk__in=[self.first.member_id]).values_list("label", flat=True).first()
        return label or (_("Somebody") if self.first.member_id else _("Peyvand"))

    @cached_property
    def run(self) -> Run | None:
        """The run that did it, if one did."""
        return Run.objects.filter(pk=self.pk).first()

    @cached_property
    def undoing(self) -> Run | None:
        """The run that takes it back or has done so."""
        runs = Run.objects.filter(kind="undo", pk__gte=self.first.change_set)
        return runs.filter(params__change_set=str(self.pk)).order_by("-pk").first()

    @property
    def is_own(self) -> bool:
        return self.actor.member is not None and self.first.member_id == self.actor.member.pk

    def refusal(self) -> tuple[str, str] | None:
        """Why this actor cannot take it back, with a code; None where they can."""
        run = self.run
        if run is not None and run.kind == "import":
            return "import", _("An import is taken back on its own page.")
        if run is not None and run.is_open:
            return "open", _("This is still at work. Wait until it is done, or cancel it.")
        if self.undoing is not None:
            return "undone", _("This was taken back already.")
        if not (self.is_own or self.actor.may_system("bulk")):
            return "forbidden", _("Only whoever did this, or somebody who may change many records, can take it back.")
        if self._last() < timezone.now() - KEPT:
            return "too_late", _("This can be taken back for 24 hours; it is older.")
        if not self.parts or not self._names().isdisjoint(_never()):
            return "not_undoable", _("This cannot be taken back here. Look at the record's own page.")
        return None

    def check(self) -> None:
        found = self.refusal()
        if found:
            code, text = found
            raise PermissionDenied(text) if code == "forbidden" else ValidationError(text, code=code)

    def _last(self) -> datetime:
        last: datetime = Event.objects.filter(change_set=self.pk).aggregate(at=Max("at"))["at"]
        return last

    def _names(self) -> set[str]:
        return set(Event.objects.filter(change_set=self.pk).values_list("name", flat=True).distinct())


def may_offer(actor: Actor, event: Event) -> bool:
    """Whether an event's change set is likely one that this actor can take back: its page says for certain."""
    is_own = actor.member is not None and event.member_id == actor.member.pk
    is_young = event.at > timezone.now() - KEPT and event.erased_by is None
    return is_young and (is_own or actor.may_system("bulk")) and event.via != "import" and event.name not in _never()


def _never() -> Iterator[str]:
    """Events that are taken back by a verb of their own, or not at all."""
    yield from ("privacy.erased", "privacy.exported", "legal_hold.set", "legal_hold.lifted")
    for rtype in registry.values():
        yield f"{rtype.name}.purged"
        yield f"{rtype.name}.merged"
        yield f"{rtype.name}.shared"
        yield f"{rtype.name}.unshared"
        yield from (verb.event for verb in rtype.verbs if not verb.in_bulk)


def change_set_of(actor: Actor, pk: UUID) -> ChangeSet | None:
    """None where there is none, or none of whose records this actor may see any."""
    events = Event.objects.filter(change_set=pk).exclude(record_id=None)
    slugs = list(events.order_by().values("record_type").annotate(n=Count("pk")).values_list("record_type", flat=True))
    parts = [part for slug in sorted(slugs) if (part := _part(actor, slug, events))]
    first = events.order_by("pk").first()
    return ChangeSet(actor, pk, first, parts) if parts and first else None


def _part(actor: Actor, slug: str, events: QuerySet[Event]) -> Part | None:
    if slug not in registry or not actor.access(registry[slug]).may("view"):
        return None
    access = actor.access(registry[slug])
    ids = events.filter(record_type=slug).order_by().values("record_id")
    count = sum(access.records(deleted=deleted).filter(pk__in=ids).count() for deleted in (False, True))
    return Part(registry[slug], access, ids, count) if count else None
