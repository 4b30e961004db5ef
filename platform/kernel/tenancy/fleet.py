"""Bringing every tenant's schema to the newest migrations: one at a time, resumable, past those that fail."""

import contextvars
import logging
import random
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import OperationalError, connections
from django.db.migrations.recorder import MigrationRecorder
from django_tenants.utils import get_tenant_model

from kernel.tenancy.context import tenant_only
from kernel.tenancy.database_roles import give_rights, rights_hash
from kernel.tenancy.head import head_hash, head_migrations
from kernel.tenancy.hosts import forget
from kernel.tenancy.models import SchemaVersion
from kernel.tenancy.starters import start_all, starters_hash
from kernel.tenancy.template import migrate_current_schema

TRIES = 3
LOCK_TIMEOUT = "2s"
# Advisory locks live in one number space of the database: this half says whose they are.
LOCK_SPACE = 0x7E4A47
logger = logging.getLogger(__name__)
State = SchemaVersion.State


def tenants_behind(tenants: Iterable[Any] | None = None) -> list[Any]:
    """Tenants whose schema is not at the newest migrations or has not its role; among the given ones, or of all."""
    return _without(_at_head(), tenants)


def tenants_due(tenants: Iterable[Any] | None = None) -> list[Any]:
    """Those behind, and those at the head in which the starters of this code have not run."""
    return _without({**_at_head(), "starters_hash": starters_hash()}, tenants)


def _at_head() -> dict[str, Any]:
    # Where tenants have no roles, those that were made before are left as they are.
    rights = {"rights_hash": rights_hash()} if settings.TENANT_ROLES else {}
    return {"head_hash": head_hash(), **rights, "state": State.OK}


def _without(done: dict[str, Any], tenants: Iterable[Any] | None) -> list[Any]:
    known = get_tenant_model().objects.exclude(status__in=["provisioning", "deleting"]).order_by("pk")
    if tenants is not None:
        known = known.filter(pk__in=[tenant.pk for tenant in tenants])
    return list(known.exclude(**{f"schema_version__{name}": value for name, value in done.items()}))


def migrate_fleet(
    tenants: Iterable[Any] | None = None,
    *,
    jobs: int = 1,
    tell: Callable[[Any, str], object] = lambda tenant, error: None,
) -> list[SchemaVersion]:
    """Migrate the tenants that are behind, run starters where they are due; answers the rows of those that failed.

    Killed at any moment it goes on where it was: what is done is read from each tenant's row, and within a schema
    from its own django_migrations.
    """
    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        work = [pool.submit(_in_thread, tenant, tell) for tenant in tenants_due(tenants)]
        failed = [row for row in (future.result() for future in work) if row.state != State.OK]
    if work:
        forget()
    return failed


def record_head(tenant: Any) -> None:
    """Note that a tenant's schema, just made from the template, is at the newest migrations."""
    at_head = {"head_hash": head_hash(), "rights_hash": rights_hash(), "state": State.OK, "error": ""}
    SchemaVersion.objects.update_or_create(tenant=tenant, defaults={**at_head, "starters_hash": starters_hash()})


def _in_thread(tenant: Any, tell: Callable[[Any, str], object]) -> SchemaVersion:
    try:
        row = contextvars.Context().run(_migrate, tenant)
        tell(tenant, row.error)
        return row
    finally:
        connections.close_all()


def _migrate(tenant: Any) -> SchemaVersion:
    row, _ = SchemaVersion.objects.get_or_create(tenant=tenant)
    # One that is at the head serves while its starters run.
    is_behind = any(getattr(row, name) != value for name, value in _at_head().items())
    row.attempts += 1
    if is_behind:
        row.state = State.RUNNING
        row.save()
    try:
        if is_behind:
            _bring_to_head(tenant)
        start_all(tenant)
    except Exception as error:
        logger.warning("The schema of %s could not be migrated.", tenant, exc_info=True)
        row.state, row.error = State.FAILED, f"{type(error).__name__}: {error}".strip()
    else:
        row.state, row.error = State.OK, ""
        row.head_hash, row.rights_hash, row.starters_hash = head_hash(), rights_hash(), starters_hash()
    row.save()
    return row


def _bring_to_head(tenant: Any) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            _once(tenant)
        except OperationalError as error:
            is_locked = getattr(error.__cause__, "sqlstate", "") == "55P03"
            if not is_locked or attempt == TRIES:
                raise
            time.sleep(random.uniform(0.1, 0.5) * attempt)  # noqa: S311 - spreads the tries, keeps no secret
        else:
            return


def _once(tenant: Any) -> None:
    connection: Any = connections["default"]
    with connection.session_scope(tenant.schema_name), connection.cursor() as cursor:
        # Two runners at once: the second waits, and then finds nothing to do. The lock ends with the session.
        cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [LOCK_SPACE, tenant.schema_name])
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute("SET statement_timeout = 0")
        applied = MigrationRecorder(connection).applied_migrations()
        if not all(migration in applied for migration in head_migrations()):
            with tenant_only(tenant):
                migrate_current_schema(connection)
        give_rights(cursor, tenant.schema_name)
