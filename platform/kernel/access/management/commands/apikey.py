from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from kernel.access.models import ApiKey, Member, Role
from kernel.accounts.addresses import normal_email
from kernel.tenancy.commands import TenantCommand


class Command(TenantCommand):
    help = "Make an API key for a member. The key is shown once and never again."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["create"])
        parser.add_argument("tenant", metavar="SUBDOMAIN")
        parser.add_argument("--member", required=True, metavar="EMAIL")
        parser.add_argument("--name", required=True, help="What the key is for.")
        parser.add_argument("--role", metavar="CODE", help="The key's own role, in place of the member's roles.")

    def act(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        member = Member.objects.alive().filter(email=normal_email(options["member"]), active=True).first()
        if member is None:
            raise ValidationError(f"{tenant.subdomain} has no active member {options['member']}.")
        role = None
        if options["role"]:
            role = Role.objects.alive().filter(code=options["role"]).first()
            if role is None:
                raise ValidationError(f"{tenant.subdomain} has no role {options['role']}.")
        name = options["name"].strip()
        if not 1 <= len(name) <= 100:
            raise ValidationError("Give the key a name of at most 100 characters.")
        key, secret = ApiKey.issue(name=name, member=member, role=role)
        return {"key": secret, "prefix": key.prefix}, [secret, "Keep it now: it is not shown again."]
