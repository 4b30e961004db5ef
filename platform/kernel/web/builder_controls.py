"""The controls of the filter builder's lines: which field, how it is asked, and for what."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.lib.errors import ParseError
from kernel.lib.spans import is_span
from kernel.records.filters import LISTS, FilterReader, lookups_of
from kernel.records.kinds.relations import MY_TEAM, Relation, read_id
from kernel.records.show import Labels
from kernel.records.specs import FieldSpec
from kernel.ui.fields import Field
from kernel.web.builder_lines import DATE, Line
from kernel.web.controls import few_records, label_of
from kernel.web.reach import list_url
from kernel.web.spans import span_options


class LineControls:
    """Draws the lines for one actor and type; `params` are those that the form was sent with."""

    def __init__(self, access: Access, params: QueryDict, reader: FilterReader) -> None:
        self.access, self.params, self.reader = access, params, reader
        self.labels = Labels(access.actor)
        self.redraws = {
            "hx-get": f"{list_url(access.rtype.slug)}/filters/build", "hx-trigger": "change", "hx-target": "#builder",
            "hx-include": "closest form", "hx-swap": "outerHTML", "hx-vals": '{"act": "redraw"}',
        }  # fmt: skip

    def draw(self, line: Line) -> None:
        if line.kind != "leaf":
            label = _("How these belong together")
            line.controls = [
                Field(f"k.{line.number}", label, "select", line.kind, options=joints(), hide_label=True)
            ]  # fmt: skip
            return
        n = line.number
        found = self.reader.resolve(line.name) if line.name else None
        line.controls = [
            Field(f"f.{n}", _("Field"), "select", line.name if found else "", empty=_("Choose a field…"),
                  options=self._choices(), hide_label=True, attrs=self.redraws),
        ]  # fmt: skip
        if found is None:
            return
        spec, _via = found
        line.was = line.name
        lookups = [(lookup, words) for lookup, words in lookup_names(spec).items() if lookup in lookups_of(spec.kind)]
        if line.lookup not in dict(lookups):
            line.lookup = lookups[0][0]
        line.controls.append(
            Field(f"o.{n}", _("Operator"), "select", line.lookup, options=lookups, hide_label=True,
                  attrs=self.redraws)
        )  # fmt: skip
        line.controls += self._value_controls(spec, line)

    def _choices(self) -> list[tuple[str, str]]:
        """The fields of the record, then those one relation away."""
        if not hasattr(self, "_fields"):
            told, further = [], []
            for name, spec in self.access.readable().items():
                if lookups_of(spec.kind) and not spec.rows:
                    told.append((name, label_of(spec)))
                if not isinstance(spec.kind, Relation) or not spec.related or spec.kind.name == "tags":
                    continue
                other = self.access.actor.access(spec.related_type)
                if spec.related_type.is_setting or not other.may("view"):
                    continue
                for below, sub in other.readable().items():
                    if lookups_of(sub.kind) and not sub.rows:
                        further.append((f"{name}.{below}", f"{label_of(spec)} · {label_of(sub)}"))
            self._fields = [*told, *further]
        return self._fields

    def _value_controls(self, spec: FieldSpec, line: Line) -> list[Field]:
        n, held = line.number, line.values
        kind = control_of(spec, line.lookup)
        if kind == "flag":
            options = [("true", _("Yes")), ("false", _("No"))]
            if line.lookup == "empty":
                options = [("true", _("without a value")), ("false", _("with a value"))]
            flag = held[0] if held else "true"
            return [Field(f"v.{n}", _("Value"), "select", flag, options=options, hide_label=True)]
        if kind == "span":
            return [c for end in range(2 if line.lookup == "between" else 1) for c in self._span(n, end, held)]
        if kind == "choice":
            many = line.lookup in LISTS
            options = list(spec.choices)
            if many:
                return [Field(f"v.{n}", _("Value"), "checks", held, options=options, hide_label=True)]
            return [Field(f"v.{n}", _("Value"), "select", held[0] if held else "", options=options, hide_label=True)]
        if kind == "record":
            return [self._records(spec, n, held, many=line.lookup in LISTS)]
        if kind == "number":
            ends = [_("From"), _("To")] if line.lookup == "between" else [_("Value")]
            return [
                Field(f"v.{n}.{i}", label, spec.kind.widget, self._shown(spec, held[i]) if i < len(held) else "",
                      hide_label=True, id=f"b-{n}-{i}")
                for i, label in enumerate(ends)
            ]  # fmt: skip
        text = ", ".join(held) if line.lookup in LISTS else (held[0] if held else "")
        return [Field(f"v.{n}", _("Value"), "text", text, hide_label=True)]

    def _shown(self, spec: FieldSpec, raw: str) -> Any:
        try:
            return spec.kind.filter_value(spec, raw, self.access)
        except (ParseError, ValidationError):
            return raw

    def _span(self, n: int, end: int, held: list[str]) -> list[Field]:
        raw = held[end] if end < len(held) else ""
        is_word = is_span(raw) or not raw
        options = [*span_options(self.access.actor.format), (DATE, _("a date…"))]
        if raw and is_word and raw not in dict(options):
            options.insert(0, (raw, raw))
        word = raw or "this_month"
        fields = [
            Field(f"w.{n}.{end}", _("When"), "select", word if is_word else DATE, options=options, hide_label=True,
                  id=f"w-{n}-{end}", attrs=self.redraws),
        ]  # fmt: skip
        chose_date = self.params.get(f"w.{n}.{end}") == DATE
        if not is_word or (chose_date and not raw):
            fields[0] = fields[0].but(value=DATE)
            day = self._shown_date(raw)
            fields.append(Field(f"v.{n}.{end}", _("Date"), "date", day, hide_label=True, id=f"b-{n}-{end}"))
        return fields

    def _shown_date(self, raw: str) -> Any:
        try:
            return dt.date.fromisoformat(raw[:10])
        except ValueError:
            return raw

    def _records(self, spec: FieldSpec, n: int, held: list[str], *, many: bool) -> Field:
        related = spec.related_type
        few = few_records(self.access.actor, related) if related.is_setting and spec.kind.name != "tags" else None
        if few is not None:
            options: list[Any] = list(few)
            if spec.kind.name == "member" and self.access.actor.member:
                options = [("me", _("me")), (MY_TEAM, _("my team")), *options]
            if many:
                return Field(f"v.{n}", _("Value"), "checks", held, options=options, hide_label=True)
            return Field(f"v.{n}", _("Value"), "select", held[0] if held else "", options=options, hide_label=True)
        ids = [pk for part in held if (pk := read_id(part))]
        self.labels.load({spec.related: set(ids)})
        chosen = [(str(pk), text) for pk in ids if (text := self.labels.get(spec.related, pk))]
        return Field(
            f"v.{n}", _("Value"), "combobox", url=f"/r/{spec.related}/options", multiple=many, chosen=chosen,
            hide_label=True, placeholder=_("Search…"), id=f"b-{n}",
        )  # fmt: skip


def joints() -> list[tuple[str, str]]:
    return [("and", _("All of these hold")), ("or", _("Any of these holds")), ("not", _("None of these holds"))]


def lookup_names(spec: FieldSpec) -> dict[str, str]:
    """What each operator is called for a field; in this order it is offered."""
    names = {
        "contains": _("contains"), "exact": _("is"), "not": _("is not"), "in": _("is one of"),
        "all": _("has all of"), "not_in": _("is none of"), "gte": _("is at least"), "gt": _("is more than"),
        "lte": _("is at most"), "lt": _("is less than"), "between": _("is between"),
        "not_contains": _("does not contain"), "starts": _("starts with"), "empty": _("is there or not"),
    }  # fmt: skip
    if spec.kind.name in ("date", "datetime"):
        names |= {"gte": _("is from"), "gt": _("is after"), "lte": _("is up to"), "lt": _("is before")}
    return names


def control_of(spec: FieldSpec, lookup: str) -> str:
    kind = spec.kind
    if lookup == "empty" or kind.name == "yes_no":
        return "flag"
    if kind.name in ("date", "datetime"):
        return "span"
    if spec.choices:
        return "choice"
    if spec.related:
        return "record"
    return "number" if kind.is_numeric else "text"
