import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django_tenants.utils import get_tenant_model

from kernel.events.verifying import Verdict, problems
from kernel.tenancy.commands import tell, tenant_named
from kernel.tenancy.context import in_tenant, statements_within

TOLD = 100  # problems of one tenant
HOUR = 60 * 60_000


class Command(BaseCommand):
    help = (
        "`audit verify`: whether the events of each tenant, or of one, are those that were sealed. Exit code 1 if not."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["verify"])
        parser.add_argument("--tenant", metavar="SUBDOMAIN", help="This one alone.")
        parser.add_argument("--json", action="store_true", help="Answer one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = (
            [tenant_named(options["tenant"])]
            if options["tenant"]
            else get_tenant_model().objects.filter(status__in=["active", "suspended"]).order_by("subdomain")
        )
        document, lines = [], []
        for tenant in tenants:
            verdict, found, more = _verify(tenant)
            document.append(_told(tenant, verdict) | {"problems": found, "more_problems": more})
            lines += [f"{tenant.subdomain}: {problem}" for problem in found]
            if more:
                lines.append(f"{tenant.subdomain}: and {more:,} more.")
            lines.append(
                f"{tenant.subdomain}: {verdict.events:,} events in {verdict.seals:,} seals"
                f" ({verdict.erased:,} with values erased, {verdict.removed:,} removed), {verdict.waiting:,} not sealed"
                f" yet. Head {verdict.seals}:{verdict.head}"
            )
        tell(self, document, lines, as_json=options["json"])
        if any(entry["problems"] for entry in document):
            sys.exit(1)


def _verify(tenant: Any) -> tuple[Verdict, list[str], int]:
    verdict, found, more = Verdict(), list[str](), 0
    with statements_within(HOUR), in_tenant(tenant):
        for problem in problems(verdict):
            if len(found) < TOLD:
                found.append(problem)
            else:
                more += 1
    return verdict, found, more


def _told(tenant: Any, verdict: Verdict) -> dict[str, Any]:
    return {
        "tenant": tenant.subdomain,
        "events": verdict.events,
        "seals": verdict.seals,
        "not_sealed": verdict.waiting,
        "erased": verdict.erased,
        "removed": verdict.removed,
        "head": f"{verdict.seals}:{verdict.head}",
    }
