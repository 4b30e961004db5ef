"""The filter builder: conditions in groups of "all", "any" and "none", put together on one form.

The form says everything itself, line by line: `k.N` what line N is (all, any, none, or one condition), `d.N` how deep
it stands, and of a condition `f.N` the field, `o.N` the operator, `v.N` the values. A button's name `act` asks for a
line more or less; the form then comes again, so that it works without JavaScript too.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access
from kernel.lib.errors import ParseError
from kernel.lib.spans import is_span
from kernel.records.filters import LISTS, MOST_CONDITIONS, MOST_DEPTH, Branch, Filter, FilterReader, Node, lookups_of
from kernel.records.find import NOT_FILTERS, find
from kernel.records.kinds.relations import MY_TEAM, Relation, read_id
from kernel.records.show import Labels
from kernel.records.specs import FieldSpec
from kernel.ui.fields import Field
from kernel.web.controls import few_records, label_of
from kernel.web.pages import go, list_crumb, page
from kernel.web.posted import typed
from kernel.web.reach import access_to, list_url
from kernel.web.spans import span_options

JOINTS = ("and", "or", "not")
DATE = "date"


@dataclass
class Line:
    """One line of the form, with its controls."""

    number: int
    kind: str
    depth: int
    name: str = ""
    lookup: str = ""
    values: list[str] = field(default_factory=list)
    controls: list[Field] = field(default_factory=list)
    error: str = ""
    was: str = ""


@require_safe
def build(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows the form for the filters of the address; with `apply`, goes on to the list that it means."""
    access = access_to(request, slug)
    posted = request.GET
    builder = Builder(access, posted)
    lines = builder.posted() if "k.0" in posted else builder.of_address()
    if act := posted.get("act", ""):
        lines = builder.act(lines, act)
    keep = [(k, v) for k, vs in posted.lists() for v in vs if k in KEPT and v]
    if "apply" in posted and not act:
        query, errors = builder.address(lines, keep)
        if not errors:
            return go(request, f"{list_url(slug)}?{query.urlencode()}")
        for number, error in errors.items():
            lines[number].error = error
    for line in lines:
        builder.draw(line)
    context = {
        "heading": _("Filters in groups"), "url": f"{list_url(slug)}/filters/build", "lines": lines, "keep": keep,
        "rtype": access.rtype, "crumbs": [list_crumb(access.rtype)], "cancel": list_url(slug), "depth": MOST_DEPTH,
        "may_add": len(lines) < MOST_CONDITIONS,
    }  # fmt: skip
    is_part = request.headers.get("HX-Target") == "builder"
    in_panel = bool(request.headers.get("HX-Request"))
    context["in_panel"] = in_panel
    template = "web/_builder_form.html" if is_part else "web/_builder.html" if in_panel else "web/builder.html"
    return page(request, template, context)


KEPT = ("q", "sort", "base", "columns", "group", "layout")


