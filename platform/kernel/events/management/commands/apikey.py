from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.utils import timezone

from kernel.access.actor import operator
from kernel.access.models import ApiKey, Member, Role
from kernel.access.sign_in import parse_networks
from kernel.accounts.addresses import normal_email
from kernel.events.keys import note_made, revoke
from kernel.tenancy.commands import TenantCommand


class Command(TenantCommand):
    help = "Make an API key for a member (it is shown once and never again), list the keys, or revoke one."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["create", "list", "revoke"])
        parser.add_argument("tenant", metavar="SUBDOMAIN")
        parser.add_argument("--member", metavar="EMAIL", help="Whose key it is; for list, whose to show.")
        parser.add_argument("--name", help="What the key is for.")
        parser.add_argument("--role", metavar="CODE", help="The key's own role, in place of the member's roles.")
        parser.add_argument("--days", type=int, help="How long it lasts; without it until it is revoked.")
        parser.add_argument("--network", action="append", default=[], metavar="ADDRESS", help="Only from there.")
        parser.add_argument("--prefix", help="Which key to revoke, as list shows it.")

    def act(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        act = {"create": self._create, "list": self._list, "revoke": self._revoke}[options["verb"]]
        return act(tenant, options)

    def _create(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        member = self._member(tenant, options)
        if member is None:
            raise ValidationError("Say whose key it is: --member EMAIL.")
        role = None
        if options["role"]:
            role = Role.objects.alive().filter(code=options["role"]).first()
            if role is None:
                raise ValidationError(f"{tenant.subdomain} has no role {options['role']}.")
        name, days = (options["name"] or "").strip(), options["days"]
        if not 1 <= len(name) <= 100:
            raise ValidationError("Give the key a name of at most 100 characters.")
        if days is not None and not 1 <= days <= 3650:
            raise ValidationError("A key lasts from 1 to 3650 days.")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        networks = parse_networks(" ".join(options["network"]))
        key, secret = ApiKey.issue(name=name, member=member, role=role, expires_at=expires_at, networks=networks)
        note_made(key, operator("operator"))
        return {"key": secret, "prefix": key.prefix}, [secret, "Keep it now: it is not shown again."]

    def _list(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        keys = ApiKey.objects.filter(revoked_at=None).select_related("member", "role").order_by("created_at")
        member = self._member(tenant, options)
        rows = [_told(key) for key in (keys.filter(member=member) if member else keys)]
        return rows, ["  ".join(str(value or "-") for value in row.values()) for row in rows]

    def _revoke(self, tenant: Any, options: dict[str, Any]) -> tuple[Any, list[str]]:
        keys = list(ApiKey.objects.filter(revoked_at=None, prefix=options["prefix"] or ""))
        if len(keys) != 1:
            raise ValidationError(f"{len(keys)} keys of {tenant.subdomain} begin with {options['prefix']!r}.")
        revoke(ApiKey.objects.filter(pk=keys[0].pk), operator("operator"))
        return _told(keys[0]), [f"The key {keys[0].prefix} no longer works."]

    def _member(self, tenant: Any, options: dict[str, Any]) -> Member | None:
        if not options["member"]:
            return None
        member = Member.objects.alive().filter(email=normal_email(options["member"]), active=True).first()
        if member is None:
            raise ValidationError(f"{tenant.subdomain} has no active member {options['member']}.")
        return member


def _told(key: ApiKey) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "member": key.member.email,
        "role": key.role.code if key.role else None,
        "networks": ", ".join(key.networks) or None,
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }
