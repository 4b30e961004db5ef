"""What an import would do, before it does it: the first thousand rows written in earnest, and taken back at once.

So the preview's problems are those that the import itself would report, whatever rule or constraint they come from.
"""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.db import transaction

from kernel.access.actor import Access, Actor
from kernel.lib.text import sort_key
from kernel.records.duplicates import WARN, action_of, like_others
from kernel.records.show import Shown
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.transfer.batches import RowWriter
from kernel.transfer.imports import open_source
from kernel.transfer.labels import Labels
from kernel.transfer.lookups import Lookup, Unresolved
from kernel.transfer.mapping import Entry, load
from kernel.transfer.rows import Draft, Reader
from kernel.transfer.sources import Source
from kernel.transfer.targets import Target, match_fields, targets

SHOWN_ROWS = 8
TRIED_ROWS = 1000
SCANNED_ROWS = 20_000
SAMPLED_ROWS = 50
SAMPLES = 3
BATCH = 500


@dataclass
class ShownRow:
    """One row as it will be: what each column becomes, in the viewer's format."""

    number: int
    cells: list[str]
    state: str
    reasons: list[str] = field(default_factory=list)


@dataclass
class Preview:
    columns: list[str]
    rows: list[ShownRow]
    counts: dict[str, int]
    problems: list[tuple[str, int]]
    tried: int
    total: int
    is_partial: bool
    unresolved: list[Unresolved]
    alike: int = 0


def samples(source: Source) -> dict[str, list[str]]:
    """A few different values of each column, from the first rows."""
    found: dict[str, list[str]] = {name: [] for name in source.header}
    for row in itertools.islice(source.rows(), SAMPLED_ROWS):
        for name, cell in zip(source.header, row.cells, strict=True):
            if cell and len(found[name]) < SAMPLES and cell not in found[name]:
                found[name].append(cell)
    return found


class Look:
    """An import as it stands, looked at through its file's first rows."""

    def __init__(self, run: Run, actor: Actor, path: Path) -> None:
        self.run, self.options = run, run.params["options"]
        # The import's own way of reading: nobody is told, and amounts in the unit that was chosen.
        fmt = replace(actor.format, money_unit=self.options.get("money_unit", ""))
        self.viewer = actor
        self.actor = Actor(actor.member, actor.rules, "import", fmt, actor.role)
        self.access: Access = self.actor.access(registry[run.params["type"]])
        self.known: dict[str, Target] = targets(self.access)
        self.entries: list[Entry] = [entry for entry in load(run.params["mapping"]) if entry.field in self.known]
        self.source = open_source(path, run.title, run.params["source"])
        self.columns = {name: place for place, name in enumerate(self.source.header)}
        self.labels = Labels(
            self.access, self.known, self.entries, run.params["answers"], self.options["create_missing"]
        )

    def unresolved(self, rows: int = SCANNED_ROWS) -> list[Unresolved]:
        """The labels among the first rows that nothing answers yet."""
        for _count in self.labels.scan(itertools.islice(self.source.rows(), rows), self.columns):
            pass
        return self.labels.settle(nullcontext, lambda keys: self._brought(keys, rows))

    def _brought(self, keys: set[str], rows: int) -> set[str]:
        names = {self.access.rtype.label_field, "label"}
        entry = next((entry for entry in self.entries if entry.field in names), None)
        if entry is None or not keys:
            return set()
        place = self.columns[entry.column]
        return keys & {sort_key(row.cells[place]) for row in itertools.islice(self.source.rows(), rows)}

    def preview(self) -> Preview:
        unresolved = self.unresolved(TRIED_ROWS)
        reader = Reader(self.access, self.known, self.entries, self.labels, self.columns)
        trial = Run(pk=self.run.pk, created_at=self.run.created_at, counts={})
        writer = RowWriter(self.access, reader, self._match, self.options, trial)
        problems: Counter[str] = Counter()
        shown: list[ShownRow] = []
        rows = self.source.rows()
        tried = alike = 0
        with transaction.atomic():
            while tried < TRIED_ROWS and (batch := list(itertools.islice(rows, BATCH))):
                written = writer.write(batch)
                tried += len(batch)
                for draft, _item in written:
                    problems.update(draft.reasons)
                alike += self._alike(written)
                if not shown:
                    shown = self._shown(written[:SHOWN_ROWS])
            transaction.set_rollback(True)
        rest = sum(1 for _row in itertools.islice(rows, SCANNED_ROWS))
        return Preview(
            [self.known[entry.field].label for entry in self.entries],
            shown,
            trial.counts,
            problems.most_common(20),
            tried,
            tried + rest,
            rest >= SCANNED_ROWS,
            unresolved,
            alike,
        )

    @property
    def _match(self) -> Target | None:
        name = self.options["match"]
        return self.known[name] if name in match_fields(self.access) else None

    def _alike(self, written: list[tuple[Draft, Any]]) -> int:
        """How many of the rows that make a record make one like another that is there, where the rule is to warn."""
        new = [item.record for _draft, item in written if item and item.is_new and item.is_changed]
        if not self.access.rtype.duplicate_keys or action_of(self.access) != WARN:
            return 0
        return len(like_others(self.access, new))

    def _shown(self, written: list[tuple[Draft, Any]]) -> list[ShownRow]:
        specs = {e.field: self.known[e.field].rows or self.known[e.field].spec for e in self.entries}
        access = self.viewer.access(self.access.rtype)
        kept = [item.record for _draft, item in written if item]
        show = Shown(access, kept, list({spec.name: spec for spec in specs.values()}.values()), is_read=False)
        rows = []
        for draft, item in written:
            cells = []
            for entry in self.entries:
                raw = draft.row.cells[self.columns[entry.column]]
                text = raw if item is None else self._text(show, item.record, entry, raw)
                cells.append(draft.later.get(entry.field, "") or self._new(entry, raw) or text)
            rows.append(ShownRow(draft.row.number, cells, _state(draft, item), draft.reasons))
        return rows

    def _text(self, show: Shown, record: Any, entry: Entry, raw: str) -> str:
        target = self.known[entry.field]
        if (target.rows or target.spec).name not in self.access.readable(record):
            return raw  # what a record that is there has may be another's to know
        if target.rows is None:
            return show.text(record, target.spec)
        line: dict[str, Any] = next(iter(target.rows.value(record)), {})
        return show.value_text(target.spec, line.get(target.spec.name))

    def _new(self, entry: Entry, raw: str) -> str:
        """A label for which a record will be made, or about which the import will ask."""
        lookup: Lookup | None = self.labels.lookups.get(entry.field)
        return raw if lookup and any(part not in lookup.found for part in lookup.parts(raw)) else ""


def _state(draft: Draft, item: Any) -> str:
    if draft.reasons:
        return "refused"
    if item is None or not item.is_changed:
        return "skipped"
    return "created" if item.is_new else "updated"
