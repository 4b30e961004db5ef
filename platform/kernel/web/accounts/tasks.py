"""Mail with links into one tenant.

They are tasks of the platform that enter the tenant for as long as they read: a mail server is not waited for inside a
tenant's transaction.
"""

from urllib.parse import quote
from uuid import UUID

from celery import shared_task
from django.utils import timezone, translation

from kernel.access.models import Invitation
from kernel.accounts import resets
from kernel.accounts.letters import invitation_letter, reset_letter
from kernel.accounts.models import Identity
from kernel.accounts.tasks import RETRY
from kernel.tenancy.context import in_tenant
from kernel.tenancy.hosts import tenant_by_id
from kernel.tenancy.tasks import PlatformTask
from kernel.web.accounts.invitations import link_to
from kernel.web.members import reachable


@shared_task(base=PlatformTask, **RETRY)
def send_reset(tenant_id: str, email: str) -> None:
    """The link for a new password, if the address is a member's. The request does the same work for any address."""
    identity = Identity.objects.with_email(email)
    found = reachable(tenant_id, identity)
    if identity is None or found is None:
        return
    tenant, member = found
    link = f"{tenant.url}/reset/{quote(resets.new_token(identity, tenant))}"
    with translation.override(member.language or tenant.language):
        reset_letter(tenant.name, link).send(identity.email, identity.name)


@shared_task(base=PlatformTask, **RETRY)
def send_invitation(tenant_id: str, invitation_id: str) -> None:
    tenant = tenant_by_id(UUID(tenant_id))
    if tenant is None or tenant.status != "active":
        return
    with in_tenant(tenant):
        invitation = Invitation.objects.select_related("member", "created_by").filter(pk=invitation_id).first()
        if invitation is None or invitation.used_at or invitation.expires_at <= timezone.now():
            return
        link = link_to(invitation)
    inviter = invitation.created_by.name if invitation.created_by else ""
    days = (invitation.expires_at - invitation.created_at).days
    with translation.override(invitation.member.language or tenant.language):
        letter = invitation_letter(tenant.name, inviter, link, days)
        letter.send(invitation.member.email, invitation.member.name)
