"""The work of an export: what a list shows this actor, as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.events.names import tell
from kernel.events.noting import note
from kernel.files.storing import store
from kernel.records.columns import tenant_currency
from kernel.records.find import Found, find
from kernel.records.kinds.choices import Choice, known
from kernel.records.kinds.numbers import Money
from kernel.records.reading import count_reading
from kernel.records.selection import Selection
from kernel.records.sensitive import note_reading_of
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.records.statements import attributes_of
from kernel.records.types import registry
from kernel.records.views import meant
from kernel.runs import work as runs
from kernel.runs.models import Run
from kernel.runs.work import ShiftEnded, Work, runner
from kernel.tenancy.context import get_tenant
from kernel.transfer.writers import CsvWriter, TableWriter, Value, XlsxWriter

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
HEADERS = ("names", "labels")
KEEP = timedelta(days=7)
PIECE = 2000
MOST_COUNTED = 10_000_000
CURRENCY = "currency"
NOT_QUESTIONS = ("cursor", "limit", "view", "fields", "peek")

tell("export.finished", gettext_lazy("%(who)s exported a list"))


@dataclass(frozen=True)
class Other:
    """A file of something that is no list of records. `pieces` are how many there were and their rows."""

    label: Any
    url: str
    right: str
    header: Callable[[], list[str]]
    count: Callable[[Actor, Mapping[str, str], int], int]
    pieces: Callable[[Actor, Mapping[str, str]], Iterator[tuple[int, list[list[Value]]]]]


others: dict[str, Other] = {}


def about(slug: str) -> tuple[Any, str]:
    """What is exported, and where it stands."""
    if other := others.get(slug):
        return other.label, other.url
    return registry[slug].label_plural, f"/r/{slug}"


def check_right(actor: Actor, slug: str) -> None:
    """The right to files, and to what is in this one."""
    actor.check_system("export")
    if other := others.get(slug):
        actor.check_system(other.right)


def start(
    actor: Actor,
    slug: str,
    *,
    file_format: str = "csv",
    query: Mapping[str, Any] | None = None,
    fields: Iterable[str] | None = None,
    headers: str = "names",
    selection: Selection | None = None,
) -> Run:
    """Begin an export, of a `selection` of rows if there is one. Raises PermissionDenied, and ValidationError for what
    cannot be asked."""
    check_right(actor, slug)
    if slug not in registry and slug not in others:
        raise ValidationError({"type": ValidationError(_("There is nothing of this type to export."), code="unknown")})
    if file_format not in FORMATS:
        raise ValidationError({"format": ValidationError(_("The format is “csv” or “xlsx”."), code="invalid")})
    if headers not in HEADERS:
        raise ValidationError({"headers": ValidationError(_("The headers are “names” or “labels”."), code="invalid")})
    if slug in others:
        return _start_other(actor, slug, file_format, query or {})
    access = actor.access(registry[slug])
    # What a view asks now: the file is of the list that was seen, whatever becomes of the view meanwhile.
    query = {name: value for name, value in meant(access, query or {}).items() if name not in NOT_QUESTIONS}
    if any("\x00" in f"{name}{value}" for name, value in query.items()):
        problem = _("This contains a character that cannot be stored.")
        raise ValidationError({"query": ValidationError(problem, code="invalid")})
    found = selection.found(access) if selection else find(access, query)
    check_limit(actor, found)
    # Each field once: a file of a hundred thousand equal columns would hold a worker for minutes.
    names = None if fields is None else list(dict.fromkeys(fields))
    columns_of(access, names)
    params = {"type": slug, "format": file_format, "query": query, "fields": names, "headers": headers}
    params["language"] = get_language()
    if selection is not None:
        params["selection"] = selection.as_json()
    return runs.start("export", actor, str(access.rtype.label_plural), params)


def _start_other(actor: Actor, slug: str, file_format: str, query: Mapping[str, Any]) -> Run:
    kept = {name: str(value) for name, value in query.items() if value and name not in NOT_QUESTIONS}
    _check_limit_of_other(actor, slug, kept)
    params = {"type": slug, "format": file_format, "query": kept, "language": get_language()}
    return runs.start("export", actor, str(others[slug].label), params)


def _check_limit_of_other(actor: Actor, slug: str, query: Mapping[str, str]) -> None:
    limit = actor.rules.limit("export")
    count = others[slug].count(actor, query, (limit or 0) + 1)  # whatever is wrong with the question is told here
    _refuse_above(actor, limit, is_above=limit is not None and count > limit)


def check_limit(actor: Actor, found: Found) -> None:
    """Refuse a file of more records than the actor's roles let them take at once."""
    limit = actor.rules.limit("export")
    _refuse_above(actor, limit, is_above=limit is not None and found.count(most=limit) is None)


