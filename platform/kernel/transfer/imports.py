"""What a person does with an import: upload, say what the columns mean, begin, answer, take back.

An import is a Run from its upload on: it waits for its mapping as it later may wait for answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import IO, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.files.storing import store
from kernel.records.kinds.numbers import Money
from kernel.records.types import registry
from kernel.runs import work
from kernel.runs.models import Run
from kernel.tenancy.context import get_tenant
from kernel.transfer import mapping, readers
from kernel.transfer.lookups import may_create
from kernel.transfer.mapping import Entry
from kernel.transfer.sources import Source, Upload
from kernel.transfer.targets import Target, match_fields, targets

UNDO_DAYS = timedelta(days=30)
KEEP_FILE = timedelta(days=31)
OPTIONS: dict[str, Any] = {
    "match": "",
    "existing": "update",
    "empty_clears": False,
    "money_unit": "",
    "create_missing": [],
}


def check_rights(access: Access) -> None:
    access.actor.check_system("import")
    access.check("import")
    if not access.rtype.can_import or not (access.may("create") or access.may("edit")):
        raise PermissionDenied(_("Your role does not allow this."))


def importable(actor: Actor) -> list[Any]:
    """The types that this actor may import, those of everyday work first."""
    if not actor.may_system("import"):
        return []
    types = sorted(registry.values(), key=lambda rtype: not rtype.in_menu)
    accesses = [actor.access(rtype) for rtype in types if rtype.can_import]
    return [a.rtype for a in accesses if a.may("import") and (a.may("create") or a.may("edit"))]


def open_source(file: Upload, name: str, options: Mapping[str, Any]) -> Source:
    """The table in an upload; encoding, delimiter, sheet and header_row are detected where `options` lacks them."""
    given = {option: str(options.get(option) or "") for option in ("encoding", "delimiter", "sheet")}
    row = str(options.get("header_row", "") if options.get("header_row") is not None else "")
    if row and not (row.isascii() and row.isdigit() and len(row) < 10):
        raise ValidationError({"options": ValidationError(_("The header row is a number."), code="invalid")})
    return readers.detect(file, name, header_row=int(row) if row else None, **given)


def upload(actor: Actor, slug: str, content: IO[bytes], name: str, source: Mapping[str, Any] | None = None) -> Run:
    """Keep a file and look at it: the import that comes of it waits for its mapping, guessed or remembered.

    Raises PermissionDenied, ParseError where the file cannot be read, ValidationError where there is no such type.
    """
    rtype = registry.get(slug)
    if rtype is None or not rtype.can_import:
        raise ValidationError({"type": ValidationError(_("There is nothing of this type to import."), code="unknown")})
    access = actor.access(rtype)
    check_rights(access)
    found = open_source(content, name, source or {})
    file = store(content, name, content_type="text/csv", member=actor.member, keep=KEEP_FILE)
    run = Run(
        kind="import", title=file.name, status=Run.Status.WAITING, via="import", member=actor.member, role=actor.role
    )
    run.params = {
        "type": slug,
        "file": str(file.pk),
        "source": {},
        "mapping": [],
        "options": dict(OPTIONS),
        "answers": {},
    }
    _take_source(run, access, found)
    run.save(force_insert=True)
    return run


def reread(run: Run, actor: Actor, content: Upload, source: Mapping[str, Any]) -> None:
    """Look at the file again, by another encoding, delimiter, sheet or header row."""
    _take_source(run, actor.access(registry[run.params["type"]]), open_source(content, run.title, source))
    run.save(update_fields=["params"])


def _take_source(run: Run, access: Access, found: Source) -> None:
    run.params["source"] = {
        "encoding": found.encoding,
        "delimiter": found.delimiter,
        "sheet": found.sheet,
        "sheets": list(found.sheets),
        "header_row": found.header_row,
    }
    run.params["header"] = found.header
    known = mapping.recall(access, found.header)
    entries, options = known if known else (mapping.guess(access, found.header), {})
    run.params["remembered"] = known is not None
    run.params["mapping"] = mapping.dump(entries)
    options = {**OPTIONS, **{name: options[name] for name in OPTIONS if name in options}}
    options["match"] = options["match"] or default_match(access, entries)
    run.params["options"] = options


def default_match(access: Access, entries: Iterable[Entry]) -> str:
    """The first field of the type's match fields that a column feeds."""
    fed = {entry.field for entry in entries}
    return next((name for name in match_fields(access) if name in fed), "")


def describe(run: Run, actor: Actor, entries: list[Entry], options: Mapping[str, Any]) -> None:
    """Set what the columns mean and how to go about it. Raises ValidationError on `mapping` or `options`."""
    access = actor.access(registry[run.params["type"]])
    run.params["mapping"] = mapping.dump(entries)
    run.params["options"] = read_options(access, entries, options)
    run.save(update_fields=["params"])


