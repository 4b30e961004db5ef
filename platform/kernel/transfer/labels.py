"""What the labels in a file stand for: looked up in bulk, in the actor's reach, each distinct label once.

A label that no record has is never guessed: it is answered by the person, by what was answered before, or by creating
a record where that was asked for. Until then it is `Unresolved`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import override

from kernel.access.actor import Access
from kernel.lib.ids import uuid7
from kernel.lib.text import sort_key
from kernel.records.bulk import Item, change_many
from kernel.records.kinds.relations import read_id
from kernel.transfer.lookups import Later, Lookup, Refused, Unresolved, holders, may_create
from kernel.transfer.mapping import Entry
from kernel.transfer.models import KnownLabel
from kernel.transfer.sources import Row
from kernel.transfer.targets import Target

LOOKED_UP = 1000
Transaction = Callable[[], AbstractContextManager[Any]]


class Labels:
    """All lookups of one import."""

    def __init__(
        self,
        access: Access,
        known: Mapping[str, Target],
        entries: Iterable[Entry],
        answers: Mapping[str, Any],
        create: Iterable[str],
    ) -> None:
        self.access, self.answers, self.create = access, answers, set(create)
        self.lookups = {e.field: Lookup(e, known[e.field]) for e in entries if known[e.field].is_matched}
        self.created = 0

    def scan(self, rows: Iterable[Row], columns: Mapping[str, int]) -> Iterator[int]:
        """Gather the distinct labels; yields how many rows were read, so that the caller can breathe."""
        places = [(lookup, columns[lookup.entry.column]) for lookup in self.lookups.values()]
        count = 0
        for count, row in enumerate(rows, 1):
            for lookup, place in places:
                lookup.add(row.cells[place])
            if count % 5000 == 0:
                yield count
        yield count

    def settle(self, transaction: Transaction, brought: Callable[[set[str]], set[str]]) -> list[Unresolved]:
        """Look every label up. `brought` tells which of some label keys the file itself brings as new records.

        Answers what is left to ask.
        """
        left: list[Unresolved] = []
        for lookup in self.lookups.values():
            missing = self._look_up(lookup, transaction)
            if missing and lookup.target.is_self(self.access.rtype):
                own = brought({sort_key(item.text) for item in missing if not item.candidates})
                for item in missing:
                    if sort_key(item.text) in own:
                        lookup.found[item.text] = Later(item.text)
                missing = [item for item in missing if item.text not in lookup.found]
            if missing:
                with transaction():
                    left += [item for item in missing if not self._is_answered_for_all(item, lookup)]
        return sorted(left, key=lambda item: -item.rows)

    def new_labels(self) -> Iterator[tuple[Lookup, list[str]]]:
        """The labels of each lookup for which a record is to be made, one for each key."""
        for lookup in self.lookups.values():
            by_key: dict[str, str] = {}
            for text in lookup.counts:
                if text not in lookup.found:
                    by_key.setdefault(sort_key(text), text)
            if by_key:
                yield lookup, list(by_key.values())

    def make(self, lookup: Lookup, labels: list[str], change_set: UUID) -> None:
        """Create the records that were asked for, one batch in one transaction."""
        related = lookup.target.spec.related_type
        access = self.access.actor.access(related)
        access.check("create")
        there = self._records(lookup.target, {sort_key(label) for label in labels})
        items = {
            label: Item(self._new_values(lookup, label), related.model(id=uuid7()))
            for label in labels
            if sort_key(label) not in there
        }
        change_many(access, list(items.values()), change_set=change_set)
        made = {sort_key(label): _result(item) for label, item in items.items()}
        made |= {key: pks[0] for key, pks in there.items()}
        self.created += sum(1 for item in items.values() if item.error is None)
        for text in lookup.counts:
            if text not in lookup.found and sort_key(text) in made:
                lookup.found[text] = made[sort_key(text)]

    def _new_values(self, lookup: Lookup, label: str) -> dict[str, Any]:
        """What is known of a record to make: its label, and what it belongs to, the first where none was chosen."""
        related = lookup.target.spec.related_type
        values = related.values_of_label(label)
        if related.holder:
            answers = self.answers.get(lookup.target.name, {})
            answer = answers.get(sort_key(label)) or answers.get("*") or {}
            chosen = read_id(str(answer.get("within") or ""))
            values[related.holder.name] = chosen or next(pk for pk, _label in holders(self.access, lookup.target))
        return values

    def _is_answered_for_all(self, item: Unresolved, lookup: Lookup) -> bool:
        """ "*" answers all that nothing more particular was said about: leave it empty, or create it."""
        answers = self.answers.get(item.entry.field, {})
        answer = answers.get(sort_key(item.text)) or answers.get("*") or {}
        if answer.get("value") == "":
            lookup.found[item.text] = None
            return True
        wants_new = item.entry.field in self.create or answer.get("create")
        return bool(wants_new) and not item.candidates and may_create(self.access, item.target)

    def _look_up(self, lookup: Lookup, transaction: Transaction) -> list[Unresolved]:
        texts = [text for text in lookup.counts if text not in lookup.found]
        missing: list[Unresolved] = []
        for start in range(0, len(texts), LOOKED_UP):
            with transaction():
                missing += self._look_up_some(lookup, texts[start : start + LOOKED_UP])
        return missing

    def _look_up_some(self, lookup: Lookup, texts: list[str]) -> list[Unresolved]:
        meant = {text: lookup.entry.values.get(sort_key(text), text) for text in texts}
        read = (
            self._choices(lookup.target) if lookup.target.spec.choices else self._related(lookup.target, meant.values())
        )
        remembered = self._remembered(lookup, texts)
        missing = []
        for text in texts:
            ours = meant[text]
            candidates = read(ours) if ours else ()
            if not ours:
                lookup.found[text] = None
            elif len(candidates) == 1:
                lookup.found[text] = candidates[0]
            elif (value := self._answered(lookup.target, text, remembered)) is not ...:
                lookup.found[text] = value
            else:
                missing.append(Unresolved(lookup.entry, lookup.target, text, lookup.counts[text], tuple(candidates)))
        return missing

    def _answered(self, target: Target, text: str, remembered: Mapping[str, str]) -> Any:
        """The value of an answer, or `...` where there is none."""
        answer = self.answers.get(target.name, {}).get(sort_key(text))
        if answer and "value" in answer:
            return _typed(target, answer["value"])
        if answer is None and sort_key(text) in remembered:
            return _typed(target, remembered[sort_key(text)])
        return ...

    def _remembered(self, lookup: Lookup, texts: list[str]) -> dict[str, str]:
        """Earlier answers that still hold: the record is there and in reach."""
        known = KnownLabel.objects.filter(
            slug=self.access.rtype.slug, field=lookup.entry.field, label_key__in={sort_key(text) for text in texts}
        )
        answers = dict(known.values_list("label_key", "value"))
        if not answers or lookup.target.spec.choices:
            return answers
        ids = {read_id(value) for value in answers.values() if value}
        there = set(self.access.related(lookup.target.spec).filter(pk__in=ids - {None}).values_list("pk", flat=True))
        return {key: value for key, value in answers.items() if not value or read_id(value) in there}

    @staticmethod
    def _choices(target: Target) -> Callable[[str], tuple[Any, ...]]:
        codes: dict[str, str] = {}
        for language in ("en", "fa"):
            with override(language):
                codes |= {sort_key(str(label)): code for code, label in target.spec.choices}
        codes |= {sort_key(str(code)): code for code, _label in target.spec.choices}
        return lambda text: (codes[key],) if (key := sort_key(text)) in codes else ()

    def _related(self, target: Target, texts: Iterable[str]) -> Callable[[str], tuple[Any, ...]]:
        texts = set(texts)
        by_key = self._records(target, {sort_key(text) for text in texts})
        ids = {pk for text in texts if (pk := read_id(text))}
        there = set(self.access.related(target.spec).filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
        mails = self._mails(target, {text.lower() for text in texts if "@" in text})

        def read(text: str) -> tuple[Any, ...]:
            pk = read_id(text)
            if pk in there:
                return (pk,)
            return tuple(by_key.get(sort_key(text)) or mails.get(text.lower()) or ())

        return read

    def _records(self, target: Target, keys: set[str]) -> dict[str, list[UUID]]:
        found: dict[str, list[UUID]] = defaultdict(list)
        records = self.access.related(target.spec).filter(label_key__in=keys)
        for key, pk in records.values_list("label_key", "pk"):
            found[key].append(pk)
        return found

    def _mails(self, target: Target, mails: set[str]) -> dict[str, list[UUID]]:
        """People are also known by their address."""
        if not mails or "email" not in target.spec.related_type.match_fields:
            return {}
        found: dict[str, list[UUID]] = defaultdict(list)
        for mail, pk in self.access.related(target.spec).filter(email__in=mails).values_list("email", "pk"):
            found[mail].append(pk)
        return found


def _typed(target: Target, value: str) -> Any:
    if not value:
        return None
    return UUID(value) if target.kind.is_reference else value


def _result(item: Item) -> Any:
    if item.error is not None:
        return Refused(" ".join(_sentences(item.error)))
    return item.record.pk


def _sentences(error: ValidationError) -> list[str]:
    return list(error.messages)