def _refuse_above(actor: Actor, limit: int | None, *, is_above: bool) -> None:
    if is_above and limit is not None:
        told = _("Your role exports at most %(limit)s records at once. Filter the list and export it in parts.")
        raise PermissionDenied(told % {"limit": actor.format.number(limit)})


def columns_of(access: Access, names: list[str] | None) -> list[FieldSpec | None]:
    """The specs of the fields asked for, all that may be read where none are named; None stands for the id."""
    shown = access.shown()
    if names is None:
        return [None, *shown.values()]
    unknown = [name for name in names if name not in shown and name not in ("id", CURRENCY)]
    if unknown or not names:
        problem = (
            _("There is no such field: %(fields)s") % {"fields": ", ".join(unknown)} if unknown else _("Name a field.")
        )
        raise ValidationError({"fields": ValidationError(problem, code="unknown")})
    return [None if name == "id" else shown[name] for name in names if name != CURRENCY]


@runner("export")
def export(work: Work) -> None:
    try:
        # Whoever asked may have asked in another language than their own.
        language = work.params.get("language") or work.actor.format.language
        with tempfile.TemporaryFile() as file, translation.override(language):
            count = _write_other(work, file) if work.params["type"] in others else Exporting(work).write(file)
            _keep(work, file, count)
    except PermissionDenied as error:
        raise ValidationError(str(error)) from error
    except ShiftEnded:
        raise ValidationError(_("This is too much for one file. Filter the list and export it in parts.")) from None


def writer_of(params: Mapping[str, Any], file: IO[bytes]) -> TableWriter:
    if params["format"] == "csv":
        return CsvWriter(file)
    return XlsxWriter(file, get_language() or "", str(about(params["type"])[0]))


def _write_other(work: Work, file: IO[bytes]) -> int:
    params, actor = work.params, work.actor
    slug, query = params["type"], params["query"]
    with work.chunk() as run:
        check_right(actor, slug)
        _check_limit_of_other(actor, slug, query)
        run.done, run.total = 0, others[slug].count(actor, query, MOST_COUNTED)
    writer, pieces = writer_of(params, file), others[slug].pieces(actor, query)
    writer.write_row(others[slug].header())
    while True:
        with work.chunk() as run:
            found = next(pieces, None)
            if found is None:
                break
            run.done += found[0]
        for row in found[1]:
            writer.write_row(row)
    writer.close()
    return work.run.done


