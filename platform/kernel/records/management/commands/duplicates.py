from typing import Any

from django.core.management.base import CommandParser

from kernel.records.key_changes import derive_keys
from kernel.records.types import registry
from kernel.tenancy.commands import TenantCommand


class Command(TenantCommand):
    help = "Derive anew what a tenant's records are compared by: after an upgrade, or when the rules for names changed."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", metavar="SUBDOMAIN")

    def act(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        counts = {rtype.slug: derive_keys(rtype) for rtype in registry.values() if rtype.duplicate_keys}
        return counts, [f"{slug}: {count} changed" for slug, count in counts.items()]
