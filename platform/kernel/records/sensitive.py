"""Reading of fields that are marked sensitive leaves an event: who read which fields of which records.

Whatever shows values comes by here with what it shows (`Shown`, forms, histories, files). A person, a record and an
hour make one event at most. Of what is masked for the viewer, or empty, nothing was read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.cache import caches
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from redis import RedisError

from kernel.access.actor import Access
from kernel.events.models import Event
from kernel.events.names import tell

if TYPE_CHECKING:
    from kernel.records.specs import FieldSpec

READ = tell("field.read", _("%(who)s read protected fields"))
HOUR = 3600
NAMED = 100  # records that an event names
EMPTY: tuple[Any, ...] = (None, "", [], {})
logger = logging.getLogger(__name__)


def note_shown(access: Access, specs: Iterable[FieldSpec], rows: Sequence[Any]) -> None:
    """These fields of these records are shown to whoever asks."""
    asked = [spec for spec in specs if spec.sensitive]
    if asked:
        read = [row for row in rows if not row.is_new and any(spec.value(row) not in EMPTY for spec in asked)]
        note_read(access, [spec.name for spec in asked], [row.pk for row in read])


def note_read(access: Access, names: Iterable[str], ids: Sequence[UUID]) -> None:
    """The values of these fields went to whoever asks."""
    actor, fields = access.actor, sorted(set(names))
    who = actor.viewer or actor.member
    if who is None or not ids or not fields:
        return
    hour = int(timezone.now().timestamp()) // HOUR
    told = _not_told_yet(f"sensitive:{who.pk}:{','.join(fields)}:{hour}", ids)
    if told:
        note_reading_of(access, fields, len(told), told)


def note_reading_of(access: Access, fields: Sequence[str], count: int, ids: Sequence[UUID]) -> None:
    changes: dict[str, Any] = {"fields": [None, list(fields)], "count": [None, count]}
    if count > 1 and ids:
        changes["records"] = [None, [str(pk) for pk in ids[:NAMED]]]
    Event(
        name=READ, record_type=access.rtype.slug, record_id=ids[0] if count == 1 and ids else None, changes=changes,
        member=access.actor.viewer or access.actor.member, via=access.actor.via, fanned_out_at=timezone.now(),
    ).save(force_insert=True)  # fmt: skip


def _not_told_yet(key: str, ids: Sequence[UUID]) -> list[UUID]:
    """Those that are not remembered under the key; now they are. Without Valkey all: rather twice than never."""
    cache = caches["default"]
    keys = {f"{key}:{pk}": pk for pk in ids}
    try:
        fresh = keys.keys() - cache.get_many(list(keys)).keys()
        if fresh:
            cache.set_many(dict.fromkeys(fresh, 1), HOUR)
    except RedisError:
        logger.warning("Valkey does not answer: reading of protected fields is told each time")
        return list(ids)
    return [pk for name, pk in keys.items() if name in fresh]
