"""Host to tenant, and the transaction that every request of a tenant runs in."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import split_domain_port
from django.template.loader import render_to_string
from django.urls import set_urlconf
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kernel.tenancy.context import tenant_only
from kernel.tenancy.hosts import tenant_by_host

GetResponse = Callable[[HttpRequest], HttpResponse]

TITLES = {
    "unknown": gettext_lazy("There is no workspace at this address"),
    "suspended": gettext_lazy("This workspace is suspended"),
    "starting": gettext_lazy("This workspace is being set up"),
    "closed": gettext_lazy("This page cannot be shown right now"),
}
_for_visitors: list[str] = []


def for_visitors(prefix: str) -> None:
    """Addresses for people who have nothing to do with the workspace: why it is closed is not for them."""
    _for_visitors.append(prefix)


def host_of(request: HttpRequest) -> str | None:
    """The request's host name without port, in lower case, without the dot that may end it; None if it is not valid."""
    try:
        host, _port = split_domain_port(request.get_host())
    except DisallowedHost:
        return None
    return host


class TenantMiddleware:
    """Sets `request.tenant` and the context variable from the host, or answers why there is no tenant to talk to.

    The base domain is the public site (`request.tenant` is None there). Nothing is written for an unknown host.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.tenant = None
        host = host_of(request)
        if host == settings.BASE_DOMAIN:
            request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
            set_urlconf(request.urlconf)
            with tenant_only(None):
                return self.get_response(request)
        tenant = tenant_by_host(host) if host else None
        if tenant is None or tenant.status == "deleting":
            return refusal(request, "unknown", 404, host=host or "")
        if tenant.status != "active" and request.path_info.startswith(tuple(_for_visitors)):
            return refusal(request, "closed", 403)
        if tenant.status == "suspended":
            return refusal(request, "suspended", 403, tenant=tenant)
        if tenant.status != "active":
            response = refusal(request, "starting", 503, tenant=tenant)
            response["Retry-After"] = "5"
            return response
        request.tenant = tenant
        with tenant_only(tenant):
            return self.get_response(request)


class TenantTransaction:
    """One transaction around everything that touches a tenant's data, undone when the request fails.

    Django makes a response of an exception below any middleware, so a plain `atomic` here would commit what the view
    wrote before it failed: hence `process_exception`, and the look at the status.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        if request.tenant is None:
            return self.get_response(request)
        with transaction.atomic(using="default"):
            response = self.get_response(request)
            if response.status_code >= 500 or getattr(request, "has_failed", False):
                transaction.set_rollback(True, using="default")
        return response

    def process_exception(self, request: Any, exception: Exception) -> None:
        request.has_failed = True


def refusal(request: HttpRequest, why: str, status: int, *, tenant: Any = None, host: str = "") -> HttpResponse:
    """The page (for the API: the problem) that says why this host does not answer."""
    heading = str(TITLES[why])
    first, *more = _sentences(why, tenant, host)
    if request.path_info.startswith("/api/"):
        problem = {"type": "about:blank", "title": heading, "status": status, "detail": " ".join([first, *more])}
        response: HttpResponse = JsonResponse(
            {**problem, "errors": []}, status=status, content_type="application/problem+json"
        )
    else:
        language = (get_language() or "en").split("-")[0]
        context = {
            "status": status,
            "heading": heading,
            "detail": first,
            "more": more,
            "home": f"{settings.LINK_SCHEME}://{settings.BASE_DOMAIN}{settings.LINK_PORT}/",
            "lang": language,
            "dir": "rtl" if language == "fa" else "ltr",
        }
        # Without the request: context processors may ask for a tenant's or a member's rows.
        page = render_to_string("tenancy/refusal.html", context)
        response = HttpResponse(page, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _sentences(why: str, tenant: Any, host: str) -> list[str]:
    if why == "unknown":
        nobody = [_("Nobody has set up a workspace at %(host)s.") % {"host": host}] if host else []
        return [*nobody, _("Check the address, or let the home page find your workspaces by your email address.")]
    if why == "closed":
        return [_("Try again later.")]
    if why == "starting":
        return [_("%(name)s will be ready in a few seconds: try again then.") % {"name": tenant.name}]
    return [
        tenant.suspended_reason or _("No reason was given."),
        _("To have it opened again, write to %(email)s.") % {"email": settings.SUPPORT_EMAIL},
    ]
