"""The browsers somebody is signed in with: the list of them, ending one or all, and which ones are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from kernel.accounts import happening
from kernel.accounts.models import Identity, Session

COOKIE = "__Host-device" if settings.HTTPS else "device"
SALT = "kernel.accounts.devices"
YEAR = 365 * 24 * 60 * 60
MOST_DEVICES = 100  # that are shown; "everywhere" ends all
MOST_PEOPLE = 8  # who share a browser
# The first that is found speaks: many call themselves by the names of others too.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("YaBrowser", "Yandex"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True)
class Device:
    """A signed-in browser, as its owner is shown it. `handle` names it without being a way in."""

    handle: str
    name: str
    is_phone: bool
    place: str
    ip: str
    since: datetime
    seen: datetime
    is_this: bool


def name_of(agent: str) -> str:
    """What a browser says of itself, in words."""
    browser = next((name for sign, name in BROWSERS if sign in agent), "")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")


def devices_of(identity: Identity, current: str | None, tenant: Any = None) -> list[Device]:
    """Where this person is signed in now, or at this tenant: this browser first, then by when each was last used."""
    found = [
        Device(
            handle=_handle(row),
            name=name_of(row.user_agent),
            is_phone=bool(re.search("iPhone|Android|Mobile", row.user_agent)),
            place=row.tenant.name if row.tenant else settings.BASE_DOMAIN,
            ip=row.ip or "",
            since=row.created_at,
            seen=row.last_seen,
            is_this=row.session_key == current,
        )
        for row in _live(identity, tenant)
    ]
    return sorted(found, key=lambda device: (not device.is_this, -device.seen.timestamp()))


def end(identity: Identity, handle: str, tenant: Any = None) -> bool:
    """Sign one browser out; False if it is none of this person's, or was signed out already."""
    for row in _live(identity, tenant):
        if constant_time_compare(_handle(row), handle):
            is_ended = bool(Session.objects.filter(pk=row.pk).delete()[0])
            if is_ended:
                happening.happened(identity, happening.SESSION_ENDED)
            return is_ended
    return False


def end_all(identity: Identity) -> None:
    """Sign out everywhere, here too: what was begun with the old sign-ins (ways over, links of resets) ends as well."""
    Identity.objects.filter(pk=identity.pk).update(session_epoch=F("session_epoch") + 1)
    Session.objects.filter(identity=identity).delete()
    happening.happened(identity, happening.ALL_ENDED)


def end_all_at(identity: Identity, tenant: Any) -> None:
    """Sign out of one tenant, and nowhere else."""
    Session.objects.filter(identity=identity, tenant_id=tenant.pk).delete()


def is_known(request: HttpRequest, identity: Identity) -> bool:
    """Whether this person has signed in with this browser, here, before."""
    return str(identity.pk) in _people(request)


def remember(request: HttpRequest, response: HttpResponse, identity: Identity) -> None:
    """Know the browser again when the person next signs in."""
    people = [str(identity.pk), *(pk for pk in _people(request) if pk != str(identity.pk))][:MOST_PEOPLE]
    response.set_cookie(
        COOKIE, signing.dumps(people, salt=SALT), max_age=YEAR, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def _people(request: HttpRequest) -> list[str]:
    try:
        people: list[str] = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=YEAR)
    except signing.BadSignature:
        return []
    return people


def _live(identity: Identity, tenant: Any = None) -> list[Session]:
    rows = Session.objects.filter(identity=identity, expire_date__gt=timezone.now()).select_related("tenant")
    rows = rows.filter(tenant_id=tenant.pk) if tenant else rows
    rows = rows.order_by("-last_seen")[:MOST_DEVICES]
    return [row for row in rows if row.get_decoded().get("epoch") == identity.session_epoch]


def _handle(row: Any) -> str:
    return salted_hmac(SALT, row.session_key, algorithm="sha256").hexdigest()[:32]