def read_options(access: Access, entries: list[Entry], raw: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(raw) - set(OPTIONS) - {"encoding", "delimiter", "sheet", "header_row"}
    if unknown:
        raise _wrong(_("There is no option “%(name)s”.") % {"name": min(unknown)})
    known = targets(access)
    options = {**OPTIONS, "match": default_match(access, entries), **{k: v for k, v in raw.items() if k in OPTIONS}}
    options["match"] = "" if options["match"] in (None, "none") else options["match"]
    options["match"] = str(options["match"])
    if options["match"] and options["match"] not in {e.field for e in entries} & set(match_fields(access)):
        sentence = _("Match by a field that a column goes into, one of: %(allowed)s.")
        raise _wrong(sentence % {"allowed": ", ".join(match_fields(access))})
    options["money_unit"] = "" if options["money_unit"] == "currency" else options["money_unit"]
    if options["existing"] not in ("update", "skip"):
        raise _wrong(_("“existing” is “update” or “skip”."))
    if options["money_unit"] not in ("", "toman") or (options["money_unit"] and get_tenant().currency != "IRR"):
        raise _wrong(_("“money_unit” is “toman”, in a workspace that keeps Rial, or empty for the currency itself."))
    options["empty_clears"] = options["empty_clears"] in (True, "true", "on", "1")
    options["create_missing"] = _creatable(access, known, entries, options["create_missing"])
    return options


def _creatable(access: Access, known: Mapping[str, Target], entries: list[Entry], names: Any) -> list[str]:
    if not isinstance(names, list):
        raise _wrong(_("“create_missing” is a list of fields."))
    fields: list[str] = []
    for name in names:
        mine = [
            e.field
            for e in entries
            if name
            in (e.column, e.field, e.field.rpartition(".")[2], e.field.partition(".")[0], known[e.field].spec.related)
            and known[e.field].kind.is_reference
        ]
        if not mine:
            raise _wrong(_("No column goes into a relation “%(name)s”.") % {"name": name})
        refused = next((known[field].label for field in mine if not may_create(access, known[field])), None)
        if refused:
            raise _wrong(_("“%(field)s” cannot be created from its name alone, or not by you.") % {"field": refused})
        fields += mine
    return list(dict.fromkeys(fields))


def _wrong(sentence: str) -> ValidationError:
    return ValidationError({"options": ValidationError(sentence, code="invalid")})


def needs_money_unit(access: Access, entries: Iterable[Entry]) -> bool:
    """Amounts of a workspace that shows Toman: the file may hold either, and only a person knows."""
    known = targets(access)
    return bool(get_tenant().money_unit) and any(
        isinstance(known[e.field].kind, Money) for e in entries if e.field in known
    )


def begin(run: Run, actor: Actor) -> None:
    """Let the import start. Its mapping is remembered first, so that a failure does not lose it."""
    access = ready(run, actor)
    entries = mapping.load(run.params["mapping"])
    mapping.remember(access.rtype.slug, run.params["header"], entries, run.params["options"])
    work.resume(run, params={**run.params, "begun": True})


def ready(run: Run, actor: Actor) -> Access:
    """Check that an import that waits for its mapping may begin. Raises ValidationError, PermissionDenied."""
    access = actor.access(registry[run.params["type"]])
    check_rights(access)
    if run.status != Run.Status.WAITING or is_begun(run):
        raise ValidationError(_("This import has begun already."), code="begun")
    if not run.params["mapping"]:
        raise ValidationError(
            {"mapping": ValidationError(_("Choose a field for at least one column."), code="required")}
        )
    return access


def is_begun(run: Run) -> bool:
    return bool(run.params.get("begun"))


def can_undo(run: Run) -> bool:
    if run.kind != "import" or run.undone_at or not is_begun(run) or run.is_open or run.status == Run.Status.WAITING:
        return False
    ended = run.finished_at or run.created_at
    return ended > timezone.now() - UNDO_DAYS and any(run.counts.get(n) for n in ("created", "updated", "made"))


def undo_import(run: Run, actor: Actor) -> Run:
    """Start taking the whole import back, once. Answers the run that does it."""
    access = actor.access(registry[run.params["type"]])
    check_rights(access)
    if run.undone_at:
        raise ValidationError(_("This import was taken back already."), code="undone")
    if not can_undo(run):
        problem = _("Only a finished import of the last 30 days that wrote something can be taken back.")
        raise ValidationError(problem, code="not_undoable")
    if not Run.objects.filter(pk=run.pk, undone_at=None).update(undone_at=timezone.now()):
        raise ValidationError(_("This import was taken back already."), code="undone")
    undoing = Run.objects.create(
        kind="undo", title=run.title, via="import", member=actor.member, role=actor.role, params={"run": str(run.pk)}
    )
    Run.objects.filter(pk=run.pk).update(params={**run.params, "undo": str(undoing.pk)})
    work.wake(undoing)
    run.refresh_from_db()
    return undoing
