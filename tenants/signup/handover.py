"""The step over from the public site into a workspace."""

from urllib.parse import urlencode

from django.http import HttpResponseRedirect

from kernel.accounts.handoff import new_handoff
from kernel.accounts.models import Identity, Membership
from tenants.models import Tenant


def into(tenant: Tenant, identity: Identity, factor: str = "") -> HttpResponseRedirect:
    """To the workspace, with a code that signs this person in there, once, within a minute."""
    response = HttpResponseRedirect(f"{tenant.url}/enter?{urlencode({'code': new_handoff(identity, tenant, factor)})}")
    response["Referrer-Policy"] = "no-referrer"
    return response


def workspaces(identity: Identity) -> list[Tenant]:
    """Where this person may go in, by name."""
    mine = Membership.objects.filter(identity=identity, tenant__status=Tenant.Status.ACTIVE).select_related("tenant")
    return sorted((membership.tenant for membership in mine), key=lambda tenant: tenant.name)
