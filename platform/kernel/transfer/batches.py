"""Writing rows of a file as records: which are new, which exist, which are refused. One batch at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records.bulk import Item, change_many
from kernel.runs.models import Run
from kernel.transfer.models import Problem
from kernel.transfer.rows import Draft, Reader, existing, match_key, reasons_of
from kernel.transfer.sources import Row
from kernel.transfer.targets import Target

COUNTS = ("created", "updated", "skipped", "refused")


class RowWriter:
    """Writes batches for one run and counts what became of the rows. Runs inside the caller's transaction."""

    def __init__(
        self, access: Access, reader: Reader, match: Target | None, options: Mapping[str, Any], run: Run
    ) -> None:
        self.access, self.reader, self.match, self.options, self.run = access, reader, match, options, run
        for name in COUNTS:
            run.counts.setdefault(name, 0)

    def write(self, rows: list[Row]) -> list[tuple[Draft, Item | None]]:
        """Write one batch and count it. Answers each row with what was written, None where it was left or refused."""
        drafts = [self.reader.read(row) for row in rows]
        written: dict[int, Item] = {}
        for wave in self._waves([draft for draft in drafts if not draft.reasons]):
            written |= self._write_wave(wave)
        refused = [draft for draft in drafts if draft.reasons]
        self.run.counts["refused"] += len(refused)
        note_problems(self.run, refused)
        return [(draft, written.get(draft.row.number)) for draft in drafts]

    def _waves(self, drafts: list[Draft]) -> Iterator[list[Draft]]:
        """Rows with the same match value after one another: the first creates what the later ones update."""
        while drafts:
            now: list[Draft] = []
            rest: list[Draft] = []
            seen: set[Any] = set()
            for draft in drafts:
                key = self.key(draft)
                (rest if key is not None and key in seen else now).append(draft)
                seen.add(key)
            yield now
            drafts = rest

    def key(self, draft: Draft) -> Any:
        if self.match is None:
            return None
        value = draft.values.get(self.match.name)
        return match_key(self.match.spec, value) if value is not None else None

    def _write_wave(self, drafts: list[Draft]) -> dict[int, Item]:
        there = existing(self.access, self.match.spec, map(self.key, drafts)) if self.match else {}
        items: list[tuple[Draft, Item]] = []
        counts = self.run.counts
        for draft in drafts:
            found = there.get(self.key(draft), [])
            if len(found) > 1:
                assert self.match is not None
                sentence = _("%(count)s records have this value in “%(field)s”: the row fits none for certain.")
                draft.reasons.append(sentence % {"count": len(found), "field": self.match.label})
            elif found and self.options["existing"] == "skip":
                counts["skipped"] += 1
            else:
                if not found:
                    self.reader.own(draft)
                if not draft.reasons:
                    items.append((draft, self._item(draft, found)))
        change_many(self.access, [item for _draft, item in items], change_set=self.run.pk)
        for draft, item in items:
            if item.error is not None:
                draft.reasons += reasons_of(item.error, self.access)
            elif not item.is_changed:
                counts["skipped"] += 1
            else:
                counts["created" if item.is_new else "updated"] += 1
        return {draft.row.number: item for draft, item in items if item.error is None}

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


def note_problems(run: Run, drafts: Iterable[Draft]) -> None:
    """Keep refused rows for the run's file of problems."""
    Problem.objects.bulk_create(
        Problem(run=run, row=draft.row.number, reasons=draft.reasons, cells=draft.row.cells) for draft in drafts
    )


def row_id(run: Run, number: int) -> UUID:
    """The id of the record that a row creates: known beforehand, so that no row can ever create two."""
    ms = int(run.created_at.timestamp() * 1000)
    own = int.from_bytes(hashlib.sha256(run.pk.bytes).digest()[:6]) & (1 << 42) - 1
    return UUID(int=ms << 80 | 0x7 << 76 | (number >> 20 & 0xFFF) << 64 | 0b10 << 62 | (number & 0xFFFFF) << 42 | own)
