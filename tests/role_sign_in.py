"""What a role asks of those who sign in with it, said on its page and read back."""

from kernel.access.models import Role
from kernel.tenancy.context import in_tenant


def press(client, tenant, code="rep", **given):
    with in_tenant(tenant):
        role = Role.objects.get(code=code)
    return client.post(f"/settings/roles/{role.pk}/sign-in", {"version": role.version, **given})


def asked(tenant, code="rep"):
    with in_tenant(tenant):
        return Role.objects.get(code=code).rules.get("sign_in")
