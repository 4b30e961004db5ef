from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.tenancy.apart import apart
from kernel.tenancy.platform_tables import compile_platform
from kernel.tenancy.router import PLATFORM, TENANT
from kernel.tenancy.structure import FILES, keep, stale
from kernel.tenancy.template import compile_structure
from kernel.tenancy.upgrade import ensure_extensions


class Command(BaseCommand):
    help = (
        "For developers: `structure renew` writes the files that empty databases are made of, after a migration "
        "was added or changed; `structure check` says whether that is due."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["check", "renew"])

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        if verb == "renew":
            apart(ensure_extensions)
            keep(PLATFORM, apart(compile_platform))
            keep(TENANT, apart(compile_structure))
        elif names := stale():
            raise CommandError(
                f"{' and '.join(names)} in platform/kernel/tenancy/structure are not of these migrations: renew them "
                "by `infra/bin/manage structure renew`, with the services running (`make services`)."
            )
        self.stdout.write(f"{' and '.join(FILES.values())} are of these migrations.")
