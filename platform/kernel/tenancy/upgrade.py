"""Everything between new code and a running installation: both databases, the template, every tenant."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from kernel.tenancy.apart import apart
from kernel.tenancy.catalog import quoted
from kernel.tenancy.fleet import LOCK_SPACE, migrate_fleet
from kernel.tenancy.models import SchemaVersion
from kernel.tenancy.template import ensure_template

Say = Callable[[str], object]


def upgrade(*, jobs: int = 1, say: Say = lambda line: None) -> list[SchemaVersion]:
    """Bring the installation to the code at hand; answers the tenants that failed.

    Safe to repeat, and safe to start twice: the second one waits for the first and then finds everything done.
    """
    with _alone():
        say("Platform database")
        call_command("migrate", database="platform", interactive=False, verbosity=0)
        say("Extensions")
        apart(ensure_extensions)
        say("Template of a tenant")
        ensure_template()
        say("Tenants")
        return migrate_fleet(
            jobs=jobs,
            tell=lambda tenant, error: say(f"  {tenant}: {error or 'at the newest migrations'}"),
        )


def ensure_extensions() -> None:
    """The schema `ext` with what tenants' tables need of PostgreSQL's extensions, once in the database."""
    connection: Any = connections["default"]
    with connection.session_scope(), connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS ext")
        cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA ext")
        cursor.execute("SELECT has_schema_privilege('public', 'ext', 'USAGE')")
        if not cursor.fetchone()[0]:
            cursor.execute("GRANT USAGE ON SCHEMA ext TO PUBLIC")  # the roles of all tenants
        # A connection that nobody has bound to a tenant sees no table, whatever it is asked.
        cursor.execute(f"ALTER DATABASE {quoted(connection.settings_dict['NAME'])} SET search_path = ext")
        cursor.execute("SELECT cardinality(ext.show_trgm('پیوند'))")
        if not cursor.fetchone()[0]:
            raise CommandError(
                "This database sorts text by a locale (C) in which pg_trgm finds no Persian letter, so that searching "
                "would silently miss records. Create it again with the locale C.UTF-8."
            )


@contextmanager
def _alone() -> Generator[None]:
    """Hold the installation's upgrade lock; it ends with the connection, however this process ends."""
    with connections["platform"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, 0)", [LOCK_SPACE])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [LOCK_SPACE])
