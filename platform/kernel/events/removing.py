"""Keeping events for as long as the company chose: what is older goes, a beginning of the chain at a time.

The seals stay, and an event that is sealed like any other says up to which of them the events are gone, so that
`manage.py audit verify` misses these and no others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.events.models import Event, Reaction, Retention, Seal
from kernel.events.names import tell
from kernel.events.sealing import entries_of, hold_seals
from kernel.lib.ids import moment_of
from kernel.tenancy.context import owner_in_transaction
from kernel.tenancy.pending import sweeper

REMOVED = tell("audit.removed", _("%(who)s removed what is older than the audit log is kept"))
AT_ONCE = 10  # seals
Holding = Callable[[], bool]
_holding: list[Holding] = []
LEAST = timedelta(days=365)
YEAR = timedelta(days=366)  # a year at least, whichever calendar it is counted by


def nothing_goes_while(asked: Holding) -> Holding:
    """Have nothing removed while this function says yes."""
    _holding.append(asked)
    return asked


@dataclass(frozen=True)
class Removed:
    """Up to which seal events are gone, and before which moment they must have happened for that to be right."""

    seal: int
    before: datetime


def removed() -> Removed:
    last = Event.objects.filter(name=REMOVED, erased_by=None).order_by("-pk").first()
    if last is None:
        return Removed(0, timezone.now())
    # One that says it will have been tomorrow would excuse what is missing since today.
    return Removed(int(last.changes["seal"][1]), min(last.at, moment_of(last.pk), timezone.now()) - LEAST)


@sweeper
def sweep_old() -> bool:
    """Remove what is older than the company keeps events, some of it at a time. True while more is to go."""
    years = Retention.objects.values_list("years", flat=True).first()
    oldest = Event.objects.order_by("pk").values_list("pk", flat=True).first() if years else None
    if years is None or oldest is None or moment_of(oldest) >= (moment := timezone.now() - years * YEAR):
        return False
    return remove_before(moment)


def remove_before(moment: datetime) -> bool:
    """Remove events of seals that hold nothing from this moment on; answers whether more of them are left."""
    if any(asked() for asked in _holding) or not hold_seals(wait=False):
        return False
    first = removed().seal + 1
    seals = list(Seal.objects.filter(number__gte=first).order_by("number")[:AT_ONCE])
    old = list(takewhile(lambda seal: _latest(seal) < moment, seals))
    if not old:
        return False
    ids = [pk for seal in old for pk, _digest in entries_of(seal)]
    with owner_in_transaction():
        Reaction.objects.filter(event__in=ids).delete()
        count = Event.objects.filter(pk__in=ids).delete()[0]
    changes = {"seal": [None, old[-1].number], "count": [None, count], "before": [None, moment.isoformat()]}
    Event(name=REMOVED, via="job", changes=changes, fanned_out_at=timezone.now()).save(force_insert=True)
    return len(old) == AT_ONCE


def _latest(seal: Seal) -> datetime:
    return max(moment_of(pk) for pk, _digest in entries_of(seal))
