"""Whoever reads a list page after page leaves a trace, as whoever exports it does: what was asked, and how much."""

import logging
from typing import Any, cast

from django.core.cache import caches
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from redis import RedisError

from kernel.access.actor import Access
from kernel.access.models import Member
from kernel.events.names import tell
from kernel.events.noting import note, note_member
from kernel.records.find import Found

MANY = 1_000
HOUR = 3600
WIDE = 100  # a page as large as no page of ours

DAYS = 30  # by which it is told what somebody usually reads
KEPT = (DAYS + 1) * 24 * HOUR
ALERT_MOST, ALERT_TIMES = 500, 5  # in an hour; as many times what they usually read in one

UNUSUAL = tell("member.read_unusually", _("%(who)s read far more records in an hour than usual"))
READ = tell("list.read", _("%(who)s read many records of a list"))
logger = logging.getLogger(__name__)


def note_reading(found: Found, count: int, *, is_first: bool) -> None:
    """Count what somebody read of a type in this hour. An event tells of it at MANY records, and whenever they are
    twice as many again; pages that people look at first are not counted, so that they cost nothing."""
    if is_first and count < WIDE:
        return
    total = count_reading(found.access, count)
    if total is not None and (total // MANY).bit_length() > ((total - count) // MANY).bit_length():
        asked = {name: value for name, value in found.params.items() if name not in ("cursor", "limit")}
        note(found.access.actor, READ, found.access.rtype.slug, {"query": [None, asked], "count": [None, total]})


def count_reading(access: Access, count: int) -> int | None:
    """Count records that went to somebody, by whatever way; answers how many of the type did in this hour by this way.
    Who reads far more than they are used to is told of. None where nobody counts."""
    who, cache = access.actor.viewer or access.actor.member, cast(Any, caches["default"])
    if who is None:
        return None
    hour = int(timezone.now().timestamp()) // HOUR
    keys = [f"read:{who.pk}:{access.actor.via}:{access.rtype.slug}:{hour}", _key(who, hour)]
    try:
        of_type, of_all = cache.counts(keys, count, KEPT)
        if of_all >= ALERT_MOST and of_all >= _usual_most(who, hour):
            _alert(who, of_all, hour)
    except RedisError:
        logger.warning("Valkey does not answer: what is read of lists is not counted")
        return None
    return int(of_type)


# Reading that is unusual for whoever reads


def _key(who: Member, hour: int) -> str:
    return f"read-in-hour:{who.pk}:{hour}"


def _mean(who: Member, hour: int) -> float:
    """How much they read in an hour in which they read, over the last thirty days; 0 for somebody who is new."""
    earlier = caches["default"].get_many([_key(who, hour - number) for number in range(1, DAYS * 24 + 1)])
    return sum(earlier.values()) / len(earlier) if earlier else 0.0


def _usual_most(who: Member, hour: int) -> float:
    """From how many on it is unusual. Looked up once an hour, by those few who read as many at all."""
    key = f"read-most:{who.pk}:{hour}"
    most = caches["default"].get(key)
    if most is None:
        most = max(ALERT_MOST, ALERT_TIMES * _mean(who, hour))
        caches["default"].set(key, most, HOUR)
    return float(most)


def _alert(who: Member, count: int, hour: int) -> None:
    """Once a day for each person."""
    if caches["default"].add(f"read-alert:{who.pk}:{timezone.now():%Y-%m-%d}", 1, 24 * HOUR):
        changes = {"count": [None, count], "usual": [None, round(_mean(who, hour))]}
        note_member(UNUSUAL, who.pk, by=who.pk, changes=changes)
