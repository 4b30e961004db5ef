"""Django's `flush`, taught about tenants: TransactionTestCase calls it after each test that really commits."""

from typing import Any

from django.core.management.commands.flush import Command as DjangoCommand
from django.db import connections, transaction

from kernel.tenancy.catalog import quoted


class Command(DjangoCommand):
    help = "Empty a database. On the tenants' database: every tenant's tables, but not what is migrated."

    def handle(self, **options: Any) -> None:
        if options["database"] != "default":
            super().handle(**options)
            return
        if options["interactive"]:
            name = connections["default"].settings_dict["NAME"]
            if input(f"This erases the rows of EVERY tenant in {name}. Type 'yes' to go on: ") != "yes":
                self.stdout.write("Nothing was erased.")
                return
        empty_tenants()


def empty_tenants() -> None:
    """Empty every tenant's tables, in a session of its own.

    Rows are deleted where there are any: TRUNCATE would make new files for each table of each tenant. Foreign keys
    are looked at when the transaction ends, and then all rows are gone.
    """
    connection: Any = connections["default"]
    with connection.session_scope(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE starts_with(schemaname, 't_') AND tablename <> 'django_migrations'"
        )
        tables = [f"{quoted(schema)}.{quoted(table)}" for schema, table in cursor.fetchall()]
        with transaction.atomic(using="default"):
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            for table in _with_rows(cursor, tables):
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - quoted above


def _with_rows(cursor: Any, tables: list[str]) -> list[str]:
    if not tables:
        return []
    asked = " UNION ALL ".join(
        f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {table})"  # noqa: S608 - quoted above
        for number, table in enumerate(tables)
    )
    cursor.execute(asked)
    return [tables[number] for (number,) in cursor.fetchall()]
