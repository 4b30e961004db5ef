"""A tenant's empty schema: made by migrations once, compiled to SQL, and replayed for each new tenant.

Replaying takes a fraction of a second where migrations take seconds; a test holds the two equal object by object.
What was compiled is kept in a file too (`structure.py`), so that a new installation does not compile at all.
"""

import secrets
from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from kernel.tenancy.apart import apart
from kernel.tenancy.catalog import compiled, quoted, read_schema, refuse_rows
from kernel.tenancy.context import get_tenant, tenant_only
from kernel.tenancy.database_roles import first_rights, last_rights
from kernel.tenancy.head import head_hash, head_migrations, head_targets
from kernel.tenancy.models import TemplateSchema
from kernel.tenancy.router import TENANT
from kernel.tenancy.structure import kept


def ensure_template() -> TemplateSchema:
    """The template of the migrations at hand, unless it is there already: from its file, or compiled now."""
    with tenant_only(None):
        known = TemplateSchema.objects.filter(pk=head_hash()).first()
        if known:
            return known
        statements = kept(TENANT) or apart(compile_structure)
        made, _ = TemplateSchema.objects.update_or_create(
            head_hash=head_hash(), defaults={"statements": [*statements, _applied()]}
        )
    return made


@lru_cache(maxsize=1)
def template_statements(head: str) -> tuple[str, ...]:
    return tuple(ensure_template().statements)


def compile_structure() -> list[str]:
    """Migrate a schema made for this alone and put what came of it into SQL."""
    schema_name = f"scratch_{secrets.token_hex(6)}"
    connection: Any = connections["default"]
    with connection.session_scope(schema_name), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {quoted(schema_name)}")
        try:
            migrate_current_schema(connection)
            refuse_rows(cursor)
            return compiled(read_schema(cursor))
        finally:
            cursor.execute(f"DROP SCHEMA IF EXISTS {quoted(schema_name)} CASCADE")


def migrate_current_schema(connection: Any) -> None:
    """Bring the schema of a session scope to the head, each migration in a transaction of its own."""
    executor = MigrationExecutor(connection)
    executor.loader.check_consistent_history(connection)
    MigrationRecorder(connection).ensure_schema()
    executor.migrate(head_targets())


def replay() -> None:
    """Make the current tenant's schema and role from the template, in the owner's transaction that is open."""
    schema_name = get_tenant().schema_name
    statements = template_statements(head_hash())
    with connections["default"].cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {quoted(schema_name)}")
        # One statement in each message, as Citus asks, without waiting for each one's answer.
        raw = cursor.connection
        with raw.pipeline():
            for statement in [*first_rights(schema_name), *statements, *last_rights(schema_name)]:
                raw.execute(statement, prepare=False)


def _applied() -> str:
    rows = ", ".join(f"('{label}', '{name}', now())" for label, name in head_migrations())
    return f"INSERT INTO django_migrations (app, name, applied) VALUES {rows}"  # noqa: S608 - names of our modules
