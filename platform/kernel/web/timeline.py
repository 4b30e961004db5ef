"""What happened to a record and to what hangs on it, latest first, as this viewer may know it."""

from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access
from kernel.events.models import Event
from kernel.events.names import sentences
from kernel.records.kinds.relations import read_id
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry
from kernel.ui.fields import Field
from kernel.web.controls import Controls, label_of
from kernel.web.pages import page
from kernel.web.reach import access_to, record_of, record_url

SIZE = 25
ICONS = {"created": "plus", "updated": "pencil", "deleted": "trash", "restored": "restore"}


@dataclass
class Change:
    label: str
    before: str
    after: str


@dataclass
class Item:
    event: Event
    sentence: str
    icon: str
    tone: str
    changes: list[Change] = field(default_factory=list)
    text: str = ""
    url: str = ""


@dataclass
class Day:
    label: str
    items: list[Item]


@dataclass
class Timeline:
    days: list[Day]
    next: str


@require_safe
def more(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    record = record_of(access, pk)
    after = read_id(request.GET.get("cursor", ""))
    if request.GET.get("cursor") and after is None:
        raise Http404
    context = {"timeline": page_of(access, record, after), "url": record_url(slug, pk), "record": record}
    template = "web/_timeline.html" if request.headers.get("HX-Request") else "web/timeline.html"
    context |= {"heading": record.label, "crumbs": [{"label": record.label, "url": record_url(slug, pk)}]}
    return page(request, template, context)


def page_of(access: Access, record: Any, after: UUID | None = None) -> Timeline:
    """A constant number of queries for each page, however much happened."""
    rows = Event.objects.filter(
        Q(record_id=record.pk, record_type=access.rtype.slug) | Q(about_id=record.pk, about_type=access.rtype.slug)
    )
    if after:
        rows = rows.filter(pk__lt=after)
    events = list(rows.order_by("-pk")[: SIZE + 1])
    cursor = str(events[SIZE - 1].pk) if len(events) > SIZE else ""
    teller = Teller(access, events[:SIZE])
    items = [item for event in events[:SIZE] if (item := teller.item(event))]
    fmt = access.actor.format
    days = [
        Day(day_label(day, access), list(group))
        for day, group in groupby(items, key=lambda item: fmt.local(item.event.at).date())
    ]
    return Timeline(days, cursor)


def day_label(day: date, access: Access) -> str:
    fmt = access.actor.format
    days = (fmt.today() - day).days
    return {0: _("Today"), 1: _("Yesterday")}.get(days) or fmt.date(day, "long")


class Teller:
    """Puts events in words: labels and child rows of a whole page are looked up together."""

    def __init__(self, access: Access, events: list[Event]) -> None:
        self.access, self.actor = access, access.actor
        self.shown = {rtype.slug: Shown(self.actor.access(rtype), [], []) for rtype in self._types(events)}
        self.children = self._children(events)
        self.values = {event.pk: self._values(event) for event in events}
        wanted: dict[str, set[UUID]] = {}
        for event in events:
            if event.member_id:
                wanted.setdefault("members", set()).add(event.member_id)
            for spec, before, after in self.values[event.pk]:
                for value in (before, after):
                    for slug, pk in spec.kind.references(spec, value):
                        wanted.setdefault(slug, set()).add(pk)
        self.labels = next(iter(self.shown.values())).labels if self.shown else None
        if self.labels is not None:
            self.labels.load(wanted)
            for shown in self.shown.values():
                shown.labels = self.labels

    def _types(self, events: list[Event]) -> list[RecordType]:
        slugs = {event.record_type for event in events} | {self.access.rtype.slug}
        return [registry[slug] for slug in slugs if slug in registry]

    def _children(self, events: list[Event]) -> dict[str, dict[UUID, Any]]:
        """Child rows in reach, one query a type: of one out of reach, nothing is told."""
        found: dict[str, dict[UUID, Any]] = {}
        for slug in {event.record_type for event in events if event.record_type != self.access.rtype.slug}:
            if slug not in registry:
                continue
            access = self.actor.access(registry[slug])
            ids = {event.record_id for event in events if event.record_type == slug}
            if not access.may("view"):
                continue
            rows = [*access.records().filter(pk__in=ids), *access.records(deleted=True).filter(pk__in=ids)]
            found[slug] = {row.pk: row for row in rows}
        return found

    def _values(self, event: Event) -> list[tuple[FieldSpec, Any, Any]]:
        """What changed, of the fields this viewer may read."""
        if event.record_type not in registry:
            return []
        readable = self.actor.access(registry[event.record_type]).readable()
        told = []
        for name, (before, after) in event.changes.items():
            spec = readable.get(name)
            if spec is None or name == "about":
                continue
            try:
                told.append((spec, spec.kind.restore(spec, before), spec.kind.restore(spec, after)))
            except (ValueError, TypeError, KeyError, AttributeError):
                continue  # written by an earlier version of the field
        return told

    def item(self, event: Event) -> Item | None:
        if event.record_type not in registry:
            return None
        is_child = event.record_type != self.access.rtype.slug
        child = None
        if is_child and event.record_id:
            child = self.children.get(event.record_type, {}).get(event.record_id)
        if is_child and child is None:
            return None
        suffix = event.name.rpartition(".")[2]
        rtype = registry[event.record_type]
        changes = self._changes(event)
        if suffix == "updated" and not changes:
            return None  # nothing that this viewer may know of
        if suffix == "created":
            changes = []
        verb = next((verb for verb in rtype.verbs if verb.event == event.name), None)
        icon = verb.icon if verb else ICONS.get(suffix, "arrows-exchange")
        if is_child and suffix == "created":
            icon = rtype.icon
        tone = (verb.tone if verb else "") or ("accent" if suffix == "created" else "")
        item = Item(event, self._sentence(event), icon, tone, changes)
        if child is not None and child.deleted_at is None:
            item.url = record_url(rtype.slug, child.pk)
            if suffix == "created":
                item.text = self._text(rtype, child)
            item.changes = [] if suffix != "updated" else changes
        return item

    def _sentence(self, event: Event) -> str:
        who = (self.labels.get("members", event.member_id) if self.labels else None) or _("Peyvand")
        sentence = str(sentences.get(event.name) or _("%(who)s changed this")) % {"who": f"\u2068{who}\u2069"}
        if event.via == "import":
            return _("%(sentence)s, by an import") % {"sentence": sentence}
        return sentence

    def _changes(self, event: Event) -> list[Change]:
        shown = self.shown[event.record_type]
        told = []
        for spec, before, after in self.values[event.pk]:
            texts = [shown.value_text(spec, value) for value in (before, after)]
            if texts[0] != texts[1]:
                told.append(Change(label_of(spec), *texts))
        return told

    def _text(self, rtype: RecordType, child: Any) -> str:
        readable = self.actor.access(rtype).readable()
        texts = [spec.value(child) for spec in readable.values() if spec.kind.name == "long_text" and not spec.rows]
        return "\n".join(filter(None, texts))


@dataclass
class Composer:
    """Where a child row is written: the first type of them that this actor may make, by its one long text."""

    rtype: RecordType
    field: Field


def composer_of(access: Access) -> Composer | None:
    if access.rtype.parent or access.rtype.is_setting:
        return None
    for rtype in registry.values():
        child = access.actor.access(rtype)
        if rtype.parent and child.may("create"):
            spec = next((s for s in child.editable().values() if s.kind.name == "long_text" and s.required), None)
            if spec:
                return Composer(rtype, Controls(child).field(spec, "", id="compose"))
    return None
