"""Seals over events: a digest of each, and a chain over the digests, so that what was changed afterwards is found.

An event is sealed when it is there and says nothing of a seal: one that a long transaction commits late, with an early
id, goes into the next seal. Digests are made in two steps. What may have to be forgotten (values, the address of the
machine) is told by a digest under the row's salt; that digest and what stays make the event's. So values can be
erased (kernel.events.erasing), salt and all, and the seal still holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from kernel.events.models import Event, Seal
from kernel.lib.ids import moment_of
from kernel.tenancy.context import get_tenant, tenant_only
from kernel.tenancy.models import SealedUpTo
from kernel.tenancy.pending import sweeper

AT_ONCE = 1_000
MOST = 20  # seals made by one sweep
WAIT = timedelta(minutes=10)  # so that a quiet workspace has few seals and not one for each event
# The half of PostgreSQL's advisory lock numbers that is ours; the other half is the tenant.
SPACE = 0x5345414C
ERASED = "audit.values_erased"
FIRST = "0" * 64  # what stands before the first seal
WIDTH = 16 + 32


@sweeper
def sweep_unsealed() -> bool:
    """Seal what has waited long enough, or is much. True while more is to be sealed."""
    oldest = Event.objects.filter(sealed_in=None).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    waiting = list(oldest)
    if not waiting or (len(waiting) < AT_ONCE and moment_of(waiting[0]) > timezone.now() - WAIT):
        return False
    return seal_events(MOST)


def seal_events(most: int) -> bool:
    """Seal what is not sealed, in at most so many seals; answers whether more is left. Where another process is at it,
    this one does nothing."""
    with transaction.atomic():
        if not hold_seals(wait=False):
            return False
        last = Seal.objects.order_by("-number").only("number", "hash").first()
        number, before = (last.number, last.hash) if last else (0, FIRST)
        for _time in range(most):
            events = list(Event.objects.filter(sealed_in=None).order_by("pk")[:AT_ONCE])
            if not events:
                break
            seal = seal_of(number + 1, before, events)
            seal.save(force_insert=True)
            Event.objects.filter(pk__in=[event.pk for event in events]).update(sealed_in=seal.number)
            number, before = seal.number, seal.hash
        else:
            events = list(Event.objects.filter(sealed_in=None)[:1])
        if number != (last.number if last else 0):
            _remember(number, before)
        return bool(events)


def hold_seals(*, wait: bool) -> bool:
    """That nobody else seals, removes or verifies until the end of the transaction; False if somebody does."""
    how = (
        "SELECT pg_advisory_xact_lock(%s, hashtext(%s)) IS NOT NULL"
        if wait
        else "SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))"
    )
    with connection.cursor() as cursor:
        cursor.execute(how, [SPACE, str(get_tenant().pk)])
        return bool(cursor.fetchone()[0])


def _remember(number: int, digest: str) -> None:
    """On the platform's side, once the seals are there. What a killed process leaves out the next seal brings."""
    tenant = get_tenant().pk

    def write() -> None:
        with tenant_only(None):
            SealedUpTo.objects.get_or_create(tenant_id=tenant, defaults={"number": 0, "hash": FIRST})
            SealedUpTo.objects.filter(tenant=tenant, number__lt=number).update(
                number=number, hash=digest, at=timezone.now()
            )

    transaction.on_commit(write, using="default")


# Digests


def seal_of(number: int, before: str, events: list[Event]) -> Seal:
    erasures = erasures_of(events)
    entries = b"".join(event.pk.bytes + digest_of(event, erasures) for event in events)
    seal = Seal(number=number, entries=entries)
    seal.hash = hash_of(seal, before)
    return seal


def hash_of(seal: Seal, before: str) -> str:
    head = f"{before} {seal.number} {_moment(seal.at)} ".encode()
    return sha256(head + sha256(seal.entries).digest()).hexdigest()


def entries_of(seal: Seal) -> Iterator[tuple[UUID, bytes]]:
    entries = bytes(seal.entries)
    for place in range(0, len(entries), WIDTH):
        yield UUID(bytes=entries[place : place + 16]), entries[place + 16 : place + WIDTH]


def digest_of(event: Event, erasures: dict[UUID, Event]) -> bytes:
    """What a seal keeps of an event. Of one whose values were erased by what the erasure says they were."""
    values = values_digest(event)
    if event.erased_by:
        values = told_by(erasures.get(event.erased_by), event.pk)[0]
    told = [
        event.pk, event.name, event.record_type, event.record_id, event.about_type, event.about_id, event.member_id,
        event.via, event.change_set, event.cause, _moment(event.at), values,
    ]  # fmt: skip
    return sha256(_canonical([None if part is None else str(part) for part in told])).digest()


def values_digest(event: Event) -> str:
    return sha256(event.salt.bytes + _canonical([event.changes, event.ip])).hexdigest()


def erasures_of(events: Iterable[Event]) -> dict[UUID, Event]:
    """The events that tell of these events' erased values."""
    return Event.objects.filter(name=ERASED).in_bulk({event.erased_by for event in events if event.erased_by})


def told_by(erasure: Event | None, pk: UUID) -> tuple[str, str]:
    """The digest of an event's values before and after an erasure, as the erasure tells; empty if it tells of none."""
    try:
        before, after = erasure.changes["events"][1][str(pk)]  # type: ignore[union-attr]
    except (AttributeError, LookupError, TypeError, ValueError):
        return "", ""
    return str(before), str(after)


def _moment(at: Any) -> str:
    return str(at.astimezone(UTC).isoformat(timespec="microseconds"))


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
