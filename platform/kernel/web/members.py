"""Who of this tenant is asking, in which language, and the rule that strangers see only public views."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import OperationalError
from django.db.models import IntegerField, TextField
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled

from kernel.access import stamp
from kernel.access.actor import actor_for
from kernel.access.models import ANY_SHARES, BREAK_GLASS, BY_PROVIDER, MUST, Member
from kernel.access.sign_in import refusal
from kernel.accounts.doors import is_public
from kernel.accounts.models import Identity
from kernel.accounts.sessions import came_by_provider, client_ip
from kernel.tenancy.context import in_tenant
from kernel.tenancy.hosts import tenant_by_id
from kernel.web import by_provider, viewing_as
from kernel.web.errors import answer, busy
from kernel.web.limits import refused_for_haste

log = logging.getLogger(__name__)
BUSY = (DeadlockDetected, LockNotAvailable, QueryCanceled)

# What pages want to know of a member anyway: {attribute: a number, in SQL over access_member}.
_along: dict[str, str] = {"shares": ANY_SHARES, "by_provider": BY_PROVIDER}

# Where whoever must set up a second step does so, and the only page that is theirs until then.
SECOND_STEP = "/settings/security/second-step"

GetResponse = Callable[[HttpRequest], HttpResponse]


def read_along(name: str, sql: str) -> None:
    """Have a number read in the statement that every request asks for its member, as an attribute of the member."""
    _along[name] = sql


def member_of(identity: Identity | None) -> Member | None:
    """The active member behind an identity, in the tenant at hand."""
    if identity is None:
        return None
    fields = RawSQL(stamp.SQL, (), TextField())  # noqa: S611 - our own words alone
    more = {name: RawSQL(sql, (), IntegerField()) for name, sql in _along.items()}  # noqa: S611 - as above
    rows = Member.objects.alive().annotate(fields=fields, **more)
    member = rows.filter(identity=identity.pk, active=True).first()
    if member is not None:
        stamp.tell(member.fields)
    return member


def reachable(tenant_id: str, identity: Identity | None) -> tuple[Any, Member] | None:
    """The tenant, at work, and who this is there: those whom a letter about it may be written to."""
    tenant = tenant_by_id(UUID(tenant_id))
    if tenant is None or tenant.status != "active" or identity is None:
        return None
    with in_tenant(tenant):
        member = member_of(identity)
    return (tenant, member) if member else None


class MemberMiddleware:
    """Sets `request.member` and `request.actor` (None for strangers, and on the public site) inside the tenant's
    transaction, and sends strangers to the sign-in page from every view that is not marked public."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.member = member_of(request.identity) if request.tenant is not None else None
        request.actor = actor_for(request.member, via="page") if request.member else None
        request.shut, request.must_prove = "", False
        language = self.hold_at_the_door(request) if request.actor else self.language(request)
        if request.actor and (through := viewing_as.actor_of(request, request.actor)):
            request.actor, request.member = through, through.member
        if language is None:
            return self.get_response(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response

    def hold_at_the_door(self, request: HttpRequest) -> str | None:
        """Whoever is signed in but may not come in from here, or now, or must set up a second step first, is nobody to
        every view: to those too that ask their callers themselves. Answers the language, which stays theirs."""
        language, rules, tenant = self.language(request), request.actor.rules, request.tenant  # type: ignore[union-attr]
        must = request.member.by_provider == MUST or (  # type: ignore[union-attr]
            request.member.by_provider == BREAK_GLASS and not rules.may_system("*")  # type: ignore[union-attr]
        )
        if must and not came_by_provider(request):
            request.member = request.actor = None
            return language
        if rules.sign_in:
            now = timezone.now().astimezone(ZoneInfo(tenant.timezone))
            with translation.override(language):
                request.shut = refusal(rules.sign_in, client_ip(request), now)
                request.must_prove = rules.needs_second_factor and not request.session.get("factor")
                if request.must_prove and came_by_provider(request):
                    request.shut = request.shut or _(
                        "Your role asks for a second step, and your provider told of none."
                    )
        if request.shut or (request.must_prove and request.path_info != SECOND_STEP):
            request.member = request.actor = None
        return language

    def language(self, request: HttpRequest) -> str | None:
        if request.tenant is None:
            return None
        member = request.actor.viewer or request.member if request.actor else None
        return (member and member.language) or request.tenant.language

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """What took too long, or gave way to others, is told as that: it is no error of ours."""
        if not (isinstance(exception, OperationalError) and isinstance(exception.__cause__, BUSY)):
            return None
        log.warning("A page gave way to others: %s", exception.__cause__)
        return busy(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if request.tenant is not None and request.shut and not is_public(view):
            return answer(request, 403, _("The door is closed to you now"), request.shut)
        if request.tenant is not None and request.must_prove and request.member is None and not is_public(view):
            return HttpResponseClientRedirect(SECOND_STEP) if request.htmx else HttpResponseRedirect(SECOND_STEP)
        if getattr(request, "actor", None) and request.actor.viewer and (refused := viewing_as.refusal(request)):
            return refused
        known = request.member if request.tenant is not None else request.identity
        if is_public(view):
            return None
        if known is not None and (closed := by_provider.refusal(request)):
            return closed
        if known is not None:
            return refused_for_haste(request) if request.tenant is not None else None
        return to_sign_in(request)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, which comes back here afterwards."""
    htmx = getattr(request, "htmx", None)
    here = htmx.current_url_abs_path if htmx else request.get_full_path() if request.method == "GET" else None
    where = "/login"
    if here and here != "/":
        where += "?" + urlencode({"next": here})
    return HttpResponseClientRedirect(where) if htmx else HttpResponseRedirect(where)


def safe_next(request: HttpRequest) -> str:
    """Where to go after signing in: a path on this host, whatever the address bar was made to say."""
    path = request.POST.get("next") or request.GET.get("next") or "/"
    if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return path
    return "/"
