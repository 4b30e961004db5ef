"""The records that a member opened last: kept in Valkey, for it is worth less than a write on each page."""

from __future__ import annotations

import logging
from uuid import UUID

from django.core.cache import cache
from redis import RedisError

from kernel.access.actor import Actor
from kernel.search.finding import Hit, reachable

log = logging.getLogger(__name__)

KEPT, SHOWN = 12, 6
QUARTER = 90 * 24 * 60 * 60


def opened(actor: Actor, slug: str, pk: UUID) -> None:
    """Remember that this record's page was opened. Two pages at once may forget one of them; nothing hangs on it."""
    if actor.member is None or actor.viewer is not None:
        return
    entry = f"{slug}:{pk}"
    try:
        entries = _entries(actor)
        if entries[:1] != [entry]:
            cache.set(_key(actor), [entry, *(one for one in entries if one != entry)][:KEPT], QUARTER)
    except RedisError:
        log.warning("Valkey does not answer: a page that was opened is not remembered")


def recent(actor: Actor, limit: int = SHOWN) -> list[Hit]:
    """What this member opened last and may still see, last first."""
    if actor.member is None:
        return []
    try:
        entries = _entries(actor)
    except RedisError:
        log.warning("Valkey does not answer: what was opened last is not known")
        return []
    pairs = ((slug, UUID(pk)) for slug, _sep, pk in (entry.partition(":") for entry in entries))
    return reachable(actor, pairs)[:limit]


def _entries(actor: Actor) -> list[str]:
    return cache.get(_key(actor)) or []


def _key(actor: Actor) -> str:
    assert actor.member is not None
    return f"recent:{actor.member.pk}"
