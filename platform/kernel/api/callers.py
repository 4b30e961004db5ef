"""Who calls: a program with a key, or a browser with a session and its CSRF token."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from rest_framework.authentication import CSRFCheck

from kernel.access.actor import Actor
from kernel.access.keys import KeyHolder, holder_of
from kernel.access.models import ApiKey
from kernel.accounts.sessions import client_ip
from kernel.accounts.throttle import Limit, hit, hit_request
from kernel.api.problems import Problem
from kernel.api.refused_keys import note_refusal
from kernel.tenancy.context import on_commit

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)
SEEN_EVERY = timedelta(minutes=1)
BAD_KEYS = Limit("bad-keys", times=100, seconds=600)


def identify(request: Any) -> Actor:
    """The actor behind a request, counted against its rate. Raises Problem 401 (nobody), 403 (no CSRF token)."""
    header = request.headers.get("Authorization", "")
    if header:
        actor, who = _by_key(header, client_ip(request))
    else:
        actor, who = _by_session(request)
    speak(request, actor)
    hit_request(Limit("api", settings.API_REQUESTS_PER_MINUTE, 60), who)
    return actor


def _by_key(header: str, ip: str) -> tuple[Actor, str]:
    scheme, _sep, secret = header.partition(" ")
    holder = holder_of(secret.strip(), ip) if scheme.lower() == "bearer" and secret else None
    if holder is None:
        note_refusal(secret.strip(), ip)
        hit(BAD_KEYS, ip)  # the same for keys that there are and that there are not
        raise stranger(_("This key is not valid here and now. It may have been revoked, or have run out."))
    _see(holder)
    return holder.actor, f"key:{holder.key_id}"


def _by_session(request: Any) -> tuple[Actor, str]:
    if request.shut:
        raise Problem(403, request.shut)
    if request.must_prove:
        raise Problem(403, _("Your role asks for a second step when you sign in. Set it up on the pages first."))
    if getattr(request, "member", None) is None:
        raise stranger(_("Send a key in the header Authorization: Bearer KEY, or sign in."))
    if request.method not in SAFE:
        check = CSRFCheck(lambda _request: None)
        check.process_request(request)
        if check.process_view(request, None, (), {}):
            raise Problem(403, _("The CSRF token is missing or wrong. Load the page again."))
    member, myself = request.member, request.actor
    return Actor(member, myself.rules, "api", myself.format, viewer=myself.viewer), f"member:{member.pk}"


def stranger(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="api"'})


def _see(holder: KeyHolder) -> None:
    """Note the use, at most once a minute and after the request, so that no request waits for another's."""
    now = timezone.now()
    if holder.last_used_at is None or now - holder.last_used_at > SEEN_EVERY:
        mine = ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=now - SEEN_EVERY), pk=holder.key_id)
        on_commit(lambda: mine.update(last_used_at=now), robust=True)


def speak(request: Any, actor: Actor) -> None:
    """Answer in the language asked for; without any, in the member's, else the workspace's."""
    language = accepted_language(request) or actor.format.language
    translation.activate(language)
    actor.format = replace(actor.format, language=language)


def accepted_language(request: Any) -> str | None:
    """The first language of Accept-Language that we have; None where it names none."""
    for part in request.headers.get("Accept-Language", "").lower().split(","):
        code = part.partition(";")[0].strip().partition("-")[0]
        if code in LANGUAGES:
            return code
    return None
