"""Django's `migrate`, taught about tenants; stands before django-tenants' command of the same name."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoCommand
from django.db import connections

from kernel.tenancy.apart import apart
from kernel.tenancy.platform_tables import fill_empty
from kernel.tenancy.upgrade import ensure_extensions

# Asked for these, Django does or tells something else than bringing everything to the head.
NOT_WHOLE = ["app_label", "plan", "check_unapplied", "fake", "prune"]


class Command(DjangoCommand):
    help = (
        "With --database platform: Django's own, and from a file where the database is empty. "
        "With --schema: Django's own on one tenant's schema. "
        "For everything use `upgrade`, for tenants `tenant migrate`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--schema", help="The schema of one tenant.")

    def handle(self, *args: Any, **options: Any) -> None:
        schema_name = options.pop("schema", None)
        if options["database"] != "default":
            if not any(options[name] for name in NOT_WHOLE) and fill_empty() and options["verbosity"]:
                self.stdout.write("The database was empty: its tables were made from the file that keeps them.")
            super().handle(*args, **options)
        elif schema_name:
            connection: Any = connections["default"]
            with connection.session_scope(schema_name):
                super().handle(*args, **options)
        elif options["app_label"]:
            raise CommandError("Say which: --database platform, or --schema with the name of a tenant's schema.")
        else:
            # This is also what creating a test database calls: no tenant is there yet, only the ground for them.
            apart(ensure_extensions)
