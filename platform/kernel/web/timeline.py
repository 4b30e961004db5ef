"""What happened to a record and to what hangs on it, latest first, as this viewer may know it."""

from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access, Actor
from kernel.events.models import Event
from kernel.lib.text import isolated
from kernel.records.change_sets import may_offer
from kernel.records.kinds.relations import read_id
from kernel.records.mentioning import load_names, shown
from kernel.records.timeline import Entry, Timeline
from kernel.records.types import registry
from kernel.web.controls import label_of
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
    undo_url: str = ""


@dataclass
class Day:
    label: str
    items: list[Item]


@dataclass
class Page:
    days: list[Day]
    next: UUID | None


@require_safe
def more(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    record = record_of(access, pk)
    before = read_id(request.GET.get("cursor", ""))
    if request.GET.get("cursor") and before is None:
        raise Http404
    context = {"timeline": page_of(access, record, before), "url": record_url(slug, pk), "record": record}
    template = "web/_timeline.html" if request.headers.get("HX-Request") else "web/timeline.html"
    context |= {"heading": record.label, "crumbs": [{"label": record.label, "url": record_url(slug, pk)}]}
    return page(request, template, context)


def page_of(access: Access, record: Any, before: UUID | None = None) -> Page:
    entries, following = Timeline(access, record).page(SIZE, before)
    fmt = access.actor.format
    load_names(access.actor, [getattr(entry.child, "body", "") for entry in entries])
    days = [
        Day(day_label(day, access.actor), [_item(access, entry) for entry in group])
        for day, group in groupby(entries, key=lambda entry: fmt.local(entry.event.at).date())
    ]
    return Page(days, following)


def day_label(day: date, actor: Actor) -> str:
    fmt = actor.format
    days = (fmt.today() - day).days
    return {0: _("Today"), 1: _("Yesterday")}.get(days) or fmt.date(day, "long")


def look_of(event: Event) -> tuple[str, str]:
    """The icon and the tone of an event."""
    rtype, suffix = registry.get(event.record_type), event.name.rpartition(".")[2]
    verb = next((verb for verb in rtype.verbs if verb.event == event.name), None) if rtype else None
    icon = verb.icon if verb else ICONS.get(suffix, "arrows-exchange")
    return icon, (verb.tone if verb else "") or ("accent" if suffix == "created" else "")


def _item(access: Access, entry: Entry) -> Item:
    event, child = entry.event, entry.child
    rtype = registry[event.record_type]
    suffix = event.name.rpartition(".")[2]
    item = Item(event, entry.sentence(isolated(entry.who)), *look_of(event))
    if may_offer(access.actor, event):
        item.undo_url = f"/changes/{event.change_set}"
    if child is None:
        item.changes = changes_of(entry) if suffix != "created" else []
        return item
    if suffix == "created":
        item.icon = rtype.icon
    if child.deleted_at is None:
        item.url = record_url(rtype.slug, child.pk)
        if suffix == "created":
            item.text = _text(access.actor.access(rtype), child)
        item.changes = changes_of(entry) if suffix == "updated" else []
    return item


def changes_of(entry: Entry) -> list[Change]:
    told = [(change, change.texts()) for change in entry.changes if change.spec.name != "about"]
    return [Change(label_of(change.spec), before, after) for change, (before, after) in told if before != after]


def _text(access: Access, child: Any) -> str:
    """What it says: its subject and what came of it, then its long texts."""
    known, fmt = access.shown(child), access.actor.format
    long = [spec for spec in known.values() if spec.kind.name == "long_text" and not spec.rows]
    short = [spec for spec in known.values() if spec.is_label or (spec.name == "outcome" and spec.value(child))]
    texts = (spec.kind.show(spec, shown(access.actor, spec.value(child)), fmt) for spec in (*short, *long))
    return "\n".join(filter(None, texts))
