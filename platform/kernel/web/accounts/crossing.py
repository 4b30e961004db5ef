"""The step over into a workspace: from the public site, or from another workspace of the same person."""

import re
import secrets
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kernel.access.models import Provider
from kernel.accounts import handoff
from kernel.accounts.doors import public
from kernel.accounts.forms import SignInForm
from kernel.accounts.models import Identity, Membership
from kernel.web.accounts.arriving import arrive
from kernel.web.members import member_of, safe_next

PREFIX = "__Host-" if settings.HTTPS else ""
BEGUN, ARRIVED = f"{PREFIX}handoff", f"{PREFIX}arrival"  # cookies: of the origin, of the goal
SECONDS = int(handoff.LIFETIME.total_seconds())


def workspaces(identity: Identity) -> list[Any]:
    """Where this person may go in, by name."""
    mine = Membership.objects.filter(identity=identity, tenant__status="active").select_related("tenant")
    return sorted((membership.tenant for membership in mine), key=lambda tenant: tenant.name)


def into(tenant: Any, identity: Identity, factor: str = "", origin: Any = None) -> HttpResponseRedirect:
    """To the workspace, with a code that signs this person in there with this browser, once, within a minute."""
    code = handoff.new_handoff(identity, tenant, factor, origin)
    response = _go(f"{tenant.url}/enter", code=code)
    _give(response, BEGUN, code)
    return response


@public
@never_cache
@require_GET
def enter(request: HttpRequest) -> HttpResponse:
    """At the goal, twice: first to give the browser its secret, then with the code bound to it."""
    code = request.GET.get("code", "")
    found = handoff.redeem(code, request.tenant, request.COOKIES.get(ARRIVED, ""))
    identity, factor = found or (None, "")
    if identity is not None and (member := member_of(identity)) is not None:
        response = arrive(request, identity, member, safe_next(request), factor, is_first=True)
        response.delete_cookie(ARRIVED, samesite="Lax")
        return response
    begun = handoff.find(code)
    if begun is not None and begun.tenant_id == request.tenant.pk and not begun.browser:
        secret = secrets.token_urlsafe(32)
        base = begun.origin.url if begun.origin else public_url()
        response = _go(f"{base}/enter/back", browser=handoff.digest(secret), next=safe_next(request))
        _give(response, ARRIVED, secret)
        return response
    if request.member is not None:  # the same link twice, by the back button
        return HttpResponseRedirect(safe_next(request))
    notice = _("This way in has been used or has expired. Sign in with your password.")
    context = {
        "form": SignInForm(),
        "provider": Provider.objects.first(),
        "asks_password": True,
        "next": safe_next(request),
        "notice": notice,
        "workspace": request.tenant,
    }
    return render(request, "accounts/sign_in.html", context, status=410)


@public
@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """At the origin: the browser that was given the code says for whose secret it is."""
    browser, code = request.GET.get("browser", ""), request.COOKIES.get(BEGUN, "")
    is_digest = re.fullmatch("[0-9a-f]{64}", browser)
    bound = handoff.bind(code, request.tenant, browser) if is_digest else None
    response = _go(f"{bound.tenant.url}/enter", code=code, next=safe_next(request)) if bound else _go("/login")
    response.delete_cookie(BEGUN, samesite="Lax")
    return response


@never_cache
@require_GET
def my_workspaces(request: HttpRequest) -> HttpResponse:
    context = {"workspaces": workspaces(request.identity), "workspace": request.tenant}
    return render(request, "accounts/workspaces.html", context)


@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    return over(request)


def over(request: HttpRequest) -> HttpResponse:
    """Into the workspace that was chosen, if it is one of theirs."""
    wanted = request.POST.get("tenant", "")
    for tenant in workspaces(request.identity):
        if str(tenant.pk) == wanted:
            return into(tenant, request.identity, request.session.get("factor", ""), request.tenant)
    raise Http404


def public_url() -> str:
    return f"{settings.LINK_SCHEME}://{settings.BASE_DOMAIN}{settings.LINK_PORT}"


def _go(url: str, **query: str) -> HttpResponseRedirect:
    told = {name: value for name, value in query.items() if value and (name, value) != ("next", "/")}
    response = HttpResponseRedirect(f"{url}?{urlencode(told)}" if told else url)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _give(response: HttpResponse, name: str, secret: str) -> None:
    response.set_cookie(
        name, secret, max_age=SECONDS, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
