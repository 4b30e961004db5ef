"""Django's `flush`, taught about tenants: TransactionTestCase calls it after each test that really commits."""

from typing import Any

from django.core.management.commands.flush import Command as DjangoCommand
from django.db import connections

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
    """Empty every tenant's tables, in a session of its own."""
    connection: Any = connections["default"]
    with connection.session_scope(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE starts_with(schemaname, 't_') AND tablename <> 'django_migrations'"
        )
        tables = ", ".join(f"{quoted(schema)}.{quoted(table)}" for schema, table in cursor.fetchall())
        if tables:
            cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
