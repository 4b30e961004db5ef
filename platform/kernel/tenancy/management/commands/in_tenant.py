import argparse
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_tenants.utils import get_tenant_model

from kernel.tenancy.context import in_tenant


class Command(BaseCommand):
    help = "Run another command inside a tenant, in one transaction: `in_tenant acme dumpdata sales`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help="The tenant's subdomain or the name of its schema.")
        parser.add_argument("command")
        parser.add_argument("rest", nargs=argparse.REMAINDER)

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = get_tenant_model().objects
        name = options["tenant"]
        tenant = tenants.filter(subdomain=name).first() or tenants.filter(schema_name=name).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {name}.")
        with in_tenant(tenant):
            call_command(options["command"], *options["rest"], stdout=self.stdout, stderr=self.stderr)
