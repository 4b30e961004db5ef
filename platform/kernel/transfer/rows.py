"""From a row's cells to the values of a record, or to the reasons why it is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.lib.errors import ParseError
from kernel.lib.numbers import parse_decimal, plain
from kernel.lib.text import sort_key
from kernel.records.kinds.text import Formed, Text
from kernel.records.specs import FieldSpec
from kernel.transfer.labels import Labels
from kernel.transfer.lookups import Later, Refused
from kernel.transfer.mapping import Entry
from kernel.transfer.sources import Row
from kernel.transfer.targets import Target

MOST_REMEMBERED = 20_000


@dataclass
class Draft:
    """A row as it will be written. `later`: relations to records that this file brings, `empty`: its empty fields."""

    row: Row
    values: dict[str, Any] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


class Reader:
    """Reads the rows of one file for one actor. Values that repeat are parsed once."""

    def __init__(
        self,
        access: Access,
        known: Mapping[str, Target],
        entries: Iterable[Entry],
        labels: Labels,
        columns: Mapping[str, int],
    ) -> None:
        self.access, self.rtype, self.labels = access, access.rtype, labels
        self._places = [(entry, known[entry.field], columns[entry.column], _factor(entry)) for entry in entries]
        self._parsed: dict[str, dict[str, Any]] = {entry.field: {} for entry, *_rest in self._places}
        self._scope = access.scope("import") if self.rtype.is_owned else "all"

    def read(self, row: Row) -> Draft:
        draft = Draft(row)
        lines: dict[str, dict[str, Any]] = {}
        if row.surplus:
            draft.reasons.append(_("The row has more cells than the header. Is a delimiter inside an unquoted text?"))
        for entry, target, place, factor in self._places:
            cell = row.cells[place]
            try:
                value = self._value(entry, target, cell, factor)
            except ParseError as error:
                draft.reasons.append(_("%(column)s: %(problem)s") % {"column": entry.column, "problem": error.message})
                continue
            if isinstance(value, Refused):
                draft.reasons.append(_("%(column)s: %(problem)s") % {"column": entry.column, "problem": value.sentence})
            elif isinstance(value, Later):
                draft.later[entry.field] = value.label
            elif value is None or value == []:
                draft.empty.append(entry.field)
            elif target.rows:
                lines.setdefault(target.rows.name, {})[target.spec.name] = value
            elif target.is_whole_label:
                draft.values = {**self.rtype.values_of_label(value), **draft.values}
            else:
                draft.values[entry.field] = value
        for name, given in lines.items():
            self._add_row(draft, self.rtype.specs()[name], given)
        if not draft.reasons:
            self.rtype.complete_row(draft.values)
        return draft

    def cleared(self, draft: Draft) -> dict[str, Any]:
        """The values that empty cells stand for, where empty means "clear": only in fields that may be empty."""
        specs = self.rtype.specs()
        return {
            name: [] if spec.kind.is_list else None
            for name in draft.empty
            if (spec := specs.get(name)) and not spec.required and (spec.null or isinstance(spec.kind, Text))
        }

    def _value(self, entry: Entry, target: Target, cell: str, factor: Decimal | None) -> Any:
        if target.is_matched:
            return self.labels.lookups[entry.field].value(cell)
        if not cell:
            return None
        parsed = self._parsed[entry.field]
        value = parsed.get(cell)
        if value is None:
            value = self._parse(entry, target, cell, factor)
            if len(parsed) < MOST_REMEMBERED:
                parsed[cell] = value
        return value

    def _parse(self, entry: Entry, target: Target, cell: str, factor: Decimal | None) -> Any:
        spec = target.spec
        if entry.values:
            cell = entry.values.get(sort_key(cell), cell)
        if factor is not None:
            cell = plain(parse_decimal(cell) * factor)
        return spec.kind.parse(spec, cell, self.access)

    def _add_row(self, draft: Draft, spec: FieldSpec, given: dict[str, Any]) -> None:
        first = spec.rows[0]
        if given.get(first.name) is not None:
            draft.values[spec.name] = [
                {sub.name: given.get(sub.name, sub.initial()) for sub in spec.rows if not sub.read_only}
            ]
        elif "price" in given:
            draft.reasons.append(_("%(field)s: Fill this in.") % {"field": first.label})

    def own(self, draft: Draft) -> None:
        """Of new records: whoever may import only their own (their team's) gets those that name nobody, no others."""
        if self._scope == "all":
            return
        actor = self.access.actor
        me = actor.member.pk if actor.member else None
        owner: UUID | None = draft.values.setdefault("owner", me)
        mine = {"own": {me}, "team": actor.teammate_ids, "subtree": actor.subtree_member_ids}[self._scope]
        if owner not in mine:
            draft.reasons.append(_("You may only import records of your own. Leave the owner empty, or name yourself."))


def _factor(entry: Entry) -> Decimal | None:
    return Decimal(entry.multiply) if entry.multiply else None


def match_key(spec: FieldSpec, value: Any) -> Any:
    """What two values share that are the same to a person: spelling variants of a name are one."""
    return sort_key(value) if isinstance(spec.kind, Text) and not isinstance(spec.kind, Formed) else value


def existing(access: Access, spec: FieldSpec, keys: Iterable[Any]) -> dict[Any, list[UUID]]:
    """The records in reach that have one of these match keys, by key."""
    keys = [key for key in keys if key is not None]
    if not isinstance(spec.kind, Text) or isinstance(spec.kind, Formed):
        path = spec.path
    else:
        path = "label_key" if spec.is_label else f"text_keys__{spec.name}"
    found: dict[Any, list[UUID]] = {}
    if keys:
        for key, pk in access.records().filter(**{f"{path}__in": keys}).values_list(path, "pk"):
            found.setdefault(key, []).append(pk)
    return found


def reasons_of(error: ValidationError, access: Access) -> list[str]:
    """A refusal in sentences, each with the label of its field."""
    if not hasattr(error, "error_dict"):
        return list(error.messages)
    specs = access.rtype.specs()
    return [
        _("%(column)s: %(problem)s") % {"column": specs[name].label, "problem": problem} if name in specs else problem
        for name, problems in error.message_dict.items()
        for problem in problems
    ]
