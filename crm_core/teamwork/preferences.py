"""What members may be told of, and which way: what everybody has, and what each has chosen instead."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm_core.teamwork.models import Preferences
from kernel.lib.format import Format
from kernel.lib.planning import MORNING, at

REMINDER, LATE_LEAD, ASSIGNED, MENTIONED = "reminder", "late_lead", "assigned", "mentioned"
FOLLOWED, RUN, JOINED, SHARED, UNUSUAL = "followed", "run", "joined", "shared", "unusual"
NO_MAIL, ONCE, DAILY = "", "once", "daily"
DIGEST_AT = dt.time(8)
NO_LEAD = "none"
LEADS = (
    (NO_LEAD, pgettext_lazy("reminder", "Not at all")),
    ("0", _("When it is due")),
    ("10", _("10 minutes before")),
    ("60", _("1 hour before")),
    ("1440", _("1 day before")),
)
MAILS = (
    (NO_MAIL, pgettext_lazy("mail", "None")),
    (ONCE, pgettext_lazy("mail", "At once")),
    (DAILY, pgettext_lazy("mail", "Once a day")),
)


@dataclass(frozen=True)
class Kind:
    """`app` and `mail` are what somebody has who has chosen nothing; `right` the type whose readers it is for."""

    code: str
    label: Any
    help: Any
    icon: str
    app: bool = True
    mail: str = NO_MAIL
    right: str = ""


KINDS = {
    kind.code: kind
    for kind in (
        Kind(REMINDER, _("Reminders"), _("A task, call, meeting or contact is due."), "clock", mail=ONCE),
        Kind(LATE_LEAD, _("Late leads"), _("Nobody has answered a lead in time."), "target", mail=ONCE, right="leads"),
        Kind(ASSIGNED, _("Handed over"), _("Somebody gave a record to you."), "user-check", mail=ONCE),
        Kind(SHARED, _("Shared with you"), _("Somebody opened a record to you or your team."), "users", mail=ONCE),
        Kind(MENTIONED, _("Mentions"), _("Somebody wrote your name with an @."), "message", mail=ONCE),
        Kind(FOLLOWED, _("Records you follow"), _("Somebody changed one, or wrote about it."), "eye"),
        Kind(
            RUN,
            _("Finished work"),
            _("An import, export or report of yours is done, or has a question."),
            "circle-check",
        ),
        Kind(JOINED, _("Invitations"), _("Somebody you invited has come in."), "user-plus"),
        Kind(
            UNUSUAL,
            _("Unusual reading"),
            _("Somebody read far more records than they usually do. For administrators."),
            "alert-triangle",
            mail=ONCE,
            right="roles",
        ),
    )
}


@dataclass(frozen=True)
class Channel:
    app: bool
    mail: str


def preferences_of(member: UUID) -> Preferences:
    """As kept, or as of somebody who has chosen nothing."""
    return Preferences.objects.filter(pk=member).first() or Preferences(member_id=member)


def channel(preferences: Preferences, kind: str) -> Channel:
    own, usual = preferences.channels.get(kind, {}), KINDS[kind]
    return Channel(own.get("app", usual.app), own.get("mail", usual.mail))


def mail_moment(preferences: Preferences, mail: str, fmt: Format, now: dt.datetime) -> dt.datetime:
    """When a mail of now goes out: at once, once the quiet hours are over, or with the others in the morning."""
    local = fmt.local(now)
    if mail == DAILY:
        today = at(local.date(), DIGEST_AT, fmt.timezone)
        return today if now < today else at(local.date() + dt.timedelta(days=1), DIGEST_AT, fmt.timezone)
    start, end = preferences.quiet_from, preferences.quiet_until
    if start is None or end is None or start == end:
        return now
    clock = local.time()
    if start < end:
        return at(local.date(), end, fmt.timezone) if start <= clock < end else now
    if clock >= start:
        return at(local.date() + dt.timedelta(days=1), end, fmt.timezone)
    return at(local.date(), end, fmt.timezone) if clock < end else now


def remind_moment(lead: str, due: dt.datetime, fmt: Format, now: dt.datetime) -> dt.datetime | None:
    """When to remind of what is due then; None for not at all. What is due on a day, without an hour, is told of in the
    morning of that day, or of the days before that. A moment that is past already gives way to the hour it is due."""
    if lead == NO_LEAD:
        return None
    local, before = fmt.local(due), dt.timedelta(minutes=int(lead or 0))
    if local.time() == dt.time():
        mornings = [at(local.date() - dt.timedelta(days=days), MORNING, fmt.timezone) for days in (before.days, 0)]
        return next((morning for morning in mornings if morning > now), None)
    return next((moment for moment in (due - before, due) if moment > now), None)
