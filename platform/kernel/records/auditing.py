"""The audit log: every event of the workspace, latest first, searched and told as one viewer may know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from kernel.access.actor import Actor
from kernel.events.models import Event
from kernel.records.timeline import Entry, Telling
from kernel.records.types import registry


@dataclass(frozen=True)
class Asked:
    """What is looked for; what is None or empty narrows nothing. `act` is the end of an event's name, `last` a day that
    is counted in."""

    member: UUID | None = None
    record_type: str = ""
    record: UUID | None = None
    field: str = ""
    act: str = ""
    via: str = ""
    first: date | None = None
    last: date | None = None


class AuditLog(Telling):
    """Of a record out of the viewer's reach it tells that something was done to one of its type, and nothing of it."""

    def __init__(self, actor: Actor, asked: Asked) -> None:
        super().__init__(actor)
        self._asked = asked

    def page(self, limit: int, before: UUID | None = None) -> tuple[list[Entry], UUID | None]:
        events = self._events()
        if before:
            events = events.filter(pk__lt=before)
        found = list(events.order_by("-pk")[: limit + 1])
        more, found = len(found) > limit, found[:limit]
        rows = self._in_reach(found)
        held: Mapping[UUID, Any] = {event.pk: rows.get(event.record_id) for event in found if event.record_id}
        changes = {event.pk: self._changes(event, held.get(event.pk)) for event in found}
        self._load_labels(found, changes)
        entries = [Entry(event, self._member(event), changes[event.pk], held.get(event.pk)) for event in found]
        return entries, found[-1].pk if more else None

    def _events(self) -> QuerySet[Event]:
        asked, events = self._asked, Event.objects.all()
        if asked.member:
            events = events.filter(member=asked.member)
        if asked.record_type:
            events = events.filter(record_type=asked.record_type)
        if asked.record:
            events = events.filter(record_id=asked.record)
        if asked.field:
            events = events.filter(changes__has_key=asked.field) if self._may_ask(asked) else events.none()
        if asked.act:
            events = events.filter(name__endswith=f".{asked.act}")
        if asked.via:
            events = events.filter(via=asked.via)
        if asked.first:
            events = events.filter(at__gte=self._midnight(asked.first))
        if asked.last:
            events = events.filter(at__lt=self._midnight(asked.last + timedelta(days=1)))
        return events

    def _may_ask(self, asked: Asked) -> bool:
        """That a field changed is known to whoever reads it on every record."""
        rtype = registry.get(asked.record_type)
        return rtype is not None and asked.field in self._actor.access(rtype).readable()

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self._actor.format.timezone))
