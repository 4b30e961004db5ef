"""Tenants that a test makes and really commits, and takes away again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from kernel.tenancy.apart import apart
from kernel.tenancy.catalog import quoted
from kernel.tenancy.models import SchemaVersion
from tenants.lifecycle import remove
from tenants.models import Tenant
from tenants.provisioning import provision

TABLES = {
    "api": "api_idempotentanswer",  # one short migration
    "events": "events_reaction, events_event, events_seal, events_retention",  # with tables whose rows stay
}


@contextmanager
def fleet_of(*subdomains: str) -> Iterator[list[Tenant]]:
    tenants = [provision(name, name, f"{name}@example.com") for name in subdomains]
    try:
        yield tenants
    finally:
        for tenant in Tenant.objects.filter(pk__in=[tenant.pk for tenant in tenants]):
            remove(tenant)


def sql(statement: str, *values: Any, schema: str | None = None) -> list[tuple[Any, ...]]:
    """Run SQL on the tenants' database from the outside, as an operator would."""

    def run() -> list[tuple[Any, ...]]:
        wrapper: Any = connections["default"]
        with wrapper.session_scope(schema), wrapper.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    return apart(run)


def behind(tenant: Tenant, app: str = "api") -> None:
    """Put a tenant back to before the migrations of an app."""
    sql(f"DROP TABLE {TABLES[app]} CASCADE", schema=tenant.schema_name)
    sql("DELETE FROM django_migrations WHERE app = %s", app, schema=tenant.schema_name)
    SchemaVersion.objects.filter(tenant=tenant).update(head_hash="older")


def tables_of(tenant: Tenant) -> set[str]:
    return {row[0] for row in sql("SELECT tablename FROM pg_tables WHERE schemaname = %s", tenant.schema_name)}


def schemas() -> set[str]:
    return {row[0] for row in sql("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 't_')")}


@contextmanager
def open_transaction_on(tenant: Tenant, table: str) -> Iterator[None]:
    """Somebody else's transaction that holds a table of a tenant."""
    other: Any = connections["platform"].copy()
    other.settings_dict = connections["default"].settings_dict
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {quoted(tenant.schema_name)}.{quoted(table)} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        other.close()
