"""What erasing a person would take, what it would leave, and where somebody should look for themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from kernel.access.actor import Actor
from kernel.attachments.models import File, FileVersion
from kernel.events.models import Event
from kernel.files.models import StoredFile
from kernel.privacy.keys import expression, patterns_of
from kernel.privacy.people import Ids, flat, hanging_on, pointing_at, records_of
from kernel.records.types import RecordType, registry

SHOWN = 10


@dataclass(frozen=True)
class Some:
    """Records of one type: how many, and the first of them by their labels."""

    rtype: RecordType
    count: int
    first: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    ids: Ids
    goes: list[Some]
    versions: int
    events: int
    kept_files: int
    stays: list[Some]
    texts: list[Some]
    others: list[Some]


def preview(actor: Actor, rtype: RecordType, record: Any) -> Preview:
    ids = records_of(rtype, record.pk)
    hanging, pointing = hanging_on(ids), pointing_at(ids)
    own = flat(ids)
    texts, others = _mentions(ids, {*own, *flat(hanging), *flat(pointing)})
    return Preview(
        ids,
        [Some(registry[slug], len(pks)) for slug, pks in (*ids.items(), *hanging.items())],
        FileVersion.objects.filter(file__in=hanging.get("files", [])).count(),
        Event.objects.filter(Q(record_id__in=own) | Q(about_id__in=own)).count(),
        kept_files().count(),
        [_some(registry[slug], pks) for slug, pks in pointing.items()],
        texts,
        others,
    )


def kept_files() -> Any:
    """Files that belong to no record: what was imported, and what exports and reports made."""
    held = File.objects.exclude(stored=None).values("stored"), FileVersion.objects.values("stored")
    return StoredFile.objects.exclude(pk__in=held[0]).exclude(pk__in=held[1])


def _some(rtype: RecordType, pks: list[Any]) -> Some:
    first = rtype.model._default_manager.filter(pk__in=pks[:SHOWN]).order_by("pk")
    return Some(rtype, len(pks), list(first))


def _mentions(ids: Ids, known: set[Any]) -> tuple[list[Some], list[Some]]:
    """By what search looks through: texts from which the person will be cut, and other people and companies that have
    one of their numbers or their name, which stay as they are."""
    sought = expression(patterns_of(ids))
    texts: list[Some] = []
    others: list[Some] = []
    for rtype in registry.values() if sought else ():
        if rtype.is_setting:
            continue
        rows: Any = rtype.model._default_manager.filter(search__iregex=sought).exclude(pk__in=known)
        if first := list(rows.order_by("-pk")[: SHOWN + 1]):
            takes_texts = rtype.parent and not rtype.is_person
            (texts if takes_texts else others).append(Some(rtype, len(first), first[:SHOWN]))
    return texts, others
