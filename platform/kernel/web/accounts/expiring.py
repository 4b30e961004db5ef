"""The secret of a workspace's provider runs out on a day that its administrators wrote down: they are told before."""

import datetime as dt
from uuid import UUID

from celery import shared_task
from django.db.models import F
from django.utils import timezone, translation

from kernel.access.actor import format_for
from kernel.access.models import Provider
from kernel.accounts.letters import secret_expires_letter
from kernel.accounts.tasks import RETRY, post
from kernel.records.people import administrators
from kernel.tenancy.context import get_tenant, in_tenant
from kernel.tenancy.hosts import tenant_by_id
from kernel.tenancy.pending import sweeper
from kernel.tenancy.tasks import PlatformTask

SOON = dt.timedelta(days=30)


@sweeper
def warn_of_secrets() -> bool:
    """Once for each day that was written down."""
    due = Provider.objects.filter(secret_expires__lte=timezone.localdate() + SOON)
    if due.exclude(warned_for=F("secret_expires")).update(warned_for=F("secret_expires")):
        post(send_expires, str(get_tenant().pk))
    return False


@shared_task(base=PlatformTask, **RETRY)
def send_expires(tenant_id: str) -> None:
    tenant = tenant_by_id(UUID(tenant_id))
    if tenant is None or tenant.status != "active":
        return
    with in_tenant(tenant):
        provider = Provider.objects.first()
        day = provider.secret_expires if provider else None
        told = [(member, format_for(member).date(day)) for member in administrators()] if day else []
    for member, written in told:
        assert provider is not None
        with translation.override(member.language or tenant.language):
            letter = secret_expires_letter(tenant.name, provider.name, written, f"{tenant.url}/settings/sso")
            letter.send(member.email, member.name)
