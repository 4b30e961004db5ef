"""What happened to a record and to what hangs on it, latest first, as one viewer may know it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.events.models import Event
from kernel.events.names import sentences
from kernel.records.mentioning import load_names, takes_mentions
from kernel.records.merge import taken_in
from kernel.records.sensitive import READ, note_read
from kernel.records.show import Labels, Shown
from kernel.records.specs import FieldSpec
from kernel.records.types import registry

PIECE, MOST_PIECES = 200, 10  # events looked at where some are not for this viewer


@dataclass(frozen=True)
class FieldChange:
    """A field's value before and after: as JSON for a program, as text for a person."""

    spec: FieldSpec
    values: list[Any]
    shown: Shown

    def json(self) -> list[Any]:
        record = SimpleNamespace(currency=self.shown.access.actor.format.currency)
        return [self.shown.value_json(self.spec, value, record) for value in self.values]

    def texts(self) -> list[str]:
        return [self.shown.value_text(self.spec, value) for value in self.values]


@dataclass(frozen=True)
class Entry:
    """One event. `member` is {"id", "label"} of who did it, None for ourselves or where the viewer may not know;
    `child` is the row it happened to, where that is not the record itself."""

    event: Event
    member: dict[str, str] | None
    changes: list[FieldChange]
    child: Any = None

    @property
    def who(self) -> str:
        if self.member:
            return self.member["label"]
        if self.event.via == "form":
            return _("A visitor")
        return _("Somebody") if self.event.member_id else _("Peyvand")

    def sentence(self, who: str = "") -> str:
        """`who` is their name as the page writes it, if other than plain."""
        sentence = str(sentences.get(self.event.name) or _("%(who)s changed this")) % {"who": who or self.who}
        if self.event.via == "import":
            return _("%(sentence)s, by an import") % {"sentence": sentence}
        return sentence


class Telling:
    """Events as one viewer may know them, each page of them in a constant number of queries."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._labels = Labels(actor)
        self._shown: dict[str, Shown] = {}

    def _in_reach(self, events: Iterable[Event]) -> dict[UUID, Any]:
        """The rows in reach that events are about, one query a type. One in the trash was in reach until then."""
        wanted: dict[str, set[UUID]] = defaultdict(set)
        for event in events:
            if event.record_id and event.record_type in registry:
                wanted[event.record_type].add(event.record_id)
        found = {}
        for slug, ids in wanted.items():
            access = self._actor.access(registry[slug])
            for rows in (access.records(), access.records(deleted=True)):
                found.update({row.pk: row for row in rows.filter(pk__in=ids)})
        return found

    def _changes(self, event: Event, record: Any) -> list[FieldChange]:
        """What changed, of the fields this viewer sees something of on that record."""
        if event.record_type not in registry or record is None:
            return []
        shown = self._of(event.record_type)
        readable = shown.access.shown(record)
        told = []
        for name, values in event.changes.items():
            if name not in readable:
                continue
            spec = readable[name]
            try:
                told.append(FieldChange(spec, [spec.kind.restore(spec, value) for value in values], shown))
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # written by an earlier version of the field
        return told

    def _of(self, slug: str) -> Shown:
        """One for each type, all with the same labels."""
        if slug not in self._shown:
            self._shown[slug] = Shown(self._actor.access(registry[slug]), [], [])
            self._shown[slug].labels = self._labels
        return self._shown[slug]

    def _load_labels(self, events: Iterable[Event], changes: Mapping[UUID, list[FieldChange]]) -> None:
        wanted: dict[str, set[UUID]] = defaultdict(set)
        for event in events:
            if event.member_id:
                wanted["members"].add(event.member_id)
            for change in changes[event.pk]:
                if takes_mentions(change.spec):
                    load_names(self._actor, change.values)
                for value in change.values:
                    for slug, pk in change.spec.kind.references(change.spec, value):
                        wanted[slug].add(pk)
        self._labels.load(wanted)
        self._note_read(events, changes)

    def _note_read(self, events: Iterable[Event], changes: Mapping[UUID, list[FieldChange]]) -> None:
        """Values of protected fields are read here as well as on the record."""
        read: dict[str, tuple[set[str], set[UUID]]] = defaultdict(lambda: (set(), set()))
        for event in events:
            names = {c.spec.name for c in changes[event.pk] if c.spec.sensitive and any(c.values)}
            if names and event.record_id:
                read[event.record_type][0].update(names)
                read[event.record_type][1].add(event.record_id)
        for slug, (names, ids) in read.items():
            note_read(self._actor.access(registry[slug]), names, sorted(ids))

    def _member(self, event: Event) -> dict[str, str] | None:
        label = self._labels.get("members", event.member_id)
        return {"id": str(event.member_id), "label": label} if label else None


class Timeline(Telling):
    """What happened to one record and to what hangs on it."""

    def __init__(self, access: Access, record: Any) -> None:
        super().__init__(access.actor)
        self._access, self._record = access, record

    def page(self, limit: int, before: UUID | None = None) -> tuple[list[Entry], UUID | None]:
        """The entries older than the event `before`, and where the next page goes on. Of what the viewer may know
        nothing of there is no entry, and a page is none the shorter for it: it would tell how much there is."""
        told: list[Entry] = []
        events, size = self._events(), limit + 1
        for _piece in range(MOST_PIECES):
            found = list((events.filter(pk__lt=before) if before else events).order_by("-pk")[:size])
            told += self._told(found)
            if len(told) > limit:
                return told[:limit], told[limit - 1].event.pk
            if len(found) < size:
                return told, None
            before, size = found[-1].pk, PIECE
        return told, before

    def _events(self) -> QuerySet[Event]:
        slug, pk = self._access.rtype.slug, self._record.pk
        others = taken_in(self._access.rtype, pk)
        mine = Q(record_type=slug, record_id=pk) | Q(about_type=slug, about_id__in=[pk, *others])
        if others:  # that they went to the trash is what "merged others into this" says
            mine |= Q(record_type=slug, record_id__in=others) & ~Q(name=f"{self._access.rtype.name}.deleted")
        return Event.objects.filter(mine).exclude(name=READ)

    def _told(self, found: list[Event]) -> list[Entry]:
        children = self._in_reach(event for event in found if event.record_type != self._access.rtype.slug)
        changes = {event.pk: self._changes(event, self._row(event, children)) for event in found}
        self._load_labels(found, changes)
        return [entry for event in found if (entry := self._entry(event, changes[event.pk], children))]

    def _row(self, event: Event, children: Mapping[UUID, Any]) -> Any:
        if event.record_type == self._access.rtype.slug:
            return self._record
        return children.get(event.record_id) if event.record_id else None

    def _entry(self, event: Event, changes: list[FieldChange], children: Mapping[UUID, Any]) -> Entry | None:
        child = None
        if event.record_type != self._access.rtype.slug:
            child = self._row(event, children)
            if child is None:
                return None
            if child.deleted_at:
                changes = []
        if event.name.endswith(".updated") and not changes:
            return None
        return Entry(event, self._member(event), changes, child)
