"""Signing in, and what people do about their ways in, in the history of their workspaces.

Of a failed sign-in the workspace learns whose it was, if it was somebody's here, and how often there was nobody of that
address: the address itself is written nowhere, no more than what was typed.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task
from django.core.cache import caches
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.access.models import Member
from kernel.accounts import happening
from kernel.accounts.models import Identity, Membership
from kernel.accounts.sessions import came_by_provider, client_ip
from kernel.accounts.tasks import RETRY, post
from kernel.events.asking import from_where
from kernel.events.models import Event
from kernel.events.names import tell
from kernel.tenancy.context import current_tenant, in_tenant
from kernel.tenancy.hosts import tenant_by_id
from kernel.tenancy.tasks import PlatformTask
from kernel.web.members import member_of

HOUR = 3600
UNKNOWN_MANY = 10  # from so many in an hour on, at each doubling

SIGNED_IN = tell("member.signed_in", _("%(who)s signed in"))
FAILED = tell("member.sign_in_failed", _("Somebody tried to sign in as this member and was refused"))
LOCKED = tell("member.sign_in_locked", _("Signing in as this member was shut for some minutes after many tries"))
UNKNOWN = tell("sign_in.unknown", _("Somebody tried to sign in with addresses that nobody here has"))
CHANGES = {
    happening.PASSWORD_CHANGED: tell("member.password_changed", _("%(who)s changed their password")),
    happening.SESSION_ENDED: tell("member.session_ended", _("%(who)s signed out another of their devices")),
    happening.ALL_ENDED: tell("member.signed_out_everywhere", _("%(who)s signed out everywhere")),
    happening.FACTOR_ADDED: tell("member.factor_added", _("%(who)s added a way to prove who they are")),
    happening.FACTOR_REMOVED: tell("member.factor_removed", _("%(who)s removed a way to prove who they are")),
    happening.CODES_MADE: tell("member.codes_made", _("%(who)s made new recovery codes")),
}
# What let somebody in, by the page that did; all others say it in the session.
WAYS = {"enter": "crossing", "reset": "reset", "join": "invitation"}


@happening.when_signed_in
def _signed_in(request: HttpRequest, identity: Identity) -> None:
    member = member_of(identity) if request.tenant is not None else None  # type: ignore[attr-defined]
    if member is not None:
        page = request.resolver_match.url_name if request.resolver_match else ""
        by_provider = "provider" if came_by_provider(request) else ""
        way = by_provider or WAYS.get(page or "") or request.session.get("factor") or "password"
        _write(SIGNED_IN, member.pk, by=member.pk, changes={"way": [None, way]})


@happening.when_changed
def _changed(identity: Identity, what: str, factor: str) -> None:
    here = current_tenant.get()
    post(tell_workspaces, str(identity.pk), what, factor, from_where() or "", str(here.pk) if here else "")


@shared_task(base=PlatformTask, **RETRY)
def tell_workspaces(identity: str, what: str, factor: str, ip: str, here: str = "") -> None:
    """In each workspace of a person, that they did something about their account; from where only in the one in which
    they did: where somebody is while they work for another company is not this one's to know."""
    for pk in Membership.objects.filter(identity_id=identity).values_list("tenant_id", flat=True):
        tenant = tenant_by_id(pk)
        if tenant is not None and tenant.status == "active":
            with in_tenant(tenant):
                member = Member.objects.alive().filter(identity=UUID(identity)).values_list("pk", flat=True).first()
                if member is not None:
                    changes = {"way": [None, factor]} if factor else {}
                    _write(CHANGES[what], member, by=member, changes=changes, ip=ip if ip and str(pk) == here else None)


def refused(request: HttpRequest, email: str, way: str, *, is_locked: bool = False) -> None:
    """That a sign-in failed: written elsewhere and later, so that the answer takes as long for every address."""
    tenant = request.tenant  # type: ignore[attr-defined]
    if tenant is not None:
        post(tell_of_refusal, str(tenant.pk), email, way, client_ip(request), "locked" if is_locked else "")


@shared_task(base=PlatformTask, **RETRY)
def tell_of_refusal(tenant_id: str, email: str, way: str, ip: str, locked: str) -> None:
    identity, tenant = Identity.objects.with_email(email), tenant_by_id(UUID(tenant_id))
    if tenant is None or tenant.status != "active":
        return
    with in_tenant(tenant):
        member = member_of(identity)
        if member is None:
            _count_unknown()
        elif not locked:
            _write(FAILED, member.pk, changes={"way": [None, way]}, ip=ip)
        elif _is_first(f"locked:{member.pk}"):
            _write(LOCKED, member.pk, changes={"way": [None, way]}, ip=ip)


def _count_unknown() -> None:
    cache: Any = caches["default"]
    total = cache.count("sign-in-unknown", 1, HOUR)
    if total % UNKNOWN_MANY == 0 and (total // UNKNOWN_MANY).bit_count() == 1:
        _write(UNKNOWN, None, changes={"count": [None, total]})


def _is_first(what: str) -> bool:
    return bool(caches["default"].add(f"told:{what}", 1, HOUR))


def _write(name: str, member: UUID | None, *, by: UUID | None = None, **told: Any) -> None:
    told |= {"record_type": "members", "record_id": member, "member_id": by, "via": "page"}
    Event(name=name, fanned_out_at=timezone.now(), **told).save(force_insert=True)
