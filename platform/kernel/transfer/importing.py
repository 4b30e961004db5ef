"""The work of an import: look labels up, make what is missing, write rows in batches, link what the file brings.

Each batch commits together with the number of its last row, so that a killed import goes on there and writes no row
twice. Every pass reads the file anew: memory holds the distinct labels and one batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.events.models import Event
from kernel.events.names import tell
from kernel.files.models import StoredFile
from kernel.files.storing import on_disk
from kernel.lib.text import sort_key
from kernel.records.bulk import BATCH, Item, change_many
from kernel.records.holds import hold
from kernel.records.types import registry
from kernel.runs.work import Paused, Work, runner
from kernel.transfer.batches import RowWriter, note_problems, row_id
from kernel.transfer.imports import check_rights, open_source
from kernel.transfer.labels import Labels
from kernel.transfer.lookups import Unresolved
from kernel.transfer.mapping import load
from kernel.transfer.models import Problem
from kernel.transfer.rows import Draft, Reader, existing, reasons_of
from kernel.transfer.sources import Row
from kernel.transfer.targets import match_fields, targets

SHOWN_LABELS = 200

tell("import.finished", gettext_lazy("%(who)s imported a file"))


@runner("import")
def import_file(work: Work) -> None:
    try:
        Importing(work).go()
    except PermissionDenied as error:
        raise ValidationError(str(error)) from error


class Importing:
    """One worker's turn at one import."""

    def __init__(self, work: Work) -> None:
        self.work, self.run, params = work, work.run, work.params
        actor = work.actor
        actor.via = "import"
        actor.format = replace(actor.format, money_unit=params["options"].get("money_unit", ""))
        self.access = actor.access(registry[params["type"]])
        self.options: dict[str, Any] = params["options"]

    def go(self) -> None:
        with self.work.chunk():
            check_rights(self.access)
            file = StoredFile.objects.filter(pk=self.work.params["file"]).first()
            if file is None:
                raise ValidationError(_("The file is no longer kept. Upload it again."))
            self.known = targets(self.access)
            entries = load(self.work.params["mapping"])
            self._check(entries)
        with on_disk(file) as path:
            self.source = open_source(path, file.name, self.work.params["source"])
            self.columns = {name: place for place, name in enumerate(self.source.header)}
            self.labels = Labels(
                self.access, self.known, entries, self.work.params["answers"], self.options["create_missing"]
            )
            self.reader = Reader(self.access, self.known, entries, self.labels, self.columns)
            match = self.known.get(self.options["match"])
            self.writer = RowWriter(self.access, self.reader, match, self.options, self.run)
            self._look_up()
            self._make_missing()
            self._write_rows()
            self._link_rows()
        with self.work.chunk():
            self.run.result = {"file": str(file.pk)}
            Event(
                name="import.finished",
                member=self.access.actor.member,
                via="import",
                changes={"type": [None, self.access.rtype.slug], "counts": [None, self.run.counts]},
                change_set=self.run.pk,
                fanned_out_at=timezone.now(),
            ).save(force_insert=True)

    def _check(self, entries: list[Any]) -> None:
        """A field that was taken from the actor since is not written, or matched by: said before the first row."""
        match, able = self.options["match"], match_fields(self.access)
        lost = [e.column for e in entries if e.field not in self.known or (e.field == match and match not in able)]
        if lost:
            raise ValidationError(_("You can no longer import into: %(columns)s") % {"columns": ", ".join(lost)})

    # -- labels

    def _look_up(self) -> None:
        count = 0
        for read in self.labels.scan(self.source.rows(), self.columns):
            count = read
            with self.work.chunk():
                pass
        left = self.labels.settle(self.work.chunk, self._brought)
        with self.work.chunk():
            self.run.total = count * (2 if self._has_later() else 1)
        if left:
            self._ask(left)

    def _brought(self, keys: set[str]) -> set[str]:
        """Which of these label keys stand in the file's own label column."""
        label_field = self.access.rtype.label_field
        entry = next((e for e in load(self.work.params["mapping"]) if e.field in (label_field, "label")), None)
        if entry is None or not keys:
            return set()
        place = self.columns[entry.column]
        return keys & {sort_key(row.cells[place]) for row in self.source.rows()}

    def _ask(self, left: list[Unresolved]) -> None:
        with self.work.chunk():
            self.run.state["unresolved"] = [item.as_json(self.access) for item in left[:SHOWN_LABELS]]
            self.run.state["unresolved_total"] = len(left)
        raise Paused

    def _has_later(self) -> bool:
        return any(lookup.has_later for lookup in self.labels.lookups.values())

    def _make_missing(self) -> None:
        self.run.state.pop("unresolved", None)
        self.run.state.pop("unresolved_total", None)
        for lookup, labels in self.labels.new_labels():
            for start in range(0, len(labels), BATCH):
                with self.work.chunk():
                    self._wait_in_line(lookup.target.spec.related)
                    before = self.labels.created
                    self.labels.make(lookup, labels[start : start + BATCH], self.run.pk)
                    made = self.run.counts.setdefault("made", 0)
                    self.run.counts["made"] = made + self.labels.created - before

    @staticmethod
    def _wait_in_line(slug: str) -> None:
        """Two imports of one type look for what is there and write in turns: neither makes what the other has made."""
        hold(f"import:{slug}")

    # -- rows

    def _batches(self, after: int) -> Iterator[list[Row]]:
        batch: list[Row] = []
        for row in self.source.rows():
            if row.number > after:
                batch.append(row)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def _write_rows(self) -> None:
        for rows in self._batches(self.work.state.get("row", 0)):
            with self.work.chunk():
                self._wait_in_line(self.access.rtype.slug)
                self.writer.write(rows)
                self.run.state["row"] = rows[-1].number
                self.run.done += len(rows)

    # -- relations to records that the same file brings

    def _link_rows(self) -> None:
        if not self._has_later():
            return
        with self.work.chunk():
            refused = set(Problem.objects.filter(run=self.run).values_list("row", flat=True))
        for rows in self._batches(self.work.state.get("linked", 0)):
            with self.work.chunk():
                drafts = [self.reader.read(row) for row in rows if row.number not in refused]
                self._link([draft for draft in drafts if draft.later])
                self.run.state["linked"] = rows[-1].number
                self.run.done += len(rows)

    def _link(self, drafts: list[Draft]) -> None:
        related = self.access.records()
        keys = {sort_key(label) for draft in drafts for label in draft.later.values()}
        there: dict[str, list[UUID]] = {}
        for key, pk in related.filter(label_key__in=keys).values_list("label_key", "pk"):
            there.setdefault(key, []).append(pk)
        records = self._records_of(drafts)
        items: list[tuple[Draft, Item]] = []
        for draft in drafts:
            record, values = records.get(draft.row.number), {}
            for name, label in draft.later.items():
                found = there.get(sort_key(label), [])
                if len(found) == 1:
                    values[name] = found[0]
                else:
                    draft.reasons.append(_none_or_many(label, found))
            if record is not None and values:
                items.append((draft, Item(values, record)))
        change_many(self.access, [item for _draft, item in items], change_set=self.run.pk)
        for draft, item in items:
            if item.error is not None:
                draft.reasons += reasons_of(item.error, self.access)
        incomplete = [draft for draft in drafts if draft.reasons]
        if incomplete:
            self.run.counts["incomplete"] = self.run.counts.get("incomplete", 0) + len(incomplete)
            note_problems(self.run, incomplete)

    def _records_of(self, drafts: list[Draft]) -> dict[int, Any]:
        """The record that each row was written to: the one it created, else the one it matched."""
        mine = {row_id(self.run, draft.row.number): draft.row.number for draft in drafts}
        records = {mine[record.pk]: record for record in self.access.records().filter(pk__in=mine)}
        rest = [draft for draft in drafts if draft.row.number not in records]
        match = self.writer.match
        if match and rest:
            there = existing(self.access, match.spec, map(self.writer.key, rest))
            ids = {found[0]: key for key, found in there.items() if len(found) == 1}
            by_key = {ids[record.pk]: record for record in self.access.records().filter(pk__in=ids)}
            records |= {d.row.number: by_key[self.writer.key(d)] for d in rest if self.writer.key(d) in by_key}
        return records


def _none_or_many(label: str, found: list[UUID]) -> str:
    if found:
        return _("More than one is called “%(label)s”, so none was linked.") % {"label": label}
    return _("The row of “%(label)s” was refused, so it was not linked.") % {"label": label}
