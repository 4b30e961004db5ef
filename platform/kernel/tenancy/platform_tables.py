"""The platform's tables: an empty database gets them from the file that keeps them, not migration by migration."""

import secrets
from typing import Any

from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor

from kernel.tenancy.catalog import compiled, quoted, read_schema, refuse_rows
from kernel.tenancy.head import head_targets
from kernel.tenancy.router import PLATFORM
from kernel.tenancy.structure import kept


def fill_empty() -> bool:
    """Make all tables, if there is none yet and the file is of these migrations; says whether it did.

    All migrations are noted as Django notes them: those of the tenants' apps as well, which make nothing here.
    """
    connection: Any = connections[PLATFORM]
    if connection.introspection.table_names() or (statements := kept(PLATFORM)) is None:
        return False
    with transaction.atomic(using=PLATFORM):
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        executor: Any = MigrationExecutor(connection)
        for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes()):
            executor.record_migration(migration)
    return True


def compile_platform() -> list[str]:
    """Migrate a schema made for this alone and put what came of it into SQL. To be run `apart`."""
    connection: Any = connections[PLATFORM]
    schema_name = f"scratch_{secrets.token_hex(6)}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {quoted(schema_name)}")
        try:
            cursor.execute(f"SET search_path = {quoted(schema_name)}")
            MigrationExecutor(connection).migrate(head_targets(PLATFORM))
            refuse_rows(cursor)
            return compiled(read_schema(cursor))
        finally:
            cursor.execute(f"DROP SCHEMA {quoted(schema_name)} CASCADE")
