"""`manage.py import S TYPE FILE`: an import in the foreground, by the code that the pages and the API run."""

import time
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from kernel.access.actor import Actor, actor_for, operator
from kernel.access.models import Member
from kernel.lib.errors import ParseError
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.commands import sentences, tell, tenant_named
from kernel.tenancy.context import in_tenant, tenant_only
from kernel.tenancy.pending import mark_pending
from kernel.transfer import imports, mapping
from kernel.transfer.mapping import Entry, plain
from kernel.transfer.models import Problem

PATIENCE = 0.5


class Command(BaseCommand):
    help = "Import a CSV or XLSX file into a tenant."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("subdomain", metavar="S")
        parser.add_argument("type", choices=sorted(slug for slug, rtype in registry.items() if rtype.can_import))
        parser.add_argument("file", type=Path)
        add: Any = {"action": "extend", "nargs": "+", "default": []}
        parser.add_argument(
            "--map", metavar="Column=field", help="Over what is guessed; “Column=” leaves it out.", **add
        )
        parser.add_argument("--multiply", metavar="Column=factor", help="For amounts in thousands or millions.", **add)
        parser.add_argument("--value", metavar="Column:theirs=ours", help="What a word of theirs means.", **add)
        parser.add_argument("--create-missing", metavar="RELATION", help="Make the records a column names.", **add)
        parser.add_argument("--match", metavar="FIELD", help="The field that finds existing records, or “none”.")
        parser.add_argument("--money-unit", choices=["toman"], default="", help="Amounts of the file are in Toman.")
        parser.add_argument("--encoding", default="")
        parser.add_argument(
            "--as", dest="email", metavar="EMAIL", help="The member whose rights hold; else the operator's."
        )
        parser.add_argument("--json", action="store_true", help="Answer one JSON document.")

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = tenant_named(options["subdomain"])
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        with tenant_only(tenant), translation.override("en"):
            try:
                with in_tenant(tenant):
                    run = self._prepare(options)
                run = self._work(tenant, run)
            except ParseError as error:
                raise CommandError(str(error.message)) from None
            except ValidationError as error:
                raise CommandError(sentences(error)) from None
            except PermissionDenied as error:
                raise CommandError(str(error)) from None
            with in_tenant(tenant):
                self._tell(run, as_json=options["json"])
        if run.status in (Run.Status.FAILED, Run.Status.CANCELLED):
            raise CommandError(run.error or "The import was cancelled.")

    def _prepare(self, options: dict[str, Any]) -> Run:
        actor = _actor(options["email"])
        with options["file"].open("rb") as content:
            source = {"encoding": options["encoding"]}
            run = imports.upload(actor, options["type"], content, options["file"].name, source)
        access = actor.access(registry[options["type"]])
        entries = _entries(access, run, options["map"], options["multiply"])
        for text in options["value"]:
            (column, theirs), ours = _split(_split(text, "=")[0], ":"), _split(text, "=")[1]
            mapping.add_values(entries, access, column, theirs, ours)
        given: dict[str, Any] = {"money_unit": options["money_unit"], "create_missing": options["create_missing"]}
        if options["match"]:
            given["match"] = options["match"]
        imports.describe(run, actor, entries, given)
        access = imports.ready(run, actor)
        mapping.remember(access.rtype.slug, run.params["header"], entries, run.params["options"])
        # No message to the workers: this process does the work. Should it die, the sweeper hands it to them.
        mark_pending()
        run.status, run.params["begun"] = Run.Status.QUEUED, True
        run.save(update_fields=["status", "params"])
        return run

    def _work(self, tenant: Any, run: Run) -> Run:
        while True:
            work(str(run.pk))
            with in_tenant(tenant):
                run.refresh_from_db()
            if not run.is_open:
                return run
            time.sleep(PATIENCE)

    def _tell(self, run: Run, *, as_json: bool) -> None:
        unresolved = run.state.get("unresolved", [])
        counts = {name: run.counts.get(name, 0) for name in ("created", "updated", "skipped", "refused")}
        lines = [f"{run.get_status_display()}: " + ", ".join(f"{name} {n}" for name, n in counts.items())]
        for problem in Problem.objects.filter(run=run).order_by("pk")[:20]:
            lines.append(f"  row {problem.row}: {' '.join(problem.reasons)}")
        for item in unresolved:
            likely = ", ".join(found["label"] for found in item["suggestions"][:3])
            hint = f"; perhaps {likely}" if likely else ""
            lines.append(f"  {item['column']}: nothing is called “{item['value']}” ({item['rows']} rows){hint}")
        answer = {"id": str(run.pk), "status": run.status, **counts, "unresolved": unresolved}
        tell(self, answer, lines, as_json=as_json)


def _actor(email: str | None) -> Actor:
    if not email:
        return operator("import")
    member = Member.objects.alive().filter(email__iexact=email, active=True).first()
    if member is None:
        raise CommandError(f"There is no active member {email}.")
    return actor_for(member, "import")


def _entries(access: Any, run: Run, maps: list[str], factors: list[str]) -> list[Entry]:
    """What is given, and for the other columns what was guessed or remembered, as far as their fields are free."""
    given = [dict(zip(("column", "field"), _split(text, "="), strict=True)) for text in maps]
    columns = {plain(item["column"]) for item in given}
    read = mapping.read_mapping(access, run.params["header"], [item for item in given if item["field"]])
    taken = {entry.field for entry in read}
    guessed = mapping.load(run.params["mapping"])
    entries = read + [e for e in guessed if plain(e.column) not in columns and e.field not in taken]
    for text in factors:
        column, factor = _split(text, "=")
        for entry in entries:
            if plain(entry.column) == plain(column):
                entry.multiply = factor
    return mapping.read_mapping(access, run.params["header"], mapping.dump(entries))


def _split(text: str, sign: str) -> tuple[str, str]:
    left, found, right = text.partition(sign)
    if not found:
        raise CommandError(f"“{text}” needs a “{sign}”.")
    return left.strip(), right.strip()
