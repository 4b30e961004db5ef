"""Values taken out of events for good, while the seals over these events go on to hold.

The rows stay and say who did what when. What they said of values is gone with the salt of its digest, and an event of
its own, which is sealed like any other, says which events were erased, by which digests and because of what:
`manage.py audit verify` takes an erased event for a changed one unless such an event names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.events.models import Event
from kernel.events.names import tell
from kernel.events.removing import REMOVED
from kernel.events.sealing import ERASED, erasures_of, told_by, values_digest
from kernel.tenancy.context import owner_in_transaction

AT_ONCE = 500
# By what these say others are verified; they name nobody, though a digest may look like a number of somebody's.
WITNESSES = (ERASED, REMOVED)
Remaining = Callable[[Event], dict[str, Any]]

tell(ERASED, _("%(who)s erased values from the history"))


def nothing(event: Event) -> dict[str, Any]:
    """What remains of an event's changes where all of them go."""
    return {}


def erase_values(
    ids: Iterable[UUID], because: Event, remaining: Remaining = nothing, *, with_addresses: bool = False
) -> int:
    """Take values out of these events, in the transaction that is open; answers of how many. Twice it does nothing.

    `because` is the event that this follows from. `remaining` answers what is left of an event's changes;
    `with_addresses` takes the address of the machine too, which is a visitor's own where an event came by a form.
    """
    wanted, erased = list(ids), 0
    for place in range(0, len(wanted), AT_ONCE):
        with owner_in_transaction():
            erased += _erase(wanted[place : place + AT_ONCE], because, remaining, with_addresses=with_addresses)
    return erased


def _erase(ids: list[UUID], because: Event, remaining: Remaining, *, with_addresses: bool) -> int:
    rows = Event.objects.filter(pk__in=ids).exclude(name__in=WITNESSES)
    events = list(rows.order_by("pk").select_for_update(of=("self",)))
    known = erasures_of(events)
    erasure = Event(
        name=ERASED, member_id=because.member_id, via=because.via, ip=because.ip, cause=because.pk,
        change_set=because.change_set, fanned_out_at=timezone.now(),
    )  # fmt: skip
    changed, told = [], {}
    for event in events:
        left, ip = remaining(event), None if with_addresses else event.ip
        if left == event.changes and ip == event.ip:
            continue
        before = told_by(known.get(event.erased_by), event.pk)[0] if event.erased_by else values_digest(event)
        event.changes, event.ip, event.salt, event.erased_by = left, ip, uuid4(), erasure.pk
        told[str(event.pk)] = [before, values_digest(event)]
        changed.append(event)
    if changed:
        erasure.changes = {"events": [None, told], "count": [None, len(changed)]}
        erasure.save(force_insert=True)
        Event.objects.bulk_update(changed, ["changes", "ip", "salt", "erased_by"])
    return len(changed)
