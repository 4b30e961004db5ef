"""Whether the events of a tenant are those that were sealed: `manage.py audit verify`.

Reads seal by seal, so that a million events need no more memory than a thousand. What may lawfully differ is told by
events that are sealed too: values that were erased (kernel.events.erasing), and a beginning of the chain that a
retention took away (kernel.events.removing).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.events.models import Event, Seal
from kernel.events.removing import Removed, removed
from kernel.events.sealing import (
    FIRST,
    digest_of,
    entries_of,
    erasures_of,
    hash_of,
    hold_seals,
    told_by,
    values_digest,
)
from kernel.lib.ids import moment_of
from kernel.tenancy.context import get_tenant, tenant_only
from kernel.tenancy.models import SealedUpTo

# No transaction of ours lasts as long: an event that says it is this much older than what was sealed before it was
# written into the past.
LATE = timedelta(days=1)
REMEMBERED = 50  # seals whose entries are at hand while rows that no seal knows are looked for
AT_ONCE = 2_000


@dataclass
class Verdict:
    """What was found. `problems` are made while they are read: a tenant may have very many."""

    events: int = 0
    seals: int = 0
    waiting: int = 0
    erased: int = 0
    removed: int = 0
    head: str = FIRST
    latest: datetime | None = field(default=None, repr=False)
    found: int = field(default=0, repr=False)


def problems(verdict: Verdict) -> Iterator[str]:
    """Each thing that is wrong with the current tenant's events, as a sentence. Sealing waits meanwhile."""
    hold_seals(wait=True)
    kept = _kept_head()
    gone, before = removed(), FIRST
    for seal in Seal.objects.order_by("number").iterator(chunk_size=10):
        if seal.number != verdict.seals + 1:
            yield f"Seals {verdict.seals + 1} to {seal.number - 1} are missing."
        if hash_of(seal, before) != seal.hash:
            yield f"Seal {seal.number} was changed, or the one before it."
        verdict.seals, before = seal.number, seal.hash
        if kept and kept.number == seal.number and kept.hash != seal.hash:
            yield f"Seal {seal.number} is not the one that the platform remembers: the chain was made anew."
        yield from _sealed(seal, verdict, gone)
    verdict.head = before
    if kept and kept.number > verdict.seals:
        yield f"The chain ends at seal {verdict.seals}, but the platform remembers seal {kept.number}."
    yield from _not_sealed(verdict)
    if Event.objects.exclude(sealed_in=None).count() != verdict.found:
        yield from _unknown()


def _kept_head() -> SealedUpTo | None:
    tenant = get_tenant().pk
    with tenant_only(None):
        return SealedUpTo.objects.filter(tenant=tenant, number__gt=0).first()


def _sealed(seal: Seal, verdict: Verdict, gone: Removed) -> Iterator[str]:
    entries = dict(entries_of(seal))
    events = Event.objects.in_bulk(entries)
    erasures = erasures_of(events.values())
    for pk, digest in entries.items():
        verdict.events += 1
        event = events.get(pk)
        is_removed = seal.number <= gone.seal and moment_of(pk) < gone.before
        if event is None and is_removed:
            verdict.removed += 1
            continue
        if event is None:
            yield f"Event {pk} is missing."
            continue
        if event.sealed_in != seal.number:
            yield f"Event {pk} says that it is in seal {event.sealed_in}, and is in seal {seal.number}."
        else:
            verdict.found += 1
        if is_removed:
            yield f"Event {pk} is there, though it was removed."
        elif (event.erased_by and not _is_erased(event, erasures)) or digest_of(event, erasures) != digest:
            yield f"Event {pk} ({event.name}) was changed."
        elif (verdict.latest and moment_of(pk) < verdict.latest - LATE) or event.at < moment_of(pk) - LATE:
            yield f"Event {pk} ({event.name}) was written later than it says."
        verdict.erased += event.erased_by is not None
    if entries:
        latest = max(moment_of(pk) for pk in entries)
        verdict.latest = max(latest, verdict.latest or latest)


def _is_erased(event: Event, erasures: dict[UUID, Event]) -> bool:
    """Whether the erasure that the event names names the event, with what is left of it."""
    erasure = erasures.get(event.erased_by) if event.erased_by else None
    return erasure is not None and not erasure.erased_by and told_by(erasure, event.pk)[1] == values_digest(event)


def _not_sealed(verdict: Verdict) -> Iterator[str]:
    waiting: Any = Event.objects.filter(sealed_in=None).order_by("pk").values_list("pk", "name", "at")
    for pk, name, at in waiting.iterator(chunk_size=AT_ONCE):
        verdict.waiting += 1
        if (verdict.latest and moment_of(pk) < verdict.latest - LATE) or at < moment_of(pk) - LATE:
            yield f"Event {pk} ({name}) was written later than it says."


def _unknown() -> Iterator[str]:
    """Rows that say they are sealed, and that no seal knows."""
    at_hand: OrderedDict[int, set[UUID]] = OrderedDict()
    rows: Any = Event.objects.exclude(sealed_in=None).order_by("pk").values_list("pk", "name", "sealed_in")
    for pk, name, number in rows.iterator(chunk_size=AT_ONCE):
        if number not in at_hand:
            seal = Seal.objects.filter(pk=number).first()
            at_hand[number] = {entry for entry, _digest in entries_of(seal)} if seal else set()
            if len(at_hand) > REMEMBERED:
                at_hand.popitem(last=False)
        if pk not in at_hand[number]:
            yield f"Event {pk} ({name}) was put in: no seal knows it."
