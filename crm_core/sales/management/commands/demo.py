"""`manage.py demo …`: the demo tenants, and realistic data of any size."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from crm_core.sales.demo.seed import Seeder, Size
from crm_core.sales.demo.tenants import DEMOS, PASSWORD, ensure, sign_in
from crm_core.sales.demo.words import WORDS
from kernel.tenancy.commands import tell, tenant_named
from kernel.tenancy.context import as_owner, in_tenant, statements_within

TEN_MINUTES = 600_000


class Command(BaseCommand):
    help = "Make the demo tenants, or fill a tenant with realistic data."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        verbs.add_parser("ensure", help="The demo tenants of an embedded installation, made once.")
        seed = verbs.add_parser("seed", help="Add data to a tenant, the same for the same --seed and day.")
        seed.add_argument("subdomain")
        seed.add_argument("--deals", type=int, default=1000)
        seed.add_argument("--contacts", type=int, default=400)
        seed.add_argument("--leads", type=int, default=0)
        seed.add_argument("--companies", type=int, help="A third of the contacts, if not given.")
        seed.add_argument("--seed", type=int, default=1)
        seed.add_argument("--without-history", action="store_true", help="No events: for load tests of a million rows.")
        seed.add_argument("--json", action="store_true", help="Answer one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['verb']}")(options)

    def _ensure(self, options: dict[str, Any]) -> None:
        if not settings.EMBEDDED:
            raise CommandError("Demo tenants exist only with the embedded services: their passwords are public.")
        for demo in DEMOS:
            tenant = ensure(demo)
            self.stdout.write(f"{tenant.url}  {tenant.name}")
            for role in WORDS[demo.wishes["language"]].roles:
                self.stdout.write(f"    {role:<10} {sign_in(demo, role):<24} {PASSWORD}")

    def _seed(self, options: dict[str, Any]) -> None:
        tenant = tenant_named(options["subdomain"])
        companies = options["companies"] if options["companies"] is not None else options["contacts"] // 3
        size = Size(companies, options["contacts"], options["deals"], leads=options["leads"])
        began = time.perf_counter()
        with statements_within(TEN_MINUTES), in_tenant(tenant):
            Seeder(size, options["seed"], with_events=not options["without_history"]).run()
        with as_owner(), in_tenant(tenant), connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        seconds = round(time.perf_counter() - began, 1)
        made = {"companies": companies, "contacts": size.contacts, "deals": size.deals, "seconds": seconds}
        line = f"{companies} companies, {size.contacts} contacts and {size.deals} deals in {seconds} s."
        tell(self, made, [line], as_json=options["json"])
