from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.accounts.resealing import look
from kernel.tenancy.commands import tell


class Command(BaseCommand):
    help = "Bring every secret that is kept under today's SECRET_KEY; then SECRET_KEY_FALLBACKS can go."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["rotate"])
        parser.add_argument("--json", action="store_true", help="Answer one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        if lost := [count for count in look(reseal=False) if count.unreadable]:
            told = ", ".join(f"{count.unreadable} of {count.field}{_at(count.where)}" for count in lost)
            raise CommandError(
                f"Nothing was changed: {told} can be read by neither SECRET_KEY nor SECRET_KEY_FALLBACKS. "
                "Add the key that sealed them to SECRET_KEY_FALLBACKS."
            )
        counts = look(reseal=True)
        lines = [f"{c.field}{_at(c.where)}: {c.earlier} brought over, {c.current} were there" for c in counts]
        total = sum(count.earlier for count in counts)
        done = f"{total} secrets brought under today's key." if total else "Everything is under today's key already."
        tell(self, [asdict(count) for count in counts], [*lines, done], as_json=options["json"])


def _at(where: str) -> str:
    return f" in {where}" if where else ""
