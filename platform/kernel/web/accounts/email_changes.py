"""Another e-mail address: the letters to both mailboxes, where they lead, and what follows at every workspace."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from celery import shared_task
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kernel.access.actor import Actor, format_for
from kernel.access.models import Member
from kernel.access.rules import Rules
from kernel.accounts import email_changes
from kernel.accounts.doors import public
from kernel.accounts.email_changes import NEW, OLD
from kernel.accounts.letters import new_address_letter, old_address_letter
from kernel.accounts.models import EmailChange, Identity, Membership
from kernel.accounts.tasks import RETRY, post
from kernel.records.change import edit
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from kernel.tenancy.hosts import tenant_by_id
from kernel.tenancy.tasks import PlatformTask

MY_ADDRESS = {
    "types": {
        "members": {"verbs": {"*": "none", "view": "all", "edit": "all"}, "fields": {"*": "none", "email": "edit"}}
    }
}


@shared_task(base=PlatformTask, **RETRY)
def send_email_change(change_id: str, language: str) -> None:
    """To both mailboxes. One that has an account already is not written to, and nobody is told why."""
    change = EmailChange.objects.select_related("identity").filter(pk=change_id).first()
    tenant = tenant_by_id(change.tenant_id) if change else None
    if change is None or tenant is None:
        return
    links = {side: f"{tenant.url}/email/{quote(email_changes.token_of(change, side))}" for side in (OLD, NEW)}
    with translation.override(language):
        old_address_letter(change.email, links[OLD]).send(change.identity.email, change.identity.name)
        if Identity.objects.with_email(change.email) is None:
            new_address_letter(links[NEW]).send(change.email, change.identity.name)


@public
@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """What a letter leads to: a button, because programs that look through mail follow links too."""
    found = email_changes.find(token, request.tenant)
    if found is None:
        return render(request, "accounts/email_gone.html", {"workspace": request.tenant}, status=410)
    change, side = found
    context = {"workspace": request.tenant, "old": change.identity.email, "new": change.email, "side": side}
    if request.method == "GET":
        return render(request, "accounts/email.html", context | {"said": email_changes.said_yes(change, side)})
    outcome = email_changes.confirm(change, side)
    if outcome == "done":
        post(carry_email, str(change.identity_id), change.email)
    return render(request, "accounts/email.html", context | {"outcome": outcome})


@shared_task(base=PlatformTask, **RETRY)
def carry_email(identity_id: str, email: str) -> None:
    """The address by which colleagues know this person, at each of their workspaces."""
    for pk in Membership.objects.filter(identity_id=identity_id).values_list("tenant_id", flat=True):
        tenant = tenant_by_id(pk)
        if tenant is not None and tenant.status == "active":
            with in_tenant(tenant):
                _carry(UUID(identity_id), email)


def _carry(identity: UUID, email: str) -> None:
    member = Member.objects.alive().filter(identity=identity).first()
    if member is None or member.email == email:
        return
    myself = Actor(member, Rules([MY_ADDRESS]), "page", format_for(member))
    try:
        with transaction.atomic("default"):
            edit(myself.access(registry["members"]), member, {"email": email})
    except ValidationError:
        return  # a colleague is known by this address here: then this one stays known by the old one


def ask(identity: Identity, email: str, request: Any) -> None:
    """Begin a change; raises `throttle.TooMany`."""
    change = email_changes.ask(identity, email, request.tenant)
    post(send_email_change, str(change.pk), request.LANGUAGE_CODE)
