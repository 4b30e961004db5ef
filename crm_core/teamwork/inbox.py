"""The notifications of one member: read page by page, marked as read and back, forgotten when they are old."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from crm_core.teamwork.models import Notification
from crm_core.teamwork.telling import Reader, Told
from kernel.access.actor import Actor
from kernel.tenancy.pending import sweeper

PAGE = 30
KEPT, KEPT_UNREAD = dt.timedelta(days=90), dt.timedelta(days=365)
FORGOTTEN_AT_ONCE = 1_000


@dataclass(frozen=True)
class Page:
    told: list[Told]
    next: UUID | None


def mine(actor: Actor) -> QuerySet[Notification]:
    return Notification.objects.filter(member=actor.member, in_app=True)


def read_page(actor: Actor, *, only_unread: bool = False, after: UUID | None = None, size: int = PAGE) -> Page:
    """The newest first. What the reader may no longer know of is not told, and does not wait to be read."""
    rows = mine(actor)
    if only_unread:
        rows = rows.filter(read_at=None)
    if after and (last := rows.model.objects.filter(pk=after, member=actor.member).first()):
        earlier = rows.filter(at__lt=last.at)
        rows = earlier | rows.filter(at=last.at, pk__lt=last.pk)
    found = list(rows.order_by("-at", "-pk")[: size + 1])
    more, found = len(found) > size, found[:size]
    told = Reader(actor).read(found)
    known = {one.row.pk for one in told}
    mark(actor, [row.pk for row in found if row.read_at is None and row.pk not in known])
    return Page(told, found[-1].pk if more else None)


def mark(actor: Actor, ids: Iterable[UUID], *, is_read: bool = True) -> int:
    wanted = list(ids)
    if not wanted:
        return 0
    rows = mine(actor).filter(pk__in=wanted, read_at__isnull=is_read)
    return rows.update(read_at=timezone.now() if is_read else None)


def mark_all(actor: Actor) -> dt.datetime | None:
    """All as read; answers the moment by which that is taken back, None where there was nothing."""
    now = timezone.now()
    return now if mine(actor).filter(read_at=None).update(read_at=now) else None


def unmark_all(actor: Actor, moment: dt.datetime) -> int:
    return mine(actor).filter(read_at=moment).update(read_at=None)


def unread(actor: Actor) -> int:
    return mine(actor).filter(read_at=None).count()


@sweeper
def forget_old() -> bool:
    """What was read, or sent as mail alone, goes after three months; whatever it is, after a year. Some of it at a
    time: True while more is to go."""
    now = timezone.now()
    done_with = Q(read_at__isnull=False) | Q(in_app=False) | Q(at__lt=now - KEPT_UNREAD)
    old = Notification.objects.filter(done_with, at__lt=now - KEPT).order_by("at").values_list("pk", flat=True)
    gone, _by_table = Notification.objects.filter(pk__in=list(old[:FORGOTTEN_AT_ONCE])).delete()
    return gone == FORGOTTEN_AT_ONCE
