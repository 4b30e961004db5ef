"""Where others name a person who is erased: found by what the person is known by, and cut out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import translation
from django.utils.translation import gettext as _

from kernel.events.erasing import Remaining, erase_values, nothing
from kernel.events.models import Event
from kernel.lib.text import fold
from kernel.privacy.keys import cut, expression, patterns_of
from kernel.privacy.people import Ids, flat, pointing_at
from kernel.privacy.tables import goes_whole, key_of, plain_models, scrub, texts_of, window
from kernel.records import vocabulary
from kernel.records.deriving import stamp
from kernel.records.legal_holds import hold_of, is_any
from kernel.records.statements import write
from kernel.records.types import RecordType, registry
from kernel.runs.work import Work
from kernel.tenancy.context import get_tenant


class Naming:
    """A run's hold on one person: whose records these are, what they are found by, and how far it has come."""

    def __init__(self, work: Work) -> None:
        self.work, self.state = work, work.state

    # -- what is known of them

    @cached_property
    def ids(self) -> Ids:
        return {slug: [UUID(pk) for pk in pks] for slug, pks in self.state["ids"].items()}

    @cached_property
    def expression(self) -> str:
        return expression(self._patterns)

    @cached_property
    def _patterns(self) -> list[str]:
        return patterns_of(self.ids)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.expression or r"(?!)", re.IGNORECASE)

    @cached_property
    def instead(self) -> str:
        with translation.override(get_tenant().language):
            return _("[erased]")

    def _count(self, what: str, number: int) -> None:
        if number:
            counts = Counter(self.state["counts"])
            counts[what] += number
            self.state["counts"] = dict(counts)

    # -- where others name them

    def _texts(self) -> Iterator[None]:
        """Long texts everywhere, subjects of activities, and names of records that point at them: cut out. Fields of
        other people and companies stay, for a number may be theirs too."""
        if not self.expression:
            return
        own, pointing = set(flat(self.ids)), set(flat(pointing_at(self.ids)))
        types = {rtype.model: rtype for rtype in registry.values() if not rtype.is_setting}
        for model, found in self._windows(list(types)):
            rows = model._default_manager.filter(pk__in=[pk for pk in found if pk not in own])
            for record in rows.select_for_update(of=("self",)):
                if hold_of(record):  # evidence stays as it is
                    continue
                self._count("texts", self._cut(types[model], record, is_pointing=record.pk in pointing))
            yield

    def _cut(self, rtype: RecordType, record: Any, *, is_pointing: bool) -> bool:
        was, is_changed = record.search, False
        for spec in rtype.specs().values():
            is_free = spec.kind.name == "long_text" or (spec.kind.name == "text" and (rtype.parent or is_pointing))
            if is_free and not spec.read_only and isinstance(value := spec.value(record), str):
                told = self.pattern.sub(self.instead, value)
                if told != value:
                    spec.assign(record, told[: spec.max_length])
                    is_changed = True
        if is_changed:
            updated = record.updated_at
            stamp(rtype, record)
            record.updated_at = updated
            write(record)
            vocabulary.unlearn([was])
        return is_changed

    def _rows_naming(self) -> Iterator[None]:
        """What says more of them than their name wherever it names them: answers, refused rows, notifications."""
        everything = expression([*self._patterns, *map(str, flat(self.ids))])
        whole = [model for model in plain_models() if goes_whole(model)]
        for model, found in self._windows(whole, everything):
            self._count("rows", model._default_manager.filter(pk__in=found).delete()[0])
            yield

    def _tables(self) -> Iterator[None]:
        """What else is kept beside records: views, runs, the mapping of an import."""
        if self.expression:
            rest = [model for model in plain_models() if not goes_whole(model) and texts_of(model)]
            for model, found in self._windows(rest):
                keys = [pk for pk in found if pk != self.work.run.pk]
                self._count("rows", scrub(model, keys, self.pattern, self.instead))
                yield

    def _windows(self, tables: list[type[models.Model]], expression: str = "") -> Iterator[tuple[Any, list[Any]]]:
        """Through all rows of these tables, window by window, going on where a run was left."""
        for number in range(self.state.get("table", 0), len(tables)):
            model, is_over = tables[number], False
            while not is_over:
                after = key_of(model, self.state.get("after"))
                found, last = window(model, expression or self.expression, after)
                is_over = last is None
                self.state.update(table=number + is_over, after=None if is_over else str(last))
                yield model, found

    def _events_elsewhere(self) -> Iterator[None]:
        """Fields of events of other records in which they are named."""
        if not self.expression:
            return
        own = set(flat(self.ids))
        for _model, found in self._windows([Event]):
            for event in Event.objects.filter(pk__in=found).exclude(pk=self.state["event"]):
                if event.record_id not in own and event.about_id not in own and not _is_held(event):
                    self._empty([event], self._unnamed)
            yield

    def _unnamed(self, event: Event) -> dict[str, Any]:
        """The fields of an event in which they are not named."""
        return {name: value for name, value in event.changes.items() if cut(value, self.pattern, "") == value}

    def _empty(self, events: Iterable[Event], remaining: Remaining = nothing) -> None:
        events = list(events)
        vocabulary.unlearn(fold(text) for event in events for text in _words(event.changes))
        because = Event.objects.get(pk=self.state["event"])
        # The address of a machine may be the visitor's who filled in a form.
        ids = [event.pk for event in events]
        self._count("events", erase_values(ids, because, remaining, with_addresses=remaining is nothing))


def _is_held(event: Event) -> bool:
    """Whether it is in the history of what is held, or of what hangs on that."""
    for slug, pk in ((event.record_type, event.record_id), (event.about_type, event.about_id)):
        if pk and slug in registry and is_any():
            record = registry[slug].model._default_manager.filter(pk=pk).first()
            if record is not None and hold_of(record):
                return True
    return False


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)
