from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from kernel.access.actor import operator
from kernel.access.models import Member, Provider
from kernel.accounts.sessions import end_all_by_provider
from kernel.events.noting import note_settings
from kernel.tenancy.commands import TenantCommand
from kernel.web.settings.provider import CHANGED, told


class Command(TenantCommand):
    help = (
        "A tenant's own sign-in provider: show it (never its secret), let passwords in beside it again, or remove it."
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["show", "allow-passwords", "off"])
        parser.add_argument("tenant", metavar="SUBDOMAIN")

    def act(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        provider = Provider.objects.select_related("role").first()
        if provider is None:
            raise ValidationError(f"{tenant.subdomain} has no sign-in provider.")
        before = told(provider)
        if options["verb"] == "show":
            emails = Member.objects.filter(pk__in=provider.break_glass).values_list("email", flat=True)
            answer = before | {"break_glass": sorted(emails)}
            return answer, [f"{name}: {value}" for name, value in answer.items()]
        if options["verb"] == "off":
            provider.delete()
            end_all_by_provider(tenant)
            note_settings(operator(), CHANGED, before, dict.fromkeys(before))
            return {"is_on": False}, [f"{tenant.subdomain} signs in by passwords and passkeys alone."]
        provider.is_enforced = False
        provider.save(update_fields=["is_enforced"])
        note_settings(operator(), CHANGED, before, told(provider))
        return {"is_enforced": False}, [f"{tenant.subdomain} signs in by passwords and passkeys too."]
