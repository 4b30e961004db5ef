"""What happens when the last form of signing up is sent."""

import time

from kernel.accounts import codes
from kernel.accounts.models import EmailCode, Identity
from kernel.accounts.signin import authenticate
from tenants.models import Tenant
from tenants.provisioning import provision
from tenants.signup.forms import WorkspaceForm

PATIENCE = 8.0  # seconds that the second of two equal requests waits for the first


class WrongPassword(Exception):
    """The address has an account, and this is not its password."""


class NotReady(Exception):
    """Another request is making the workspace and takes longer than anybody should wait."""


def sign_up(code: EmailCode, form: WorkspaceForm, *, ip: str, language: str) -> tuple[Tenant, Identity]:
    """Make the identity and the workspace. The same form sent twice makes one; a refusal leaves nothing in the way.

    Raises ValidationError keyed by field where the address of the workspace was taken meanwhile.
    """
    if not codes.claim(code):
        return _wait_for(code)
    try:
        identity = _identity(code, form, ip=ip, language=language)
        given = form.workspace()
        tenant = provision(
            **given,
            owner_email=identity.email,
            owner_name=identity.name,
            identity_id=identity.pk,
            with_samples=form.cleaned_data["samples"],
        )
    except Exception:
        codes.release(code)
        raise
    EmailCode.objects.filter(pk=code.pk).update(tenant=tenant.pk)
    return tenant, identity


def _identity(code: EmailCode, form: WorkspaceForm, *, ip: str, language: str) -> Identity:
    password = form.cleaned_data["password"]
    if form.is_known:
        identity = authenticate(code.email, password, ip=ip)
        if identity is None:
            raise WrongPassword
        return identity
    name = form.cleaned_data["name"]
    if code.identity is not None:  # made by an earlier try of this sign-up, which the person may still correct
        identity = code.identity
        if identity.name != name:
            identity.name = name
            identity.save(update_fields=["name"])
        if not identity.check_password(password):
            identity.set_password(password)
        return identity
    identity = Identity.objects.new(email=code.email, name=name, password=password, language=language)
    EmailCode.objects.filter(pk=code.pk).update(identity=identity.pk)
    return identity


def _wait_for(code: EmailCode) -> tuple[Tenant, Identity]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        code.refresh_from_db()
        if code.tenant is not None:
            return code.tenant, codes.owner(code)
        if code.claimed_at is None:
            break
        time.sleep(0.1)
    raise NotReady
