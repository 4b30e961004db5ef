"""The notification centre: a page, a panel beside any page, and the bell that leads to both."""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm_core.teamwork import inbox as box
from crm_core.teamwork.mailing import read_leave
from crm_core.teamwork.models import Preferences
from crm_core.teamwork.preferences import DAILY, KINDS, NO_MAIL, channel, preferences_of
from crm_core.teamwork.telling import Reader, is_today
from kernel.access.actor import Actor
from kernel.access.models import Member
from kernel.accounts.doors import public
from kernel.records.kinds.relations import read_id
from kernel.web.pages import go, page

IN_PANEL = 15
# Read along with the member whom each page asks for anyway.
UNREAD = (
    "(SELECT count(*) FROM (SELECT 1 FROM teamwork_notification n WHERE n.member_id = access_member.id AND n.in_app"
    " AND n.read_at IS NULL LIMIT 100) unread)"
)


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    in_panel = request.headers.get("HX-Target") == "panel-content"
    only_unread = request.GET.get("show") == "unread"
    found = box.read_page(
        actor, only_unread=only_unread, after=read_id(request.GET.get("cursor", "")),
        size=IN_PANEL if in_panel else box.PAGE,
    )  # fmt: skip
    days = [
        (_("Today") if today else _("Earlier"), list(group))
        for today, group in groupby(found.told, key=lambda told: is_today(actor, told.row.at))
    ]
    count = box.unread(actor)
    context = {
        "heading": _("Notifications"), "days": days, "only_unread": only_unread, "next": found.next,
        "unread": actor.format.number(count) if count else "", "more_url": _more_url(only_unread, found.next),
    }  # fmt: skip
    if in_panel:
        return page(request, "teamwork/panel.html", context)
    if request.headers.get("HX-Target") == "older":
        return page(request, "teamwork/_days.html", context)
    return page(request, "teamwork/inbox.html", context)


def _more_url(only_unread: bool, following: UUID | None) -> str:
    if following is None:
        return ""
    return "/notifications?" + urlencode({**({"show": "unread"} if only_unread else {}), "cursor": str(following)})


@require_safe
def bell(request: HttpRequest) -> HttpResponse:
    """The bell as it is now: asked for by pages that stand open."""
    response = page(request, "ui/bell.html", {})
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def open_one(request: HttpRequest, pk: UUID) -> HttpResponse:
    """On to what it is about; it is read with that."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = box.mine(actor).filter(pk=pk).first()
    told = Reader(actor).read([row]) if row else []
    if not told:
        raise Http404
    box.mark(actor, [pk])
    return HttpResponseRedirect(told[0].url or "/notifications")


@require_POST
def read(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Done with it, or with `unread` not yet."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    box.mark(actor, [pk], is_read="unread" not in request.POST)
    row = box.mine(actor).filter(pk=pk).first()
    told = Reader(actor).read([row]) if row else []
    if not told:
        raise Http404
    if not request.headers.get("HX-Request"):
        return go(request, "/notifications")
    response = page(request, "teamwork/_item.html", {"told": told[0]})
    response["HX-Trigger"] = "notified"
    return response


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    moment = box.mark_all(actor)
    if moment is None:
        return go(request, "/notifications", _("There is nothing unread."))
    undo = "/notifications/unread-all?" + urlencode({"at": moment.isoformat()})
    return go(request, "/notifications", _("All notifications are marked as read."), tone="good", undo=undo)


@require_POST
def unread_all(request: HttpRequest) -> HttpResponse:
    """Take marking all back: those that were marked at that moment."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    moment: dt.datetime | None = None
    try:
        moment = parse_datetime(request.GET.get("at", ""))
    except ValueError:
        pass
    if moment and timezone.is_aware(moment):
        box.unmark_all(actor, moment)
    return go(request, "/notifications", _("They are unread again."))


@csrf_exempt  # a mail program that takes the one click has no page of ours; the token is the key
@public
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: Any, token: str) -> HttpResponse:
    """One click ends mail of a kind. The page asks first: what follows links in mails must not click for anybody."""
    told = read_leave(token)
    member = Member.objects.alive().filter(pk=told[0]).first() if told else None
    if told is None or member is None or (told[1] and told[1] not in KINDS):
        raise Http404
    kind = told[1]
    with override(member.language or request.tenant.language):
        if request.method == "POST":
            _stop(member, kind)
        context = {
            "heading": _("Mail about: %(kind)s") % {"kind": KINDS[kind].label} if kind else _("The daily mail"),
            "is_done": request.method == "POST", "lang": member.language or request.tenant.language,
            "dir": "rtl" if (member.language or request.tenant.language) == "fa" else "ltr",
        }  # fmt: skip
        response = render(request, "teamwork/leave.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _stop(member: Member, kind: str) -> None:
    preferences = preferences_of(member.pk)
    for code in KINDS if not kind else [kind]:
        way = channel(preferences, code)
        if kind or way.mail == DAILY:
            preferences.channels[code] = {"app": way.app, "mail": NO_MAIL}
    Preferences.objects.update_or_create(member=member, defaults={"channels": preferences.channels})
