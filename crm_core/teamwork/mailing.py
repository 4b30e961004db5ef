"""Notifications as mail: each once, at once or with the others in the morning.

A worker takes what is due by moving it ahead for some minutes, and sends outside of any transaction. One that dies is
followed by another when these are over; the message keeps its id, so that a mailbox that has it already knows it.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from celery import shared_task
from django.core import signing
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_core.teamwork.models import Notification
from crm_core.teamwork.notifying import receiver
from crm_core.teamwork.preferences import KINDS
from crm_core.teamwork.telling import Reader, Told
from kernel.access.actor import Actor
from kernel.accounts.letters import Letter
from kernel.lib.text import without_isolates
from kernel.tenancy.context import get_tenant, in_tenant
from kernel.tenancy.pending import sweeper, wake_at
from kernel.tenancy.tasks import TenantTask

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=5)
TRIES = 8
AT_ONCE = 50
IN_DIGEST = 50
LEAVE = "crm_core.teamwork.leave"


class MailTask(TenantTask):
    """Opens its own short transactions: a mail server is not waited for inside one."""

    abstract = True
    atomic = False


@dataclass
class Taken:
    letter: Letter
    email: str
    name: str
    language: str
    ids: list[UUID] = field(default_factory=list)


@shared_task(base=MailTask, name="teamwork.send_waiting")
def send_waiting() -> None:
    """Send what is due by now."""
    for _number in range(AT_ONCE):
        with in_tenant(get_tenant()):
            ids = _take()
            taken = _letter(ids) if ids else None
        if not ids:
            return
        if taken:
            try:
                with translation.override(taken.language):
                    taken.letter.send(taken.email, taken.name)
            except OSError:
                logger.exception("A notification could not be mailed; it is tried again.")
                continue
        with in_tenant(get_tenant()):
            Notification.objects.filter(pk__in=ids).update(mailed_at=timezone.now())
    send_waiting.delay()


@sweeper
def sweep_mail() -> bool:
    """Send what a lost message left behind, and come back for what is due later."""
    waiting = Notification.objects.filter(mailed_at=None, mail_at__isnull=False).order_by("mail_at")
    first = waiting.values_list("mail_at", flat=True).first()
    if first is None:
        return False
    if first > timezone.now():
        wake_at(first)
        return False
    send_waiting.delay()
    return True


def _take() -> list[UUID]:
    """The next mail that is due, and with a daily one all of that member's: nobody else takes these for a while."""
    now = timezone.now()
    due = Notification.objects.filter(mailed_at=None, mail_at__lte=now).select_for_update(skip_locked=True)
    first = due.order_by("mail_at").first()
    if first is None:
        return []
    rows = [first]
    if first.is_digest:
        rows = list(due.filter(member=first.member_id, is_digest=True).order_by("at")[:IN_DIGEST])
    ids = [row.pk for row in rows]
    spent = [row.pk for row in rows if row.mail_tries >= TRIES]
    if spent:
        Notification.objects.filter(pk__in=spent).update(mail_at=None)
        return _take()
    until = now + LEASE * (first.mail_tries + 1)
    Notification.objects.filter(pk__in=ids).update(mail_at=until, mail_tries=first.mail_tries + 1)
    wake_at(until)
    return ids


def _letter(ids: list[UUID]) -> Taken | None:
    """The letter, in its reader's language; None where by now there is nothing to say, or nobody to say it to."""
    rows = list(Notification.objects.filter(pk__in=ids).order_by("at"))
    rows = [row for row in rows if row.read_at is None or not row.is_digest]  # what was read is no news
    actor = receiver(rows[0].member_id) if rows else None
    if actor is None or actor.member is None or not actor.member.email:
        return None
    with translation.override(actor.format.language):
        told = Reader(actor).read(rows)
        if not told:
            return None
        letter = digest_letter(actor, told) if rows[0].is_digest else single_letter(actor, told[0])
    return Taken(letter, actor.member.email, actor.member.name, actor.format.language, ids)


def single_letter(actor: Actor, told: Told) -> Letter:
    return Letter(
        subject=without_isolates(told.sentence),
        lines=tuple(filter(None, (told.sentence, told.note))),
        link=f"{get_tenant().url}{told.url}" if told.url else "",
        link_text=_("Open it"),
        small=(_why(told.row.kind), _leave_line()),
        links=((_("Stop such mail:"), leave_url(actor, told.row.kind)),),
        key=f"n-{told.row.pk}",
        leave=leave_url(actor, told.row.kind),
    )


def digest_letter(actor: Actor, told: list[Told]) -> Letter:
    url = get_tenant().url
    count = ngettext("%(count)s piece of news", "%(count)s pieces of news", len(told)) % {
        "count": actor.format.number(len(told))
    }
    return Letter(
        subject=_("%(workspace)s: %(count)s") % {"workspace": get_tenant().name, "count": count},
        lines=(_("This happened since yesterday:"),),
        links=tuple((" – ".join(filter(None, (one.sentence, one.note))), f"{url}{one.url}") for one in told),
        link=f"{url}/notifications",
        link_text=_("All notifications"),
        small=(_leave_line(),),
        key=f"d-{told[0].row.pk}",
        leave=leave_url(actor, ""),
    )


def _why(kind: str) -> str:
    return _("You get this because of your choice for “%(kind)s”.") % {"kind": KINDS[kind].label}


def _leave_line() -> str:
    return _("What you are told of, and how, is set here: %(url)s") % {
        "url": f"{get_tenant().url}/settings/notifications"
    }


def leave_url(actor: Actor, kind: str) -> str:
    """Where one click ends mail of a kind ("" for the daily one): good for one member of one tenant."""
    assert actor.member is not None
    told = {"t": str(get_tenant().pk), "m": str(actor.member.pk), "k": kind}
    return f"{get_tenant().url}/notifications/leave/{signing.dumps(told, salt=LEAVE)}"


def read_leave(token: str) -> tuple[UUID, str] | None:
    """The member and the kind that a link was made for, if it was made for this tenant."""
    try:
        told: dict[str, Any] = signing.loads(token, salt=LEAVE)
    except signing.BadSignature:
        return None
    if told.get("t") != str(get_tenant().pk):
        return None
    return UUID(told["m"]), str(told["k"])
