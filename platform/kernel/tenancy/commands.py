"""What commands about one tenant share: its name first, and --json for one document on stdout and nothing else."""

import json
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation
from django_tenants.utils import get_tenant_model

from kernel.tenancy.context import in_tenant


class TenantCommand(BaseCommand):
    """Subclasses say `arguments(parser)` and `act(tenant, options)`, which runs inside the tenant, in one transaction,
    and answers the document and the lines that a person reads. What it refuses with ValidationError ends in a
    sentence on stderr and exit code 1."""

    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        self.arguments(parser)
        parser.add_argument("--json", action="store_true", help="Answer one JSON document.")

    def arguments(self, parser: CommandParser) -> None:
        raise NotImplementedError

    def act(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = tenant_named(options["tenant"])
        try:
            with translation.override("en"), in_tenant(tenant):
                document, lines = self.act(tenant, options)
        except ValidationError as error:
            raise CommandError(sentences(error)) from None
        except PermissionDenied as error:
            raise CommandError(str(error)) from None
        tell(self, document, lines, as_json=options["json"])


def tell(command: BaseCommand, document: Any, lines: list[str], *, as_json: bool) -> None:
    if as_json:
        command.stdout.write(json.dumps(document, ensure_ascii=False))
        return
    for line in lines:
        command.stdout.write(line)


def tenant_named(subdomain: str) -> Any:
    tenant = get_tenant_model().objects.filter(subdomain=subdomain.lower()).first()
    if tenant is None:
        raise CommandError(f"There is no tenant {subdomain}.")
    if tenant.status not in ("active", "suspended"):
        raise CommandError(f"The tenant {subdomain} is {tenant.status}: it cannot be worked in.")
    return tenant


def sentences(error: ValidationError) -> str:
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(
        " ".join(messages) if field == "__all__" else f"{field}: {' '.join(messages)}"
        for field, messages in error.message_dict.items()
    )
