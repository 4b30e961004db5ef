"""Signing in by the workspace's own provider: to it, and back."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from kernel.access.models import Provider
from kernel.accounts import oidc, throttle
from kernel.accounts.doors import public
from kernel.accounts.sealing import Unreadable
from kernel.accounts.sessions import client_ip
from kernel.web.accounts.admitting import NotAdmitted, admit, factor
from kernel.web.accounts.arriving import arrive
from kernel.web.members import member_of, safe_next

log = logging.getLogger(__name__)
COOKIE = "__Host-sso" if settings.HTTPS else "sso"
SALT, SECONDS = "kernel.web.accounts.provider", 10 * 60
PER_IP = throttle.Limit("sso-ip", times=60, seconds=600)
REST = 30  # seconds in which a provider that did not answer is not asked again


def redirect_uri(tenant: Any) -> str:
    return f"{tenant.url}/login/sso/back"


def client_of(provider: Provider, tenant: Any) -> oidc.Client:
    return oidc.Client(provider.client_id, provider.client_secret, redirect_uri(tenant))


@public
@never_cache
@require_GET
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider, with what only this browser can bring back."""
    if request.member is not None:
        return HttpResponseRedirect(safe_next(request))
    provider = _provider()
    try:
        throttle.hit(PER_IP, client_ip(request))
        attempt = oidc.Attempt.new()
        where = oidc.way_in(_described(provider), client_of(provider, request.tenant), attempt)
    except throttle.TooMany as error:
        return _refused(request, provider, "haste", throttle.sentence(error), 429)
    except oidc.Refused as error:
        return _refused(request, provider, error.code, _unreachable(provider, error), 502)
    response = HttpResponseRedirect(where)
    response["Referrer-Policy"] = "no-referrer"
    kept = {**asdict(attempt), "tenant": str(request.tenant.pk), "next": safe_next(request)}
    response.set_cookie(
        COOKIE, signing.dumps(kept, salt=SALT), max_age=SECONDS, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    return response


@public
@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """From the provider, with a code: once, and for the browser that was sent there."""
    provider = _provider()
    kept = _kept(request)
    response = _answered(request, provider, kept)
    response.delete_cookie(COOKIE, samesite="Lax")
    response["Referrer-Policy"] = "no-referrer"
    return response


def _answered(request: HttpRequest, provider: Provider, kept: dict[str, str] | None) -> HttpResponse:
    given = request.GET
    if kept is None or not constant_time_compare(given.get("state", ""), kept["state"]):
        if request.member is not None:  # the same answer twice, by the back button
            return HttpResponseRedirect("/")
        return _refused(
            request, provider, "state", _("This sign-in was not begun here, or took too long. Try again."), 400
        )
    if given.get("iss", provider.issuer) != provider.issuer:
        return _refused(request, provider, "iss", str(oidc.NOT_BELIEVED), 403)
    if "error" in given or not given.get("code"):
        text = _("%(provider)s did not let you in.") % {"provider": provider.name}
        return _refused(request, provider, "denied", text, 403)
    attempt = oidc.Attempt(kept["state"], kept["nonce"], kept["verifier"])
    try:
        throttle.hit(PER_IP, client_ip(request))
        client = client_of(provider, request.tenant)
        said = oidc.claims(_described(provider), client, attempt, given["code"])
        identity, somebody, is_first = admit(provider, said)
    except (oidc.Refused, Unreadable) as error:
        return _refused(request, provider, str(error), _unreachable(provider, error), 502)
    except throttle.TooMany as error:
        return _refused(request, provider, "haste", throttle.sentence(error), 429)
    except NotAdmitted as error:
        return _refused(request, provider, error.code, error.sentence, 403)
    member = member_of(identity)
    assert member is not None and member.pk == somebody.pk
    return arrive(request, identity, member, kept["next"], factor(provider, said), is_first=is_first, by_provider=True)


def _provider() -> Provider:
    provider = Provider.objects.select_related("role").first()
    if provider is None:
        raise Http404
    return provider


def _described(provider: Provider) -> oidc.Provider:
    """A provider that hangs is left alone for a while, so that asking it holds up nobody else."""
    if cache.get("sso-silent"):
        raise oidc.Refused("silent", _("The server does not answer, or not in time."))
    try:
        found = oidc.discover(provider.issuer)
    except oidc.Refused as error:
        if error.code == "silent":
            cache.set("sso-silent", True, REST)
        raise
    if found.issuer != provider.issuer:
        raise oidc.Refused("issuer", oidc.NOT_BELIEVED)
    return found


def _kept(request: HttpRequest) -> dict[str, str] | None:
    try:
        kept: dict[str, str] = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    return kept if kept["tenant"] == str(request.tenant.pk) else None


def _unreachable(provider: Provider, error: Exception) -> str:
    text = _("Signing in by %(provider)s does not work at the moment. Tell an administrator of your workspace.")
    log.info("A provider was not believed or not reached: %s", error)
    return text % {"provider": provider.name}


def _refused(request: HttpRequest, provider: Provider, code: str, sentence: str, status: int) -> HttpResponse:
    log.info("A sign-in by a provider was refused: %s", code)
    context = {"workspace": request.tenant, "provider": provider, "sentence": sentence, "next": safe_next(request)}
    return render(request, "accounts/by_provider.html", context, status=status)
