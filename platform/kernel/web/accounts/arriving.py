"""The last step of every way in: the session, the letter about a new browser, and what holds where a provider is the
only way."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from celery import shared_task
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.actor import format_for
from kernel.access.models import BREAK_GLASS, MUST, Member, Provider
from kernel.accounts.greeting import greet
from kernel.accounts.letters import past_provider_letter
from kernel.accounts.models import Identity
from kernel.accounts.sessions import client_ip, open_session
from kernel.accounts.tasks import RETRY, post
from kernel.events.names import tell
from kernel.events.noting import note_member
from kernel.records.people import administrators
from kernel.tenancy.context import in_tenant
from kernel.tenancy.hosts import tenant_by_id
from kernel.tenancy.tasks import PlatformTask

PAST = tell("member.came_past_provider", gettext_lazy("%(who)s signed in past the company’s provider"))


def arrive(
    request: HttpRequest, identity: Identity, member: Member, to: str, factor: str = "", *,
    is_first: bool = False, by_provider: bool = False,
) -> HttpResponse:  # fmt: skip
    """Sign in and go there; to the provider, if they must come by it and did not."""
    if member.by_provider == MUST and not by_provider:
        return HttpResponseRedirect(f"/login/sso?next={quote(to)}")
    open_session(request, identity, request.tenant, factor, by_provider=by_provider)
    if member.by_provider == BREAK_GLASS and not by_provider:
        _tell_of(request, member)
    return greet(request, HttpResponseRedirect(to), identity, format_for(member), is_first=is_first)


def held(request: HttpRequest, member: Member | None = None) -> HttpResponse | None:
    """The page that says where this workspace signs in, if it is the only way for this member, or for any."""
    provider = Provider.objects.filter(is_enforced=True).first()
    if provider is None or (member is not None and member.pk in provider.break_glass):
        return None
    context = {"workspace": request.tenant, "provider": provider}
    return render(request, "accounts/by_provider.html", context, status=403)


def sentence_of(provider: Provider) -> str:
    return _("This workspace signs in by %(provider)s.") % {"provider": provider.name}


def _tell_of(request: HttpRequest, member: Member) -> None:
    note_member(PAST, member.pk, by=member.pk)
    fmt = format_for(member)
    when = f"{fmt.datetime(timezone.now())} ({fmt.timezone})"
    post(send_past, str(request.tenant.pk), str(member.pk), client_ip(request), when)


@shared_task(base=PlatformTask, **RETRY)
def send_past(tenant_id: str, member_id: str, ip: str, when: str) -> None:
    """To the other administrators: whoever got hold of such a password does not stay unseen."""
    tenant = tenant_by_id(UUID(tenant_id))
    if tenant is None or tenant.status != "active":
        return
    with in_tenant(tenant):
        member = Member.objects.get(pk=member_id)
        others: list[Any] = list(administrators().exclude(pk=member.pk))
    for other in others:
        with translation.override(other.language or tenant.language):
            past_provider_letter(tenant.name, member.name, ip, when, f"{tenant.url}/settings/audit").send(
                other.email, other.name
            )
