"""Suspending a tenant, opening it again, and removing one with everything it has."""

from django.db import connections, transaction

from kernel.tenancy.catalog import quoted
from kernel.tenancy.context import as_owner, in_tenant, tenant_only
from kernel.tenancy.database_roles import remove_role
from kernel.tenancy.hosts import forget
from kernel.tenancy.pending import mark_pending
from tenants.models import Tenant

Status = Tenant.Status


class WrongStatus(Exception):
    """The tenant is not in a state in which this can be done; the message is the sentence to show."""


def suspend(tenant: Tenant, reason: str) -> None:
    """Close a tenant to everybody: pages, API and tasks stop at once, its data stays."""
    changed = Tenant.objects.filter(pk=tenant.pk, status__in=[Status.ACTIVE, Status.SUSPENDED]).update(
        status=Status.SUSPENDED, suspended_reason=reason
    )
    if not changed:
        raise WrongStatus(f"{tenant} is {tenant.status}: only an active tenant can be suspended.")
    tenant.refresh_from_db()
    forget()


def resume(tenant: Tenant) -> None:
    """Open a suspended tenant again; what waited in the meantime is swept up."""
    if not Tenant.objects.filter(pk=tenant.pk, status=Status.SUSPENDED).update(
        status=Status.ACTIVE, suspended_reason=""
    ):
        raise WrongStatus(f"{tenant} is {tenant.status}: only a suspended tenant can be resumed.")
    tenant.refresh_from_db()
    forget()
    with tenant_only(tenant):
        mark_pending()


def remove(tenant: Tenant) -> None:
    """Erase a tenant's schema and role, then every row about it. Killed in between it can be done again."""
    Tenant.objects.filter(pk=tenant.pk).update(status=Status.DELETING)
    forget()
    with as_owner(), in_tenant(tenant), connections["default"].cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {quoted(tenant.schema_name)} CASCADE")
        remove_role(cursor, tenant.schema_name)
    with transaction.atomic("platform"):
        Tenant.objects.filter(pk=tenant.pk).delete()
