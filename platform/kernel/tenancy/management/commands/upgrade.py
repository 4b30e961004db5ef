import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.tenancy.commands import tell
from kernel.tenancy.upgrade import upgrade


class Command(BaseCommand):
    help = "Bring databases, template and tenants to this code. Safe to repeat, and to run twice at once."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--jobs", type=int, default=1, help="Tenants to migrate at the same time.")
        parser.add_argument("--json", action="store_true", help="Answer one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.perf_counter()
        failed = upgrade(jobs=options["jobs"], say=self.stderr.write if options["json"] else self.stdout.write)
        document = {"failed": [str(row.tenant) for row in failed], "seconds": round(time.perf_counter() - began, 2)}
        tell(self, document, [], as_json=options["json"])
        if failed:
            names = ", ".join(str(row.tenant) for row in failed)
            raise CommandError(f"These tenants are not at the newest migrations: {names}. `tenant show` says why.")