class Builder:
    """Between the filters of an address and the lines of the form, for one actor and one type."""

    def __init__(self, access: Access, params: QueryDict) -> None:
        self.access, self.params = access, params
        self.reader = FilterReader(access, {})
        self.labels = Labels(access.actor)
        self.redraws = {
            "hx-get": f"{list_url(access.rtype.slug)}/filters/build", "hx-trigger": "change", "hx-target": "#builder",
            "hx-include": "closest form", "hx-swap": "outerHTML", "hx-vals": '{"act": "redraw"}',
        }  # fmt: skip

    # -- into lines

    def of_address(self) -> list[Line]:
        """The lines that mean what the address asks, with an empty condition where it asks nothing."""
        nodes: list[Node] = []
        for key in self.params:
            raw = self.params.get(key, "")
            if key not in NOT_FILTERS and raw and (found := self.reader.flat(key, raw)):
                nodes.append(found)
        tree = self.reader.nested(self.params.get("filter", ""))
        if isinstance(tree, Branch) and (not nodes or tree.joint == "and"):
            nodes = [*nodes, *tree.nodes] if tree.joint == "and" else [tree]
        elif tree is not None:
            nodes.append(tree)
        top = nodes[0] if len(nodes) == 1 and isinstance(nodes[0], Branch) else Branch("and", tuple(nodes))
        lines: list[Line] = []
        self._add(lines, top, 0)
        if len(lines) == 1:
            lines.append(Line(1, "leaf", 1))
        return _numbered(lines)

    def _add(self, lines: list[Line], node: Node, depth: int) -> None:
        if isinstance(node, Filter):
            values = list(node.parts) if node.lookup in LISTS else [node.raw]
            lines.append(Line(0, "leaf", depth, node.name, node.lookup, values))
            return
        below = node.nodes
        if node.joint == "not" and isinstance(below[0], Branch) and below[0].joint == "or":
            below = below[0].nodes
        lines.append(Line(0, node.joint, depth))
        for part in below:
            self._add(lines, part, depth + 1)

    def posted(self) -> list[Line]:
        lines: list[Line] = []
        for number in range(MOST_CONDITIONS * 2):
            kind = self.params.get(f"k.{number}")
            if kind is None:
                break
            depth = self.params.get(f"d.{number}", "")
            line = Line(number, kind if kind in JOINTS else "leaf", int(depth) if depth.isdigit() else 1)
            line.depth = min(line.depth, lines[-1].depth + 1 if lines else 0, MOST_DEPTH)
            line.name, line.lookup = self.params.get(f"f.{number}", ""), self.params.get(f"o.{number}", "")
            line.values = self._values(number, line)
            lines.append(line)
        return lines

    def _values(self, number: int, line: Line) -> list[str]:
        """What was given, in the form that an address has."""
        given = [value for value in self.params.getlist(f"v.{number}") if value.strip()]
        found = self.reader.resolve(line.name)
        if found is None or self.params.get(f"was.{number}", line.name) != line.name:
            return []
        spec, _via = found
        if _control(spec, line.lookup) == "span":
            return self._dates(number, line.lookup)
        if spec.kind.is_numeric and line.lookup != "empty":
            texts = [typed(self.params, f"v.{number}.{end}") for end in range(2)]
            return [self._plain(spec, text) for text in texts if text.strip()]
        return given

    def _dates(self, number: int, lookup: str) -> list[str]:
        found = []
        for end in range(2 if lookup == "between" else 1):
            word = self.params.get(f"w.{number}.{end}", "")
            text = typed(self.params, f"v.{number}.{end}")
            if word and word != DATE:
                found.append(word)
            elif text.strip():
                try:
                    found.append(self.access.actor.format.parse_date(text).isoformat())
                except ParseError:
                    found.append(text)
        return found

    def _plain(self, spec: FieldSpec, text: str) -> str:
        try:
            return str(spec.kind.canonical(spec, spec.parse(text, self.access)))
        except (ParseError, ValidationError):
            return text

    def act(self, lines: list[Line], act: str) -> list[Line]:
        """Add a condition or a group below line N, or take line N away with what is below it."""
        verb, _sep, text = act.partition(":")
        at = int(text) if text.isdigit() and int(text) < len(lines) else 0
        end = at + 1
        while end < len(lines) and lines[end].depth > lines[at].depth:
            end += 1
        depth = lines[at].depth + 1
        if verb == "condition":
            lines.insert(end, Line(0, "leaf", depth))
        elif verb == "group" and depth < MOST_DEPTH:
            lines[end:end] = [Line(0, "or", depth), Line(0, "leaf", depth + 1)]
        elif verb == "remove" and at > 0:
            del lines[at:end]
        return _numbered(lines)

    # -- out of lines

    def address(self, lines: list[Line], keep: list[tuple[str, str]]) -> tuple[QueryDict, dict[int, str]]:
        """The address of the list; parameters where they say it, nested conditions where they do not."""
        query = QueryDict(mutable=True)
        for key, value in keep:
            query[key] = value
        tree = self._tree(lines, 0, _end(lines, 0))
        flat: dict[str, str] = {}
        rest: list[Any] = []
        parts = tree["and"] if tree and "and" in tree else [tree] if tree else []
        for part in parts:
            name = _flat_key(part)
            if name is None or name in flat:
                rest.append(part)
            else:
                flat[name] = _flat_value(part)
        if rest:
            query["filter"] = json.dumps(rest[0] if len(rest) == 1 else {"and": rest}, ensure_ascii=False)
        for key, value in flat.items():
            query[key] = value
        if "base" not in query and not flat and not rest:
            query["base"] = "all"
        return query, self._errors(lines, query)

    def _tree(self, lines: list[Line], at: int, end: int) -> dict[str, Any] | None:
        """What lines `at` to `end` mean; empty conditions and groups mean nothing."""
        line = lines[at]
        if line.kind == "leaf":
            return _leaf(line)
        parts, i = [], at + 1
        while i < end:
            after = _end(lines, i)
            if part := self._tree(lines, i, after):
                parts.append(part)
            i = after
        if not parts:
            return None
        if line.kind == "not":
            return {"not": {"or": parts} if len(parts) > 1 else parts[0]}
        return {line.kind: parts} if len(parts) > 1 or at == 0 else parts[0]

    def _errors(self, lines: list[Line], query: QueryDict) -> dict[int, str]:
        """What cannot be asked, by line; the whole is checked last."""
        errors = {}
        for line in lines:
            leaf = _leaf(line) if line.kind == "leaf" else None
            if leaf:
                problems: dict[str, Any] = {}
                reader = FilterReader(self.access, problems)
                reader.condition(reader.nested(leaf))
                if problems:
                    errors[line.number] = " ".join(ValidationError(problems).messages)
        if not errors:
            try:
                find(self.access, query)
            except ValidationError as error:
                errors[0] = " ".join(error.messages)
        return errors

    # -- controls

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
        kind = _control(spec, line.lookup)
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


def _control(spec: FieldSpec, lookup: str) -> str:
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


def _numbered(lines: list[Line]) -> list[Line]:
    for number, line in enumerate(lines):
        line.number = number
    return lines


def _end(lines: list[Line], at: int) -> int:
    end = at + 1
    while end < len(lines) and lines[end].depth > lines[at].depth:
        end += 1
    return end


def _leaf(line: Line) -> dict[str, Any] | None:
    if not line.name or not line.lookup or not line.values:
        return None
    value: Any = line.values[0]
    if line.lookup in LISTS:
        several = line.values if len(line.values) > 1 else line.values[0].replace("،", ",").split(",")
        value = [part.strip() for part in several if part.strip()]
    return {"field": line.name, "op": line.lookup, "value": value}


def _flat_key(part: dict[str, Any]) -> str | None:
    """The parameter that says the same; None for a group, or a list whose values hold commas."""
    if "field" not in part:
        return None
    if isinstance(part["value"], list) and any("," in value for value in part["value"]):
        return None
    return part["field"] if part["op"] == "exact" else f"{part['field']}__{part['op']}"


def _flat_value(part: dict[str, Any]) -> str:
    return ",".join(part["value"]) if isinstance(part["value"], list) else part["value"]
