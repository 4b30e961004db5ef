"""What notifications say: made for their reader when they are read, of what that reader may see by then."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_core.teamwork.models import Notification
from crm_core.teamwork.preferences import (
    ASSIGNED,
    FOLLOWED,
    JOINED,
    KINDS,
    LATE_LEAD,
    MENTIONED,
    REMINDER,
    RUN,
    SHARED,
    UNUSUAL,
)
from kernel.access.actor import Actor
from kernel.access.models import Share
from kernel.events.models import Event
from kernel.events.names import sentences
from kernel.lib.text import isolated
from kernel.records.kinds.relations import read_id
from kernel.records.mentioning import load_names, shown, takes_mentions
from kernel.records.show import Labels
from kernel.records.types import RecordType, registry
from kernel.runs.models import Run
from kernel.web.controls import label_of
from kernel.web.reach import record_url

SNIPPET = 200
RUN_PAGES = {"import": "/imports/{}", "export": "/exports/{}", "report": "/reports/{}", "bulk": "/changes/{}"}


@dataclass(frozen=True)
class Told:
    """One notification in words. `note` is the second line: when it is due, what changed, what was written."""

    row: Notification
    sentence: str
    note: str
    url: str
    icon: str
    label: str = ""

    @property
    def is_read(self) -> bool:
        return self.row.read_at is not None


@dataclass
class Reader:
    """Reads rows of one member in a set number of queries for each type of record."""

    actor: Actor
    _records: dict[str, dict[UUID, Any]] = field(default_factory=dict)
    _events: dict[UUID, Event] = field(default_factory=dict)
    _runs: dict[str, Run] = field(default_factory=dict)

    def read(self, rows: Sequence[Notification]) -> list[Told]:
        """Those of which the reader may know something; of the others nothing is said."""
        self._load(rows)
        told = (self._told(row) for row in rows)
        return [one for one in told if one]

    def _load(self, rows: Sequence[Notification]) -> None:
        ids = [pk for row in rows for raw in row.events if (pk := read_id(raw))]
        self._events = {event.pk: event for event in Event.objects.filter(pk__in=ids)} if ids else {}
        wanted: dict[str, set[UUID]] = defaultdict(set)
        for row in rows:
            if row.record_id:
                wanted[row.record_type].add(row.record_id)
        for event in self._events.values():
            if event.record_id:
                wanted[event.record_type].add(event.record_id)
        self._load_records(wanted)
        parents: dict[str, set[UUID]] = defaultdict(set)
        for records in list(self._records.values()):
            for record in records.values():
                if getattr(record, "about_id", None):
                    parents[record.about_type].add(record.about_id)
        self._load_records(parents)
        runs = {raw for row in rows if (raw := row.data.get("run"))}
        if runs:
            mine = Run.objects.filter(pk__in=runs, member=self.actor.member)
            self._runs = {str(run.pk): run for run in mine}
        self._labels = Labels(self.actor)
        self._labels.load({"members": {event.member_id for event in self._events.values() if event.member_id}})
        load_names(self.actor, (text for event in self._events.values() for text in _texts(event)))

    def _load_records(self, wanted: dict[str, set[UUID]]) -> None:
        """Those in reach, one query for each type."""
        for slug, found in wanted.items():
            rtype = registry.get(slug)
            missing = found - self._records.setdefault(slug, {}).keys()
            if rtype and missing and self.actor.access(rtype).may("view"):
                in_reach = self.actor.access(rtype).records().filter(pk__in=missing)
                self._records[slug].update({record.pk: record for record in in_reach})

    def _about(self, record: Any) -> str:
        """What the record that this one hangs on is called."""
        slug = getattr(record, "about_type", "")
        parent = self._record(slug, getattr(record, "about_id", None)) if slug else None
        if parent is None or "about" not in self.actor.access(self._type_of(record)).readable():
            return ""
        return self._label(registry[slug], parent)

    def _type_of(self, record: Any) -> RecordType:
        return next(rtype for rtype in registry.values() if isinstance(record, rtype.model))

    def _record(self, slug: str, pk: UUID | None) -> Any | None:
        return self._records.get(slug, {}).get(pk) if pk else None

    def _told(self, row: Notification) -> Told | None:
        if row.kind not in KINDS:
            return None
        if row.kind == RUN:
            return self._told_run(row)
        rtype = registry.get(row.record_type)
        record = self._record(row.record_type, row.record_id)
        if rtype is None or record is None:
            return None
        label = self._label(rtype, record)
        events = [event for raw in row.events if (event := self._events.get(read_id(raw) or UUID(int=0)))]
        words = self._words(row, rtype, record, isolated(label), events)
        if words is None:
            return None
        url = record_url(rtype.slug, record.pk)
        if row.kind == UNUSUAL:
            day = self.actor.format.local(row.at).date()
            url = f"/settings/audit?{urlencode({'member': record.pk, 'from': day.isoformat()})}"
        icon = rtype.icon if row.kind in (REMINDER, FOLLOWED) else KINDS[row.kind].icon
        return Told(row, words[0], words[1], url, icon, label)

    def _label(self, rtype: RecordType, record: Any) -> str:
        """What it is called, unless the reader may not know that."""
        readable = self.actor.access(rtype).readable()
        return str(record.label if rtype.label_field in readable and record.label else rtype.label)

    def _words(
        self, row: Notification, rtype: RecordType, record: Any, name: str, events: list[Event]
    ) -> tuple[str, str] | None:
        who = {"who": self._who(events[-1] if events else None), "record": name}
        if row.kind == REMINDER:
            return _("Due: %(record)s") % who, " · ".join(filter(None, (self._when(row, rtype), self._about(record))))
        if row.kind == LATE_LEAD:
            return _("Nobody has answered %(record)s in time") % who, self._late(row)
        if row.kind == ASSIGNED:
            if row.count > 1:
                count = {"count": self.actor.format.number(row.count), "types": str(rtype.label_plural)}
                sentence = ngettext(
                    "%(who)s handed %(count)s record to you (%(types)s)",
                    "%(who)s handed %(count)s records to you (%(types)s)",
                    row.count,
                )
                return sentence % {**who, **count}, ""
            return _("%(who)s handed %(record)s to you") % who, str(rtype.label)
        if row.kind == SHARED:
            return _("%(who)s shared %(record)s with you") % who, self._opened(events)
        if row.kind == MENTIONED:
            where = self._about(record)
            place = {**who, "record": isolated(where)} if where else who
            return _("%(who)s mentioned you: %(record)s") % place, self._written(rtype, events)
        if row.kind == UNUSUAL:
            return _("%(record)s reads far more records than usual") % who, self._how_many(events)
        if row.kind == JOINED:
            return _("%(record)s accepted your invitation") % who, ""
        return self._changes(row, name, events)

    def _opened(self, events: list[Event]) -> str:
        """What somebody may do with it, and until when."""
        given = events[-1].changes["shares"][1] if events else None
        if not given:
            return ""
        end = dt.datetime.fromisoformat(given["until"]) if given["until"] else None
        until = _("until %(moment)s") % {"moment": self.actor.format.datetime(end)} if end else ""
        may = _("You may change it") if given["level"] == Share.Level.EDIT else _("You may see it")
        return " · ".join(filter(None, (may, until)))

    def _how_many(self, events: list[Event]) -> str:
        changes, number = events[-1].changes if events else {}, self.actor.format.number
        if "usual" not in changes:
            return ""
        told = {"count": number(changes["count"][1]), "usual": number(changes["usual"][1])}
        return _("%(count)s in an hour; usually %(usual)s") % told

    def _who(self, event: Event | None) -> str:
        label = self._labels.get("members", event.member_id) if event else None
        return isolated(label) if label else _("Somebody") if event and event.member_id else _("Peyvand")

    def _when(self, row: Notification, rtype: RecordType) -> str:
        name = rtype.due_field or rtype.next_step_field
        if name not in self.actor.access(rtype).readable():
            return ""
        due = dt.datetime.fromisoformat(row.data["due"])
        fmt = self.actor.format
        local = fmt.local(due)
        text = fmt.date(local.date()) if local.time() == dt.time() else fmt.datetime(due)
        return " · ".join(filter(None, (str(rtype.label), text, self._late(row))))

    def _late(self, row: Notification) -> str:
        return _("This reminder is late: we could not send it in time.") if row.data.get("late") else ""

    def _written(self, rtype: RecordType, events: list[Event]) -> str:
        """What was written where the reader was mentioned."""
        readable = self.actor.access(rtype).readable()
        for event in events:
            for name, values in event.changes.items():
                spec = readable.get(name)
                if spec and takes_mentions(spec) and isinstance(values[-1], str):
                    text = " ".join(str(shown(self.actor, values[-1])).split())
                    return text if len(text) <= SNIPPET else f"{text[:SNIPPET]}…"
        return ""

    def _changes(self, row: Notification, name: str, events: list[Event]) -> tuple[str, str] | None:
        """What happened to a followed record: of fields only the names, and only of those that are not hidden."""
        known = [(event, fields) for event in events if (fields := self._fields(event)) is not None]
        if not known:
            return None
        last, _fields = known[-1]
        told = str(sentences.get(last.name) or _("%(who)s changed this")) % {"who": self._who(last)}
        fields = list(dict.fromkeys(field for _event, fields in known for field in fields))
        note = ", ".join(fields[:6])
        if row.count > 1:
            more = ngettext("%(count)s change", "%(count)s changes", row.count) % {
                "count": self.actor.format.number(row.count)
            }
            note = " · ".join(filter(None, (more, note)))
        return _("%(record)s: %(event)s") % {"record": name, "event": told}, note

    def _fields(self, event: Event) -> list[str] | None:
        """The names of the fields an event changed; None where the reader may know nothing of it."""
        rtype = registry.get(event.record_type)
        if rtype is None or self._record(rtype.slug, event.record_id) is None:
            return None
        if event.name != f"{rtype.name}.updated":
            return []
        readable = self.actor.access(rtype).readable()
        return [label_of(readable[name]) for name in event.changes if name in readable] or None

    def _told_run(self, row: Notification) -> Told | None:
        run = self._runs.get(str(row.data.get("run")))
        if run is None or (row.data.get("asks") and run.status != Run.Status.WAITING):
            return None  # it has been answered
        page = RUN_PAGES.get(run.kind, "")
        sentence = f"{isolated(run.title)} · {Run.Status(run.status).label}"
        return Told(row, sentence, run.error, page.format(run.pk), KINDS[RUN].icon, run.title)


def _texts(event: Event) -> Iterable[str]:
    return (value for values in event.changes.values() for value in values if isinstance(value, str) and "@[" in value)


def is_today(actor: Actor, moment: dt.datetime) -> bool:
    return actor.format.local(moment).date() == actor.format.local(timezone.now()).date()
