import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, transaction

from kernel.tenancy.apart import apart
from kernel.tenancy.context import as_owner, in_tenant
from kernel.tenancy.rules import RULES, model_offences, offences
from kernel.tenancy.template import ensure_template, replay
from kernel.tenancy.upgrade import ensure_extensions


class Command(BaseCommand):
    help = "`catalog check`: whether a tenant's schema, as the migrations make it, could be moved to a Citus cluster."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["check"])

    def handle(self, *args: Any, **options: Any) -> None:
        apart(ensure_extensions)
        ensure_template()
        found = model_offences() + apart(_offences_of_template)
        if found:
            raise CommandError("\n".join(found))
        self.stdout.write(f"The catalog keeps to all {len(RULES)} rules.")


class _Nobody:
    """A tenant that is gone before anybody could see it."""

    def __init__(self) -> None:
        self.schema_name = f"scratch_{secrets.token_hex(6)}"


def _offences_of_template() -> list[str]:
    with as_owner(), in_tenant(_Nobody()), connections["default"].cursor() as cursor:
        replay()
        found = offences(cursor)
        transaction.set_rollback(True, using="default")
    return found
