"""`notify`: the one door through which members are told of things."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from crm_core.teamwork.models import Notification
from crm_core.teamwork.preferences import DAILY, channel, mail_moment, preferences_of
from kernel.access.actor import Actor, actor_for
from kernel.access.models import Member
from kernel.records.find import get
from kernel.records.types import registry
from kernel.tenancy.context import on_commit
from kernel.tenancy.pending import mark_pending, wake_at

EVENTS_KEPT = 20
Ref = tuple[str, UUID]


def receiver(member: UUID | None) -> Actor | None:
    """The member as one who may be told something: at work here, and able to sign in."""
    if member is None:
        return None
    found = Member.objects.alive().filter(pk=member, active=True, identity__isnull=False).first()
    return actor_for(found, "job") if found else None


def may_know(actor: Actor, record: Ref | None) -> bool:
    """Whether the record is in the reach of this actor."""
    if record is None:
        return True
    rtype = registry.get(record[0])
    return rtype is not None and actor.access(rtype).may("view") and get(actor.access(rtype), record[1]) is not None


def notify(
    member: UUID | Actor | None,
    kind: str,
    *,
    key: str,
    record: Ref | None = None,
    event: UUID | None = None,
    data: dict[str, Any] | None = None,
    together: bool = False,
    mail_after: dt.timedelta = dt.timedelta(),
) -> Notification | None:
    """Tell a member something, in the ways they have chosen, if they may know it. What has been told under this key is
    not told again; with `together` it is counted, and stands as new: its mail waits for `mail_after`, so that it tells
    of all. Answers None where nothing was told."""
    actor = member if isinstance(member, Actor) else receiver(member)
    if actor is None or actor.member is None or not may_know(actor, record):
        return None
    preferences, now = preferences_of(actor.member.pk), timezone.now()
    way = channel(preferences, kind)
    if not (way.app or way.mail):
        return None
    row = Notification(
        member=actor.member, kind=kind, key=key, at=now, in_app=way.app, data=data or {}, is_digest=way.mail == DAILY,
        record_type=record[0] if record else "", record_id=record[1] if record else None,
        events=[str(event)] if event else [],
        mail_at=mail_moment(preferences, way.mail, actor.format, now + mail_after) if way.mail else None,
    )  # fmt: skip
    told = _insert(row, together=together)
    if told and row.mail_at:
        send_mail_from(row.mail_at)
    return row if told else None


def _insert(row: Notification, *, together: bool) -> bool:
    """One statement, so that two at once say it once."""
    if not together:
        made = Notification.objects.bulk_create([row], ignore_conflicts=True)
        return bool(Notification.objects.filter(pk=made[0].pk).exists())
    table = connection.ops.quote_name(Notification._meta.db_table)
    fields = list(Notification._meta.concrete_fields)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    holders = ", ".join(["%s"] * len(fields))
    sql = (
        f"INSERT INTO {table} AS held ({columns}) VALUES ({holders}) ON CONFLICT (member_id, key) DO UPDATE SET"  # noqa: S608
        " count = held.count + 1, at = excluded.at, read_at = NULL,"
        " events = CASE WHEN jsonb_array_length(held.events) < %s THEN held.events || excluded.events"
        " ELSE held.events END RETURNING id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, EVENTS_KEPT])
        (row.id,) = cursor.fetchone()
    return True


def send_mail_from(moment: dt.datetime) -> None:
    """Have the mail that is due by then sent: after this commit, or when the moment has come."""
    from crm_core.teamwork.mailing import send_waiting

    if moment <= timezone.now():
        mark_pending()
        on_commit(lambda: send_waiting.delay())
    else:
        wake_at(moment)
