from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.db import IntegrityError, transaction

from kernel.access.actor import operator
from kernel.access.models import Role
from kernel.accounts.addresses import check_email
from kernel.accounts.models import Identity, Membership
from kernel.accounts.passwords import check_new_password
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.commands import TenantCommand


class Command(TenantCommand):
    help = "Make a member. With --password they can sign in; without it they wait to be invited."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["create"])
        parser.add_argument("tenant", metavar="SUBDOMAIN")
        parser.add_argument("--email", required=True)
        parser.add_argument("--role", required=True, metavar="CODE")
        parser.add_argument("--name", default="")
        parser.add_argument("--password", help="Set where they have none yet; somebody known keeps their own.")

    def act(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        email = check_email(options["email"])
        name = options["name"].strip() or email.partition("@")[0]
        role = Role.objects.alive().filter(code=options["role"]).first()
        if role is None:
            raise ValidationError(f"{tenant.subdomain} has no role {options['role']}.")
        member = create(operator().access(registry["members"]), {"name": name, "email": email, "roles": [role.pk]})
        if options["password"]:
            member.identity = _identity(tenant, email, name, options["password"]).pk
            member.save(update_fields=["identity"])
        answer = {"id": str(member.pk), "email": member.email, "role": role.code}
        return answer, [f"{member.name} <{member.email}> is a member of {tenant.subdomain}, as {role.name}."]


def _identity(tenant: Any, email: str, name: str, password: str) -> Identity:
    """On the platform's side; made before the tenant commits, so that nobody is a member without a way in."""
    identity = Identity.objects.with_email(email)
    if identity is None or not identity.has_password:
        password = check_new_password(password, email=email, name=name)
    if identity is None:
        try:
            with transaction.atomic("platform"):
                identity = Identity.objects.new(email=email, name=name, password=password, language=tenant.language)
        except IntegrityError:  # made by somebody else this moment
            identity = Identity.objects.get(email=email)
    if not identity.has_password:
        identity.change_password(password)
    Membership.objects.get_or_create(identity=identity, tenant=tenant)
    return identity
