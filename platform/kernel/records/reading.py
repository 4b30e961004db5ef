"""Whoever reads a list page after page leaves a trace, as whoever exports it does: what was asked, and how much."""

import logging
from typing import Any

from django.core.cache import caches
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from redis import RedisError

from kernel.access.actor import Access
from kernel.events.names import tell
from kernel.events.noting import note
from kernel.records.find import Found

MANY = 1_000
HOUR = 3600
WIDE = 100  # a page as large as no page of ours

READ = tell("list.read", _("%(who)s read many records of a list"))
logger = logging.getLogger(__name__)


def note_reading(found: Found, count: int, *, is_first: bool) -> None:
    """Count what somebody read of a type in this hour. An event tells of it at MANY records, and whenever they are
    twice as many again; pages that people look at first are not counted, so that they cost nothing."""
    access = found.access
    if access.actor.member is None or (is_first and count < WIDE):
        return
    cache: Any = caches["default"]
    try:
        total = cache.count(_key(access), count, HOUR)
    except RedisError:
        logger.warning("Valkey does not answer: what is read of lists is not counted")
        return
    if (total // MANY).bit_length() > ((total - count) // MANY).bit_length():
        asked = {name: value for name, value in found.params.items() if name not in ("cursor", "limit")}
        note(access.actor, READ, access.rtype.slug, {"query": [None, asked], "count": [None, total]})


def _key(access: Access) -> str:
    actor = access.actor
    hour = int(timezone.now().timestamp()) // HOUR
    return f"read:{actor.member and actor.member.pk}:{actor.via}:{access.rtype.slug}:{hour}"
