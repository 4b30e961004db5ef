"""The filter builder: conditions in groups of "all", "any" and "none", put together on one form.

The form says everything itself, line by line: `k.N` what line N is (all, any, none, or one condition), `d.N` how deep
it stands, and of a condition `f.N` the field, `o.N` the operator, `v.N` the values. A button's name `act` asks for a
line more or less; the form then comes again, so that it works without JavaScript too.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Access
from kernel.lib.errors import ParseError
from kernel.records.filters import LISTS, MOST_CONDITIONS, MOST_DEPTH, Branch, Filter, FilterReader, Node
from kernel.records.find import NOT_FILTERS, find
from kernel.records.specs import FieldSpec
from kernel.web.builder_controls import LineControls, control_of
from kernel.web.builder_lines import DATE, Line, acted, asked, leaf, numbered
from kernel.web.pages import go, list_crumb, page
from kernel.web.posted import typed
from kernel.web.reach import access_to, list_url

JOINTS = ("and", "or", "not")


@require_safe
def build(request: HttpRequest, slug: str) -> HttpResponse:
    """GET shows the form for the filters of the address; with `apply`, goes on to the list that it means."""
    access = access_to(request, slug)
    posted = request.GET
    builder = Builder(access, posted)
    lines = builder.posted() if "k.0" in posted else builder.of_address()
    if act := posted.get("act", ""):
        lines = acted(lines, act)
    keep = [(k, v) for k, vs in posted.lists() for v in vs if k in KEPT and v]
    if "apply" in posted and not act:
        query, errors = builder.address(lines, keep)
        if not errors:
            return go(request, f"{list_url(slug)}?{query.urlencode()}")
        for number, error in errors.items():
            lines[number].error = error
    controls = LineControls(access, posted, builder.reader)
    for line in lines:
        controls.draw(line)
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
        return numbered(lines)

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
        if control_of(spec, line.lookup) == "span":
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

    # -- out of lines

    def address(self, lines: list[Line], keep: list[tuple[str, str]]) -> tuple[QueryDict, dict[int, str]]:
        """The address of the list; parameters where they say it, nested conditions where they do not."""
        query = QueryDict(mutable=True)
        for key, value in keep:
            query[key] = value
        flat, rest = asked(lines)
        if rest:
            query["filter"] = json.dumps(rest[0] if len(rest) == 1 else {"and": rest}, ensure_ascii=False)
        for key, value in flat.items():
            query[key] = value
        if "base" not in query and not flat and not rest:
            query["base"] = "all"
        return query, self._errors(lines, query)

    def _errors(self, lines: list[Line], query: QueryDict) -> dict[int, str]:
        """What cannot be asked, by line; the whole is checked last."""
        errors = {}
        for line in lines:
            found = leaf(line) if line.kind == "leaf" else None
            if not found and line.name and line.lookup:
                errors[line.number] = _("Say what to compare with, or remove this line.")
            if found:
                problems: dict[str, Any] = {}
                reader = FilterReader(self.access, problems)
                reader.condition(reader.nested(found))
                if problems:
                    errors[line.number] = " ".join(ValidationError(problems).messages)
        if not errors:
            try:
                find(self.access, query)
            except ValidationError as error:
                errors[0] = " ".join(error.messages)
        return errors
