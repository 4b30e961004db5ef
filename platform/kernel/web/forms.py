"""A record's form, built of its specs: what is shown, what was typed, what is wrong with it.

What somebody typed is never lost: a form with errors, or one that was overtaken by another's change, shows it again.
"""

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.lib.money import currency_places
from kernel.records.change import refuse_read_only
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.ui.fields import Field
from kernel.web.controls import Controls, label_of
from kernel.web.posted import RowsBlock, blank_record, comparable, posted_rows, typed

BLANK_WITHOUT_SCRIPT = 2
FEWEST_FOLDED = 3


@dataclass
class Choice:
    """A field that two people changed: whose value stays?"""

    name: str
    label: str
    mine: str
    theirs: str


@dataclass
class Section:
    title: Any
    items: list[Any] = field(default_factory=list)


class RecordForm:
    """`record` is the one to edit, or None for a new one. `names` narrows the fields asked for."""

    def __init__(
        self,
        access: Access,
        record: Any | None = None,
        data: QueryDict | None = None,
        *,
        prefill: Mapping[str, Any] | None = None,
        names: Iterable[str] | None = None,
    ) -> None:
        self.access, self.data = access, data
        self.is_new = record is None
        self.record = blank_record(access) if record is None else record
        self.controls = Controls(access)
        editable = access.editable(self.record)
        panels = access.rtype.all_panels()
        wanted = set(editable if names is None else names)
        self.panels = [(panel.title, [n for n in panel.fields if n in editable and n in wanted]) for panel in panels]
        self.specs = {name: editable[name] for _title, names_ in self.panels for name in names_}
        self.errors: dict[str, list[str]] = {}
        self.general: list[str] = []
        self.choices: list[Choice] = []
        self.parsed: dict[str, Any] = {}
        self.base = {name: spec.canonical(self.record) for name, spec in self.specs.items()}
        self._taken: dict[str, Any] = {}
        self.prefill = dict(prefill or {})

    # -- reading

    def read(self) -> dict[str, Any]:
        """The values that differ from the record's own. Problems are put on their fields; raises PermissionDenied for
        what is not the actor's to change."""
        assert self.data is not None
        # Such a field was not asked for, unless it could still be changed when the form was drawn.
        known = self.access.shown(self.record)
        refuse_read_only(self.access, [n for n, spec in known.items() if self._is_posted(spec)], self.record)
        values: dict[str, Any] = {}
        for name, spec in self.specs.items():
            if self.data.get(f"keep-{name}") == "theirs" or not self._is_posted(spec):
                continue
            try:
                value = self._read(spec)
            except ValidationError as error:
                self.add_errors(error)
                continue
            if spec.kind.is_reference and (unseen := self.controls.unseen(spec, spec.value(self.record))):
                # What this person cannot see was not shown, so an empty field does not mean to clear it.
                if not spec.kind.is_list and value is None:
                    continue
                if spec.kind.is_list:
                    value = spec.kind.with_unseen(spec, value, spec.value(self.record), unseen)
            self.parsed[name] = value
            if comparable(spec, value) != comparable(spec, spec.value(self.record)):
                values[name] = value
        return values

    def _is_posted(self, spec: FieldSpec) -> bool:
        assert self.data is not None
        if spec.rows:
            return f"{spec.name}-count" in self.data
        return spec.name in self.data or f"{spec.name}__text" in self.data

    def _read(self, spec: FieldSpec) -> Any:
        assert self.data is not None
        if spec.rows:
            rows = [row for row in posted_rows(self.data, spec) if not self._is_blank(spec, row)]
            return spec._read(spec.kind.read_form, rows, self.access)  # type: ignore[attr-defined]
        if spec.kind.is_list:
            return spec.parse(",".join(filter(None, self.data.getlist(spec.name))), self.access)
        return spec.parse(typed(self.data, spec.name), self.access)

    def _is_blank(self, spec: FieldSpec, row: Mapping[str, str]) -> bool:
        """A row left as it was offered is no row."""
        for sub in spec.rows:
            text = row.get(sub.name, "")
            if sub.read_only or not text.strip():
                continue
            try:
                value = sub.parse(text, self.access)
            except ValidationError:
                return False
            if comparable(sub, value) != comparable(sub, sub.initial()):
                return False
        return True

    def add_errors(self, error: ValidationError) -> None:
        """On the fields they are about; what this form does not ask for is said above it."""
        if not hasattr(error, "error_dict"):
            self.general += error.messages
            return
        specs = self.access.shown(self.record)
        for name, messages in error.message_dict.items():
            if name in self.specs:
                self.errors.setdefault(name, []).extend(messages)
            elif name in specs:
                self.general += [f"{label_of(specs[name])}: {message}" for message in messages]
            else:
                self.general += messages

    # -- meeting another's change

    def merge(self, current: Any) -> bool:
        """`current` is the record as somebody else left it. True where the two changes do not touch: then they can be
        saved together. Else the fields that both changed are shown with both values."""
        before = self._posted_base()
        self.record = current
        shown = Shown(self.access, [current], self.specs.values())
        for name, spec in self.specs.items():
            mine, theirs = comparable(spec, self.parsed.get(name)), comparable(spec, spec.value(current))
            if name not in self.parsed or mine == theirs:
                continue
            if before is not None and mine == before.get(name):
                del self.parsed[name]
                self._taken[name] = spec.value(current)
            elif before is None or theirs != before.get(name):
                shown.labels.load(_references(spec, self.parsed[name]))
                mine_text, theirs_text = (
                    shown.value_text(spec, value) or _("(empty)") for value in (self.parsed[name], spec.value(current))
                )
                self.choices.append(Choice(name, label_of(spec), mine_text, theirs_text))
        self.base = {name: spec.canonical(current) for name, spec in self.specs.items()}
        return not self.choices

    def _posted_base(self) -> dict[str, Any] | None:
        """The comparable values that this form was drawn with, as it carried them."""
        assert self.data is not None
        try:
            base = json.loads(self.data.get("base", ""))
        except (ValueError, RecursionError):
            return None
        return base if isinstance(base, dict) else None

    def remaining(self) -> dict[str, Any]:
        """After `merge`: what is still to be written over the current record."""
        return {
            name: value
            for name, value in self.parsed.items()
            if comparable(self.specs[name], value) != comparable(self.specs[name], self.specs[name].value(self.record))
        }

    # -- showing

    @property
    def base_json(self) -> str:
        return json.dumps({n: comparable(s, s.value(self.record)) for n, s in self.specs.items()}, ensure_ascii=False)

    @property
    def sections(self) -> list[Section]:
        """What is asked first: the essentials in one piece, or all panels where the type is too small to fold."""
        if self._folded:
            return [Section("", [self.item(name) for name in self._essentials])]
        return self._panels_of(self.specs)

    @property
    def more(self) -> list[Section]:
        """What "More fields" opens."""
        return self._panels_of(self._folded)

    @property
    def is_more_open(self) -> bool:
        """A disclosure never hides a mistake, nor anything that is filled in."""
        conflicts = {choice.name for choice in self.choices}
        return any(name in self.errors or name in conflicts or self._is_filled(name) for name in self._folded)

    @property
    def fields(self) -> list[Any]:
        return [item for section in (*self.sections, *self.more) for item in section.items]

    def _panels_of(self, wanted: Container[str]) -> list[Section]:
        made = [Section(title, [self.item(n) for n in names if n in wanted]) for title, names in self.panels]
        return [section for section in made if section.items]

    @cached_property
    def _essentials(self) -> list[str]:
        """In the declared order; what must be filled in is always among them."""
        rtype = self.access.rtype
        first = [name for name in rtype.essentials or rtype.columns if name in self.specs]
        return [*first, *(name for name, spec in self.specs.items() if spec.required and name not in first)]

    @cached_property
    def _folded(self) -> list[str]:
        rest = [name for name in self.specs if name not in self._essentials]
        return rest if self._essentials and len(rest) >= FEWEST_FOLDED else []

    def _is_filled(self, name: str) -> bool:
        """By somebody: what a new record starts with by itself needs no look."""
        spec = self.specs[name]
        if name in self.parsed or name in self.prefill:
            value = spec.kind.canonical(spec, self.parsed.get(name, self.prefill.get(name)))
            return value not in (self.base[name] if self.is_new else None, None, "", [])
        return not self.is_new and self.base[name] not in (None, "", [])

    def item(self, name: str) -> Field | RowsBlock:
        spec = self.specs[name]
        if spec.rows:
            return self._rows(spec)
        errors = self.errors.get(name, [])
        return self.controls.field(spec, self.shown(spec), errors=errors)

    def shown(self, spec: FieldSpec) -> Any:
        """What was typed, else what was asked for by the address, else what the record holds."""
        if spec.name in self._taken:
            return self._taken[spec.name]
        if self.data is not None and self._is_posted(spec):
            if spec.kind.is_list:
                return list(filter(None, self.data.getlist(spec.name)))
            if spec.name in self.parsed and spec.kind.is_reference:
                return self.parsed[spec.name]
            return typed(self.data, spec.name)
        return self.prefill.get(spec.name, spec.value(self.record))

    def _rows(self, spec: FieldSpec) -> RowsBlock:
        subs = [sub for sub in spec.rows if not sub.read_only]
        values: list[Mapping[str, Any]] = list(spec.value(self.record))
        if self.data is not None and self._is_posted(spec) and spec.name not in self._taken:
            values = list(posted_rows(self.data, spec))
        initial = {sub.name: sub.initial() for sub in subs}
        if self.is_new and self.data is None and not values:
            values = [initial] * spec.extra.get("starts", 0)
        rows = [self._row(spec, subs, str(i), values[i]) for i in range(len(values))]
        extra = [self._row(spec, subs, str(len(values) + i), initial) for i in range(BLANK_WITHOUT_SCRIPT)]
        blank = self._row(spec, subs, "__i__", initial)
        fmt = self.access.actor.format
        places = 0 if fmt.money_unit else currency_places(fmt.currency)
        return RowsBlock(spec, rows, blank, extra, self.errors.get(spec.name, []), label_of(spec), spec.help, places)

    def _row(self, spec: FieldSpec, subs: list[FieldSpec], index: str, values: Mapping[str, Any]) -> list[Field]:
        return [
            self.controls.field(
                sub, values.get(sub.name), name=f"{spec.name}-{index}-{sub.name}", hide_label=True, help=""
            )
            for sub in subs
        ]


def _references(spec: FieldSpec, value: Any) -> dict[str, set[Any]]:
    wanted: dict[str, set[Any]] = {}
    for slug, pk in spec.kind.references(spec, value):
        wanted.setdefault(slug, set()).add(pk)
    return wanted
