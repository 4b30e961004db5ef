"""The work of an import: look labels up, make what is missing, write rows in batches, link what the file brings.

Each batch commits together with the number of its last row, so that a killed import goes on there and writes no row
twice. Every pass reads the file anew: memory holds the distinct labels and one batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.events.models import Event
from kernel.events.names import tell
from kernel.files.models import StoredFile
from kernel.files.storing import on_disk
from kernel.lib.text import sort_key
from kernel.records.bulk import BATCH, Item, change_many
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import Paused, Work, runner
from kernel.transfer.imports import check_rights, open_source
from kernel.transfer.labels import Labels, Unresolved
from kernel.transfer.mapping import load
from kernel.transfer.models import Problem
from kernel.transfer.rows import Draft, Reader, existing, match_key, reasons_of
from kernel.transfer.sources import Row
from kernel.transfer.targets import targets

SHOWN_LABELS = 200
COUNTS = ("created", "updated", "skipped", "refused")

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
        for name in COUNTS:
            self.run.counts.setdefault(name, 0)

    def go(self) -> None:
        with self.work.chunk():
            check_rights(self.access)
            file = StoredFile.objects.get(pk=self.work.params["file"])
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
            self.match = self.known.get(self.options["match"])
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
            ).save(force_insert=True)

    def _check(self, entries: list[Any]) -> None:
        """A field that was taken from the actor since is not written: said before the first row."""
        lost = [entry.column for entry in entries if entry.field not in self.known]
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
                    before = self.labels.created
                    self.labels.make(lookup, labels[start : start + BATCH], self.run.pk)
                    made = self.run.counts.setdefault("made", 0)
                    self.run.counts["made"] = made + self.labels.created - before

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
                self.write(rows)
                self.run.state["row"] = rows[-1].number
                self.run.done += len(rows)

    def write(self, rows: list[Row]) -> list[tuple[Draft, Item | None]]:
        """Write one batch inside the caller's transaction, and count it."""
        counts, outcome = self.run.counts, []
        drafts = [self.reader.read(row) for row in rows]
        for wave in self._waves([draft for draft in drafts if not draft.reasons]):
            outcome += self._write_wave(wave)
        refused = [draft for draft in drafts if draft.reasons]
        counts["refused"] += len(refused)
        self._note(refused)
        return outcome

    def _note(self, drafts: list[Draft]) -> None:
        Problem.objects.bulk_create(
            Problem(run=self.run, row=draft.row.number, reasons=draft.reasons, cells=draft.row.cells)
            for draft in drafts
        )

    def _waves(self, drafts: list[Draft]) -> Iterator[list[Draft]]:
        """Rows with the same match value after one another: the first creates what the later ones update."""
        while drafts:
            now: list[Draft] = []
            rest: list[Draft] = []
            seen: set[Any] = set()
            for draft in drafts:
                key = self._key(draft)
                (rest if key is not None and key in seen else now).append(draft)
                seen.add(key)
            yield now
            drafts = rest

    def _key(self, draft: Draft) -> Any:
        if self.match is None:
            return None
        value = draft.values.get(self.match.name)
        return match_key(self.match.spec, value) if value is not None else None

    def _write_wave(self, drafts: list[Draft]) -> list[tuple[Draft, Item | None]]:
        there = existing(self.access, self.match.spec, map(self._key, drafts)) if self.match else {}
        items: list[tuple[Draft, Item]] = []
        counts = self.run.counts
        for draft in drafts:
            found = there.get(self._key(draft), [])
            if len(found) > 1:
                assert self.match is not None
                sentence = _(
                    "There are %(count)s records with this value in “%(field)s”. The row fits none for certain."
                )
                draft.reasons.append(sentence % {"count": len(found), "field": self.match.label})
            elif found and self.options["existing"] == "skip":
                counts["skipped"] += 1
            else:
                items.append((draft, self._item(draft, found)))
        change_many(self.access, [item for _draft, item in items], change_set=self.run.pk)
        for draft, item in items:
            if item.error is not None:
                draft.reasons += reasons_of(item.error, self.access)
            elif not item.is_changed:
                counts["skipped"] += 1
            else:
                counts["created" if item.is_new else "updated"] += 1
        return list(items)

    def _item(self, draft: Draft, found: list[UUID]) -> Item:
        model = self.access.rtype.model
        if not found:
            return Item(draft.values, model(id=row_id(self.run, draft.row.number)))
        record = model(id=found[0])
        record._state.adding = False
        cleared = self.reader.cleared(draft) if self.options["empty_clears"] else {}
        values = {**cleared, **draft.values}
        if self.match:
            # What matched is the same to a person: its spelling stays ours.
            values.pop(self.match.name, None)
        return Item(values, record)

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
            self._note(incomplete)

    def _records_of(self, drafts: list[Draft]) -> dict[int, Any]:
        """The record that each row was written to: the one it created, else the one it matched."""
        mine = {row_id(self.run, draft.row.number): draft.row.number for draft in drafts}
        records = {mine[record.pk]: record for record in self.access.records().filter(pk__in=mine)}
        rest = [draft for draft in drafts if draft.row.number not in records]
        if self.match and rest:
            there = existing(self.access, self.match.spec, map(self._key, rest))
            ids = {found[0]: key for key, found in there.items() if len(found) == 1}
            by_key = {ids[record.pk]: record for record in self.access.records().filter(pk__in=ids)}
            records |= {d.row.number: by_key[self._key(d)] for d in rest if self._key(d) in by_key}
        return records


def _none_or_many(label: str, found: list[UUID]) -> str:
    if found:
        return _("More than one is called “%(label)s”, so none was linked.") % {"label": label}
    return _("The row of “%(label)s” was refused, so it was not linked.") % {"label": label}


def row_id(run: Run, number: int) -> UUID:
    """The id of the record that a row creates: known beforehand, so that no row can ever create two."""
    ms = int(run.created_at.timestamp() * 1000)
    own = int.from_bytes(hashlib.sha256(run.pk.bytes).digest()[:6]) & (1 << 42) - 1
    return UUID(int=ms << 80 | 0x7 << 76 | (number >> 20 & 0xFFF) << 64 | 0b10 << 62 | (number & 0xFFFFF) << 42 | own)
