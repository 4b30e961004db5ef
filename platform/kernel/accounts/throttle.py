"""How often may somebody try? Counters in Valkey, in windows of fixed length.

When Valkey is away every process counts for itself: a little more is let through than meant, but nobody is locked out
of their work and nobody may guess without end.
"""

import hashlib
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.utils import timezone
from django.utils.translation import ngettext
from redis import RedisError

from kernel.lib.text import written
from kernel.tenancy.context import get_tenant

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """At most so many `times` in `seconds`, under one name."""

    name: str
    times: int
    seconds: int


class TooMany(Exception):
    """Tried too often; `seconds` until it may be tried again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    @property
    def minutes(self) -> int:
        """For a sentence: never zero."""
        return max(1, -(-self.seconds // 60))


def hit(limit: Limit, *who: str) -> None:
    """Count one try; raises TooMany when it is one too many."""
    _hit((limit, who))


def hit_request(limit: Limit, who: str) -> None:
    """Count a request of somebody in the current tenant, and then for the whole of it: in one trip, and for the tenant
    only what its people and programs may ask at all, so that one of them can't shut out the others for long."""
    tenant = str(get_tenant().pk)
    whole = Limit("workspace", settings.WORKSPACE_REQUESTS_PER_MINUTE, limit.seconds)
    _hit((limit, (tenant, who)), (whole, (tenant,)))


def _hit(*tries: tuple[Limit, tuple[str, ...]]) -> None:
    """All of one window. What comes after the first that is one too many is not counted."""
    now, seconds = int(timezone.now().timestamp()), tries[0][0].seconds
    most = [limit.times for limit, _who in tries]
    counts = _add([_key(limit, who, now) for limit, who in tries], 1, seconds, most)
    if any(count > times for count, times in zip(counts, most, strict=False)):
        raise TooMany(seconds - now % seconds)


def refund(limit: Limit, *who: str) -> None:
    """Take one try back: it was a good one."""
    _add([_key(limit, who, int(timezone.now().timestamp()))], -1, limit.seconds)


def forget(limit: Limit, *who: str) -> None:
    """Start counting anew."""
    key = _key(limit, who, int(timezone.now().timestamp()))
    with _lock:
        _local.pop(key, None)
    try:
        caches["platform"].delete(key)
    except RedisError:
        log.warning("Valkey does not answer: a counter stays until its window ends")


def _key(limit: Limit, who: tuple[str, ...], now: int) -> str:
    whom = hashlib.sha256("\0".join(who).encode()).hexdigest()[:24]  # no address is readable in Valkey
    return f"throttle:{limit.name}:{whom}:{now // limit.seconds}"


_local: dict[str, int] = {}
_lock = threading.Lock()


def _add(keys: Sequence[str], by: int, seconds: int, most: Sequence[int] = ()) -> list[int]:
    cache: Any = caches["platform"]
    try:
        return list(cache.counts(keys, by, seconds + 1, most))
    except RedisError:
        log.warning("Valkey does not answer: tries are counted in each process")
    with _lock:
        if len(_local) > 50_000:  # windows pass and their keys never come back
            _local.clear()
        for key in keys:
            _local[key] = max(0, _local.get(key, 0) + by)
        return [_local[key] for key in keys]


def sentence(error: TooMany) -> str:
    """What to tell whoever tried too often."""
    return ngettext(
        "Too many attempts. Try again in %(minutes)s minute.",
        "Too many attempts. Try again in %(minutes)s minutes.",
        error.minutes,
    ) % {"minutes": written(error.minutes)}
