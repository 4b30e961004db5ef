"""What happens when the last form of signing up is sent."""

import time

from kernel.accounts.models import EmailCode, Membership
from kernel.accounts.signin import authenticate
from tenants.models import Tenant
from tenants.provisioning import provision
from tenants.signup.forms import WorkspaceForm

PATIENCE = 8.0  # seconds that the second of two equal requests waits for the first


class WrongPassword(Exception):
    """The address has an account, and this is not its password."""


class NotReady(Exception):
    """Another request is making the workspace and takes longer than anybody should wait."""


def make_workspace(code: EmailCode, form: WorkspaceForm, *, ip: str) -> Tenant:
    """The workspace and, for a new person, the identity; for a sign-up that this request has claimed.

    Raises ValidationError keyed by field where the address of the workspace was taken meanwhile.
    """
    password = form.cleaned_data["password"]
    if form.is_known and authenticate(code.email, password, ip=ip) is None:
        raise WrongPassword
    tenant = provision(
        **form.workspace(),
        owner_email=code.email,
        owner_name=form.cleaned_data.get("name", ""),
        password=None if form.is_known else password,
        with_samples=form.cleaned_data["samples"],
    )
    EmailCode.objects.filter(pk=code.pk).update(tenant=tenant.pk)
    return tenant


def made_already(code: EmailCode) -> Tenant | None:
    """What this sign-up has led to, also where the process that made it was killed before it could note so."""
    if code.tenant is not None:
        return code.tenant
    if code.claimed_at is None:
        return None
    mine = Membership.objects.filter(
        identity__email=code.email, tenant__status=Tenant.Status.ACTIVE, tenant__created_at__gte=code.claimed_at
    )
    membership = mine.select_related("tenant").first()
    return membership.tenant if membership else None


def wait_for(code: EmailCode) -> Tenant | None:
    """What the request that has claimed this sign-up makes; None if it gave up."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        code.refresh_from_db()
        if code.tenant is not None:
            return code.tenant
        if code.claimed_at is None:
            return None
        time.sleep(0.1)
    raise NotReady
