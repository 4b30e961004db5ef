"""An administrator looking at the workspace through a member's eyes: what they see, and nothing is changed.

A signed cookie says so, bound to the tenant and to who is signed in, for an hour at most; the right to it is asked
anew on every request.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.access.actor import Actor, actor_for
from kernel.access.models import Member
from kernel.web.errors import answer

COOKIE, SALT, HOUR = "view_as", "kernel.web.viewing_as", 60 * 60
LEAVE = "/settings/view-as/leave"
SAFE = ("GET", "HEAD", "OPTIONS")
# What is between a member and the workspace alone, and what is changed by being looked at.
PRIVATE = ("/settings", "/notifications", "/api/v1/notifications")


def may_view_as(actor: Actor, member: Member) -> bool:
    """Whoever may do everything already: so that nobody sees more than their own roles let them."""
    is_other = actor.member is not None and actor.member.pk != member.pk
    return is_other and actor.viewer is None and actor.may_system("*") and member.active and member.deleted_at is None


def begin(response: HttpResponse, request: Any, member: Member) -> None:
    value = signing.dumps([str(request.tenant.pk), str(request.identity.pk), str(member.pk)], salt=SALT)
    response.set_cookie(
        COOKIE, value, max_age=HOUR, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )  # fmt: skip


def end(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, samesite="Lax")


def actor_of(request: Any, myself: Actor) -> Actor | None:
    """The member whose eyes are used, as an actor that reads dates and words as oneself does; None for one's own."""
    if COOKIE not in request.COOKIES:
        return None
    try:
        tenant, identity, pk = signing.loads(request.COOKIES[COOKIE], salt=SALT, max_age=HOUR)
    except (signing.BadSignature, ValueError):
        return None
    if [tenant, identity] != [str(request.tenant.pk), str(request.identity.pk)]:
        return None
    member = Member.objects.alive().filter(pk=UUID(pk), active=True).first()
    if member is None or not may_view_as(myself, member):
        return None
    actor = actor_for(member, via="page")
    actor.format, actor.viewer = myself.format, myself.member
    return actor


def refusal(request: HttpRequest) -> HttpResponse | None:
    """What is not done while looking through somebody's eyes."""
    path = request.path_info
    if path in (LEAVE, "/logout"):
        return None
    if request.method in SAFE and not any(path == own or path.startswith(f"{own}/") for own in PRIVATE):
        return None
    member = request.member  # type: ignore[attr-defined]
    text = _("You are looking through the eyes of %(name)s. Go back to your own view first.") % {"name": member.name}
    return answer(request, 403, _("Nothing can be changed here now"), text)
