"""The audit log: every event of the workspace, latest first, searched and told as one viewer may know it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from ipaddress import ip_address
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.actor import Actor
from kernel.events.models import Event
from kernel.events.names import settings_events
from kernel.lib.errors import ParseError
from kernel.lib.text import isolated
from kernel.records.kinds.relations import read_id
from kernel.records.sensitive import READ
from kernel.records.show import Labels
from kernel.records.timeline import Entry, Telling
from kernel.records.types import registry

RIGHT = "audit"
LOG = "audit-log"  # what a file of it is called
ACTS = {
    "created": gettext_lazy("Created"),
    "updated": gettext_lazy("Changed"),
    "deleted": gettext_lazy("Moved to the trash"),
    "restored": gettext_lazy("Restored"),
    "purged": gettext_lazy("Removed for good"),
    "merged": gettext_lazy("Merged"),
    "shared": gettext_lazy("Shared"),
    "downloaded": gettext_lazy("File downloaded"),
    "read": gettext_lazy("Many records or protected fields read"),
    "finished": gettext_lazy("Imported, exported or changed in bulk"),
    "rules_changed": gettext_lazy("Rules of a role changed"),
    "viewed_as": gettext_lazy("Viewed as somebody else"),
    "signed_in": gettext_lazy("Signed in"),
    "sign_in_failed": gettext_lazy("Sign-in refused"),
    "settings_changed": gettext_lazy("Company settings changed"),
}
DOORS = {
    "page": gettext_lazy("Page"),
    "api": gettext_lazy("API"),
    "import": gettext_lazy("Import"),
    "job": gettext_lazy("By itself"),
    "form": gettext_lazy("Web form"),
    "operator": gettext_lazy("Peyvand"),
    "signup": gettext_lazy("Signing up"),
}
# How somebody came in, or failed to.
WAYS = {
    "password": gettext_lazy("password"),
    "totp": gettext_lazy("code of an app"),
    "recovery": gettext_lazy("recovery code"),
    "passkey": gettext_lazy("passkey"),
    "crossing": gettext_lazy("from another workspace or the site"),
    "reset": gettext_lazy("link to a new password"),
    "invitation": gettext_lazy("invitation"),
    "provider": gettext_lazy("the company’s provider"),
}


@dataclass(frozen=True)
class Asked:
    """What is looked for; what is None or empty narrows nothing. `act` is the end of an event's name, `name` all of it,
    `last` a day that is counted in."""

    member: UUID | None = None
    record_type: str = ""
    record: UUID | None = None
    field: str = ""
    act: str = ""
    name: str = ""
    via: str = ""
    ip: str = ""
    first: date | None = None
    last: date | None = None


def read_asked(actor: Actor, params: Mapping[str, str]) -> tuple[Asked, dict[str, str]]:
    """What an address or a program asks for, and what is wrong with it. Of types and fields that the viewer does not
    know it asks as if they had not been named."""
    errors: dict[str, str] = {}
    rtype = registry.get(params.get("type", ""))
    rtype = rtype if rtype and actor.access(rtype).may("view") else None
    field = params.get("field", "")
    known = actor.access(rtype).readable() if rtype else {}

    def day(name: str) -> date | None:
        try:
            return actor.format.parse_date(params[name]) if params.get(name, "").strip() else None
        except ParseError as error:
            errors[name] = str(error.message)
            return None

    ip = params.get("ip", "").strip()
    try:
        ip = str(ip_address(ip)) if ip else ""
    except ValueError:
        errors["ip"] = _("Type an address such as 192.0.2.7.")
    act, via = params.get("act", ""), params.get("via", "")
    asked = Asked(
        member=read_id(params.get("member", "")), record_type=rtype.slug if rtype else "",
        record=read_id(params.get("record", "")), field=field if field in known else "", act=act if act in ACTS else "",
        name=params.get("name", "")[:80].replace("\x00", ""), via=via if via in DOORS else "", ip=ip,
        first=day("from"), last=day("to"),
    )  # fmt: skip
    return asked, errors


@dataclass(frozen=True)
class Line:
    """An entry as it is told: of what it was done to, and each change by its label, before and after."""

    entry: Entry
    what: str
    changes: list[tuple[str, str, str]]

    @property
    def door(self) -> str:
        return str(DOORS.get(self.entry.event.via, self.entry.event.via))


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

    def lines(self, piece: int) -> Iterator[list[Line]]:
        """All of it, a piece at a time, for a file."""
        before = None
        while True:
            self._labels, self._shown = Labels(self._actor), {}  # so that a long log needs no more memory than a short
            entries, before = self.page(piece, before)
            yield [self.line(entry) for entry in entries]
            if before is None:
                return

    def count(self, most: int) -> int:
        """How many events there are; no further than `most`."""
        return self._events().order_by().values("pk")[:most].count()

    def line(self, entry: Entry) -> Line:
        event, row, actor = entry.event, entry.child, self._actor
        rtype, changes = registry.get(event.record_type), event.changes
        parts = [str(rtype.label if event.record_id else rtype.label_plural)] if rtype else []
        if rtype and row is not None and rtype.label_field in actor.access(rtype).readable(row) and row.label:
            parts[0] = f"{parts[0]} {isolated(row.label)}"
        elif event.record_type == LOG:
            parts.append(_("Audit log"))
        count = changes.get("count", [None, None])[1]
        if isinstance(count, int) and count != 1:
            parts.append(actor.format.number(count))
        if way := WAYS.get(changes.get("way", [None, ""])[1]):
            parts.append(str(way))
        if rtype and event.name == READ:
            known = actor.access(rtype).shown()
            parts += [capfirst(str(known[name].label)) for name in changes["fields"][1] if name in known]
        return Line(entry, " · ".join(parts), [*_of_fields(entry), *self._of_settings(event)])

    def _of_settings(self, event: Event) -> list[tuple[str, str, str]]:
        """What became of settings that are no records."""
        told = settings_events.get(event.name)
        if told is None:
            return []

        def words(name: str, value: Any) -> str:
            if value is None or value == "":
                return ""
            if isinstance(value, bool):
                return _("Yes") if value else _("No")
            return told.words(self._actor, name, value) if told.words else str(value)

        held = {name: event.changes[name] for name in told.labels if name in event.changes}
        return [
            (str(told.labels[name]), words(name, before), words(name, after)) for name, (before, after) in held.items()
        ]

    def _events(self) -> QuerySet[Event]:
        asked, events = self._asked, Event.objects.all()
        if asked.member:
            events = events.filter(member=asked.member) if self._may_ask_of(asked.member) else events.none()
        if asked.record_type:
            events = events.filter(record_type=asked.record_type)
        if asked.record and not self._may_ask_for(asked.record):
            return events.none()
        if asked.record:
            # A list that was read is told of once, with the records that it held.
            events = events.filter(
                Q(record_id=asked.record) | Q(name=READ, changes__records__1__contains=str(asked.record))
            )
        if asked.field:
            events = self._with_field(events)
        if asked.act:
            events = events.filter(name__endswith=f".{asked.act}")
        if asked.name:
            events = events.filter(name=asked.name)
        if asked.ip:
            events = events.filter(ip=asked.ip)
        if asked.via:
            events = events.filter(via=asked.via)
        if asked.first:
            events = events.filter(at__gte=self._midnight(asked.first))
        if asked.last:
            events = events.filter(at__lt=self._midnight(asked.last + timedelta(days=1)))
        return events

    def _with_field(self, events: QuerySet[Event]) -> QuerySet[Event]:
        """That a field changed is known to whoever reads it, of records in reach alone: of others it is told that
        something was changed, and not what."""
        rtype = registry.get(self._asked.record_type)
        if rtype is None or self._asked.field not in self._actor.access(rtype).readable():
            return events.none()
        events, access = events.filter(changes__has_key=self._asked.field), self._actor.access(rtype)
        if access.scope("view") == "all" and not rtype.parent:
            return events
        mine, trashed = (access.records(deleted=is_gone).order_by().values("pk") for is_gone in (False, True))
        return events.filter(Q(record_id__in=mine) | Q(record_id__in=trashed))

    def _may_ask_of(self, pk: UUID) -> bool:
        """What somebody did asks whoever is told who did it."""
        return self._actor.access(registry["members"]).may("view") or (
            self._actor.member is not None and self._actor.member.pk == pk
        )

    def _may_ask_for(self, pk: UUID) -> bool:
        """Of one record asks whoever sees it, or every record of its type: also one that is no more."""
        rtype = registry.get(self._asked.record_type)
        if rtype is None:
            return self._actor.may_system("*")
        access = self._actor.access(rtype)
        return access.scope("view") == "all" or access.records().filter(pk=pk).exists()

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self._actor.format.timezone))


def _of_fields(entry: Entry) -> list[tuple[str, str, str]]:
    told = [(change.spec.label, change.texts()) for change in entry.changes if change.spec.name != "about"]
    return [(capfirst(str(label)), before, after) for label, (before, after) in told if before != after]
