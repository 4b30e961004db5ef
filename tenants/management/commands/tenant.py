"""`manage.py tenant …`: what operators do with tenants. With --json one document on stdout and nothing else."""

import time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kernel.tenancy.commands import sentences, tell
from kernel.tenancy.fleet import migrate_fleet
from tenants.lifecycle import WrongStatus, resume, suspend
from tenants.models import Provisioning, Tenant
from tenants.provisioning import provision


class Command(BaseCommand):
    help = "Create, list, show, suspend, resume and migrate tenants."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        create = self._verb(verbs, "create", "Make a tenant and its owner.")
        create.add_argument("subdomain")
        create.add_argument("--name", required=True, help="The company's name.")
        create.add_argument("--owner", required=True, metavar="EMAIL")
        create.add_argument("--language", choices=["fa", "en"], default="en")
        create.add_argument("--calendar", choices=["jalali", "gregorian"], default="")
        create.add_argument("--currency", default="", help="ISO 4217, such as IRR.")
        create.add_argument("--timezone", default="", help="Such as Asia/Tehran.")
        create.add_argument("--password", help="The owner's, if they have none yet.")
        create.add_argument("--plan", default="", metavar="CODE")
        self._verb(verbs, "list", "All tenants.")
        self._verb(verbs, "show", "One tenant, with the state of its schema.").add_argument("subdomain")
        close = self._verb(verbs, "suspend", "Close a tenant to everybody; its data stays.")
        close.add_argument("subdomain")
        close.add_argument("--reason", required=True, help="Shown to the tenant's people.")
        self._verb(verbs, "resume", "Open a suspended tenant again.").add_argument("subdomain")
        migrate = self._verb(verbs, "migrate", "Bring tenants' schemas to the newest migrations.")
        migrate.add_argument("subdomains", nargs="*", metavar="SUBDOMAIN", help="Without any: all that are behind.")
        migrate.add_argument("--jobs", type=int, default=1, help="How many at the same time.")

    def handle(self, *args: Any, **options: Any) -> None:
        answer, lines, failure = getattr(self, f"_{options['verb']}")(options)
        tell(self, answer, lines, as_json=options["json"])
        if failure:
            raise CommandError(failure)

    def _create(self, options: dict[str, Any]) -> Any:
        began = time.perf_counter()
        wishes = {name: options[name] for name in ("language", "calendar", "currency", "timezone", "plan")}
        try:
            tenant = provision(
                options["subdomain"], options["name"], options["owner"], password=options["password"], **wishes
            )
        except ValidationError as error:
            raise CommandError(sentences(error)) from None
        seconds = round(time.perf_counter() - began, 3)
        answer = {
            "subdomain": tenant.subdomain,
            "schema": tenant.schema_name,
            "url": tenant.url,
            "owner": options["owner"],
            "seconds": seconds,
        }
        return answer, [f"{tenant.subdomain} is ready at {tenant.url} after {seconds} s."], None

    def _list(self, options: dict[str, Any]) -> Any:
        tenants = [_summary(tenant) for tenant in Tenant.objects.all()]
        return tenants, [f"{t['subdomain']:32} {t['status']:12} {t['schema']}  {t['name']}" for t in tenants], None

    def _show(self, options: dict[str, Any]) -> Any:
        tenant = _tenant(options["subdomain"])
        version = getattr(tenant, "schema_version", None)
        row = Provisioning.objects.filter(tenant=tenant).first()
        answer = _summary(tenant) | {
            "id": str(tenant.pk),
            "suspended_reason": tenant.suspended_reason,
            "language": tenant.language,
            "calendar": tenant.calendar,
            "currency": tenant.currency,
            "money_unit": tenant.money_unit,
            "timezone": tenant.timezone,
            "country": tenant.country,
            "plan": tenant.plan,
            "schema_state": version.state if version else None,
            "schema_head": version.head_hash if version else None,
            "schema_error": version.error if version else (row.error if row else ""),
        }
        return answer, [f"{name}: {value}" for name, value in answer.items()], None

    def _suspend(self, options: dict[str, Any]) -> Any:
        return self._change(options, lambda tenant: suspend(tenant, options["reason"]))

    def _resume(self, options: dict[str, Any]) -> Any:
        return self._change(options, resume)

    def _change(self, options: dict[str, Any], change: Any) -> Any:
        tenant = _tenant(options["subdomain"])
        try:
            change(tenant)
        except WrongStatus as error:
            raise CommandError(str(error)) from None
        return _summary(tenant), [f"{tenant.subdomain} is {tenant.status}."], None

    def _migrate(self, options: dict[str, Any]) -> Any:
        chosen = [_tenant(name) for name in options["subdomains"]] or None
        done: list[dict[str, str]] = []

        def note(tenant: Tenant, error: str) -> None:
            done.append({"subdomain": tenant.subdomain, "state": "failed" if error else "ok", "error": error})

        failed = migrate_fleet(chosen, jobs=options["jobs"], tell=note)
        lines = [f"{entry['subdomain']}: {entry['error'] or 'migrated'}" for entry in done]
        sentence = f"{len(failed)} of {len(done)} tenants could not be migrated." if failed else None
        return done, lines or ["Every tenant is at the newest migrations."], sentence

    @staticmethod
    def _verb(verbs: Any, name: str, sentence: str) -> CommandParser:
        parser: CommandParser = verbs.add_parser(name, help=sentence, description=sentence)
        parser.add_argument("--json", action="store_true", help="Answer one JSON document.")
        return parser


def _tenant(subdomain: str) -> Tenant:
    tenant = Tenant.objects.filter(subdomain=subdomain.lower()).first()
    if tenant is None:
        raise CommandError(f"There is no tenant {subdomain}.")
    return tenant


def _summary(tenant: Tenant) -> dict[str, Any]:
    return {
        "subdomain": tenant.subdomain,
        "name": tenant.name,
        "status": tenant.status,
        "schema": tenant.schema_name,
        "url": tenant.url,
        "created_at": tenant.created_at.isoformat(),
    }
