"""What happened to a record and to what hangs on it, last first, as one viewer may know it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.events.models import Event
from kernel.events.names import sentences
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry


@dataclass(frozen=True)
class FieldChange:
    """A field's value before and after: as JSON for a program, as text for a person."""

    spec: FieldSpec
    before: Any
    after: Any
    before_text: str
    after_text: str


@dataclass(frozen=True)
class Entry:
    """One event. `member` is {"id", "label"} of who did it, None for ourselves or where the viewer may not know."""

    event: Event
    sentence: str
    member: dict[str, str] | None
    changes: list[FieldChange]


class Timeline:
    def __init__(self, access: Access, record: Any) -> None:
        self._access, self._record = access, record
        self._shown: dict[str, Shown] = {}

    def page(self, limit: int = 50, before: UUID | None = None) -> tuple[list[Entry], UUID | None]:
        """The entries older than the event `before`, and where the next page goes on."""
        events = self._events()
        if before:
            events = events.filter(pk__lt=before)
        found = list(events.order_by("-pk")[: limit + 1])
        more, found = len(found) > limit, found[:limit]
        self._load_labels(found)
        return [self._entry(event) for event in found], found[-1].pk if more else None

    def _events(self) -> Any:
        slug, pk = self._access.rtype.slug, self._record.pk
        mine = Q(record_type=slug, record_id=pk)
        for child in registry.values():
            access = self._access.actor.access(child)
            if child.parent and access.scope("view") != "none":
                rows = access.records().filter(about_type=slug, about_id=pk)
                mine |= Q(about_id=pk, record_type=child.slug, record_id__in=rows.values("pk"))
        return Event.objects.filter(mine)

    def _of(self, slug: str) -> Shown:
        """One for each type, all with the same labels."""
        if slug not in self._shown:
            shown = Shown(self._access.actor.access(registry[slug]), [], [])
            if self._shown:
                shown.labels = next(iter(self._shown.values())).labels
            self._shown[slug] = shown
        return self._shown[slug]

    def _load_labels(self, events: list[Event]) -> None:
        wanted: dict[str, set[UUID]] = defaultdict(set)
        for event in events:
            if event.member_id:
                wanted["members"].add(event.member_id)
            for spec, values in self._readable_changes(event):
                for value in values:
                    for slug, pk in spec.kind.references(spec, value):
                        wanted[slug].add(pk)
        self._of(self._access.rtype.slug).labels.load(wanted)

    def _readable_changes(self, event: Event) -> Iterator[tuple[FieldSpec, list[Any]]]:
        rtype: RecordType | None = registry.get(event.record_type)
        if rtype is None:
            return
        readable = self._access.actor.access(rtype).readable()
        for name, values in event.changes.items():
            spec = readable.get(name)
            if spec is not None:
                yield spec, [spec.kind.restore(spec, value) for value in values]

    def _entry(self, event: Event) -> Entry:
        shown = self._of(event.record_type)
        money_of = SimpleNamespace(currency=self._access.actor.format.currency)
        changes = [
            FieldChange(
                spec,
                *(shown.value_json(spec, value, money_of) for value in values),
                *(shown.value_text(spec, value) for value in values),
            )
            for spec, values in self._readable_changes(event)
        ]
        label = shown.labels.get("members", event.member_id)
        member = {"id": str(event.member_id), "label": label} if label else None
        sentence = str(sentences.get(event.name, event.name)) % {"who": label or _("Somebody")}
        return Entry(event, sentence, member, changes)