class Exporting:
    """One export, from its first row to its last. A worker that is killed leaves nothing: the next begins anew."""

    def __init__(self, work: Work) -> None:
        self.work, self.params = work, work.params
        self.actor = work.actor
        self.access = self.actor.access(registry[self.params["type"]])

    def write(self, file: IO[bytes]) -> int:
        with self.work.chunk() as run:
            self.actor.check_system("export")
            self.columns = columns_of(self.access, self.params["fields"])
            found = self._found()
            run.done, run.total = 0, found.count(most=MOST_COUNTED)
            check_limit(self.actor, found)
        writer = writer_of(self.params, file)
        writer.write_row(self._header())
        chunks = found.chunks(PIECE, attributes_of(self.access, filter(None, self.columns)))
        while self._write_piece(writer, chunks, found):
            pass
        writer.close()
        return self.work.run.done

    def _found(self) -> Found:
        kept = self.params.get("selection")
        return Selection.read(kept).found(self.access) if kept else find(self.access, self.params["query"])

    def _write_piece(self, writer: TableWriter, chunks: Any, found: Found) -> bool:
        with self.work.chunk() as run:
            rows = next(chunks, None)
            if rows is None:
                return False
            columns = self._columns(
                Shown(self.access, rows, [spec for spec in self.columns if spec], for_file=True, is_read=False)
            )
            for row in zip(*columns, strict=True):
                writer.write_row(row)
            run.done += len(rows)
            return True

    def _header(self) -> list[str]:
        has_labels = self.params["headers"] == "labels"
        cells: list[str] = []
        for spec in self.columns:
            if spec is None:
                cells.append("ID" if has_labels else "id")
            else:
                cells.append(capfirst(str(spec.label)) if has_labels else spec.name)
            if spec is self._first_money:
                cells.append(_("Currency") if has_labels else CURRENCY)
            if spec and spec.kind.name == "file":
                label = _("%(field)s (link)") % {"field": spec.label}
                cells.append(capfirst(label) if has_labels else f"{spec.name}.url")
        return cells

    @property
    def _first_money(self) -> Any:
        """The currency stands in a column of its own, after the first amount: a record's amounts share it."""
        return next((spec for spec in self.columns if spec and isinstance(spec.kind, Money)), ...)

    def _columns(self, shown: Shown) -> list[list[Any]]:
        """The cells of these rows, column by column: what is the same for all rows is settled once."""
        columns: list[list[Any]] = []
        for spec in self.columns:
            columns.append(self._column(shown, spec) if spec else [str(row.id) for row in shown.rows])
            if spec is self._first_money:
                columns.append([getattr(row, "currency", "") or tenant_currency() for row in shown.rows])
            if spec and spec.kind.name == "file":
                columns.append(_links(shown, spec))
        return columns

    def _column(self, shown: Shown, spec: FieldSpec) -> list[Any]:
        """Under headers for people choices have their labels, under names for programs their codes."""
        if self.params["headers"] == "labels" and isinstance(spec.kind, Choice):
            labels = {code: str(label) for code, label in known(spec)}
            values = map(spec.value, shown.rows)
            if spec.kind.is_list:
                return ["; ".join(labels.get(code, code) for code in value) for value in values]
            return [labels.get(value, "") for value in values]
        return shown.cells(spec)


def _links(shown: Shown, spec: FieldSpec) -> list[str]:
    """Where the bytes are, for whoever signs in and may see them; a file out of reach has no link either."""
    url, labels = get_tenant().url, shown.labels.of(spec.related)
    return [f"{url}/r/files/{pk}/content" if (pk := spec.value(row)) in labels else "" for row in shown.rows]


def _keep(work: Work, file: IO[bytes], count: int) -> None:
    """Put the finished file where it is kept, and tell of it, in one transaction: there is one file or none."""
    params, actor = work.params, work.actor
    name = f"{params['type']}-{timezone.now():%Y-%m-%d}.{params['format']}"
    with work.chunk() as run:
        kept = store(file, name, content_type=FORMATS[params["format"]], member=actor.member, keep=KEEP)
        run.result = {"file": str(kept.pk), "rows": count}
        run.counts, run.rules = {"rows": count}, actor.rules.said()
        asked = {"query": [None, params["query"]], "format": [None, params["format"]], "count": [None, count]}
        note(actor, "export.finished", params["type"], asked, change_set=run.pk)
        if params["type"] in others:
            return
        access = actor.access(registry[params["type"]])
        count_reading(access, count)
        read = [spec.name for spec in columns_of(access, params["fields"]) if spec and spec.sensitive]
        if read and count:
            note_reading_of(access, read, count, [])
