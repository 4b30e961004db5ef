"""The filter language: which rows a list is narrowed to. The same for pages, API, figures, exports and reports.

    stage=ID & amount__gte=1000 & owner__not=me & closed_on=this_season & company.industry__contains=oil
    filter={"and": [{"field": "status", "value": "open"},
                    {"or": [{"field": "amount", "op": "gte", "value": "1000"}, {"not": {…}}]}]}

Parameters and `filter` narrow together. A field of the record one relation away is named by a dot. A field that the
actor may not read, on either side of the dot, is unknown: the answer is the same as for one that does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import BooleanField, Case, Q, Value, When
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.lib.errors import ParseError
from kernel.records.kinds import Kind
from kernel.records.kinds.relations import Relation
from kernel.records.specs import FieldSpec

# What stands in an address beside filters: of the page, and of how the rows are laid out.
PASSING = frozenset(
    ("q", "cursor", "before", "limit", "fields", "view", "base", "measure", "calendar", "count", "peek", "groups")
)
LAID_OUT = frozenset(("filter", "sort", "columns", "group", "layout"))
MOST_DEPTH, MOST_CONDITIONS, MOST_LENGTH = 5, 50, 8_000
# Every kind that can be asked the one can be asked the other.
NEGATIVE = {"not": "exact", "not_in": "in", "not_contains": "contains"}
LISTS = ("in", "not_in", "all", "between")


def lookups_of(kind: Kind) -> tuple[str, ...]:
    """What a filter may ask of a kind: what the kind answers itself, and what follows from it."""
    if not kind.is_filterable:
        return ()
    follows = [name for name, of in NEGATIVE.items() if of in kind.lookups and kind.name != "yes_no"]
    between = ["between"] if {"gte", "lte"} <= set(kind.lookups) else []
    return (*kind.lookups, *follows, *between)


@dataclass(frozen=True)
class Filter:
    """One condition as asked: for chips and for exports that repeat the question. `via` is the relation it goes over,
    `place` what an error about it is called."""

    spec: FieldSpec
    lookup: str
    raw: str
    via: FieldSpec | None = None
    place: str = ""
    listed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.via.name}.{self.spec.name}" if self.via else self.spec.name

    @property
    def key(self) -> str:
        return self.name if self.lookup == "exact" else f"{self.name}__{self.lookup}"

    @property
    def parts(self) -> tuple[str, ...]:
        """The values of a lookup that takes several."""
        return self.listed or tuple(part.strip() for part in self.raw.split(",") if part.strip())


@dataclass(frozen=True)
class Branch:
    """Conditions that all hold ("and"), of which one holds ("or"), or that do not hold ("not", of one)."""

    joint: str
    nodes: tuple[Node, ...]


Node = Filter | Branch


def leaves(node: Node | None) -> Iterator[Filter]:
    """Every condition under this one."""
    if isinstance(node, Filter):
        yield node
    elif node is not None:
        for below in node.nodes:
            yield from leaves(below)


class FilterReader:
    """Reads filters as they were asked for one actor and type. What cannot be asked is told in `problems`."""

    def __init__(self, access: Access, problems: dict[str, Any]) -> None:
        self.access, self.problems = access, problems
        self._count = 0

    # -- flat parameters

    def flat(self, key: str, raw: str, *, is_repeated: bool = False) -> Filter | None:
        name, _sep, lookup = key.partition("__")
        found = self.resolve(name)
        if found is None or (lookup and lookup not in lookups_of(found[0].kind)):
            self._refuse(key, _("There is no such filter."), "unknown")
            return None
        spec, via = found
        if not lookup and "exact" not in spec.kind.lookups:
            self._refuse(key, _told(spec, name, flat=True), "unknown")
            return None
        if not lookup and is_repeated and "in" in spec.kind.lookups:
            lookup = "in"
        return Filter(spec, lookup or "exact", raw, via, key)

    def resolve(self, name: str) -> tuple[FieldSpec, FieldSpec | None] | None:
        """The field of this name and the relation it is reached over; None if this actor knows no such field."""
        readable = self.access.readable()
        if name in readable:
            return (readable[name], None) if lookups_of(readable[name].kind) else None
        for at in (i for i, char in enumerate(name) if char == "."):
            via = readable.get(name[:at])
            if via is None or not isinstance(via.kind, Relation) or not via.related:
                continue
            other = self.access.actor.access(via.related_type)
            spec = other.readable().get(name[at + 1 :]) if other.may("view") else None
            if spec is not None and lookups_of(spec.kind):
                return spec, via
        return None

    # -- the nested form

    def nested(self, raw: Any) -> Node | None:
        """`filter` as JSON, or as what JSON means."""
        if raw in (None, "", {}):
            return None
        if isinstance(raw, str):
            if len(raw) > MOST_LENGTH:
                return self._refuse("filter", _("This filter is too long."), "max_length")
            try:
                raw = json.loads(raw, parse_float=Decimal)
            except (ValueError, RecursionError):
                return self._refuse("filter", _("The filter is not valid JSON."), "json")
        return self._node(raw, "filter", 1)

    def _node(self, raw: Any, place: str, depth: int) -> Node | None:
        if depth > MOST_DEPTH + 1:
            problem = _("Filters can be nested %(limit)s deep.") % {"limit": MOST_DEPTH}
            return self._refuse(place, problem, "max_depth")
        if not isinstance(raw, dict):
            return self._refuse(place, _SHAPE(), "type")
        if "field" in raw:
            return self._leaf(raw, place)
        joint = next(iter(raw), "")
        if len(raw) != 1 or joint not in ("and", "or", "not"):
            return self._refuse(place, _SHAPE(), "type")
        place = f"{place}.{joint}"
        if joint == "not":
            node = self._node(raw[joint], place, depth + 1)
            return None if node is None else Branch("not", (node,))
        if not isinstance(raw[joint], list):
            return self._refuse(place, _("Give a list of conditions."), "type")
        nodes = []
        for i, part in enumerate(raw[joint]):
            if self._count > MOST_CONDITIONS:
                break
            nodes.append(self._node(part, f"{place}.{i}", depth + 1))
        return Branch(joint, tuple(node for node in nodes if node is not None))

    def _leaf(self, raw: dict[str, Any], place: str) -> Filter | None:
        self._count += 1
        if self._count > MOST_CONDITIONS:
            problem = _("A filter can have %(limit)s conditions.") % {"limit": MOST_CONDITIONS}
            return self._refuse("filter", problem, "max_conditions")
        name, lookup = raw["field"], raw.get("op", "exact")
        if not isinstance(name, str) or not isinstance(lookup, str) or not set(raw) <= {"field", "op", "value"}:
            return self._refuse(place, _SHAPE(), "type")
        found = self.resolve(name)
        if found is None:
            return self._refuse(f"{place}.field", _("There is no such filter."), "unknown")
        spec, via = found
        if lookup not in lookups_of(spec.kind):
            return self._refuse(f"{place}.op", _told(spec, name), "unknown")
        value = raw.get("value", True if lookup == "empty" else None)
        listed = value if isinstance(value, list) else [value]
        texts = [_text(item) for item in listed]
        if (isinstance(value, list) and lookup not in LISTS) or None in texts or not texts or "" in texts:
            return self._refuse(f"{place}.value", _("Give a value to filter by."), "empty")
        written = tuple(text for text in texts if text)
        listed_as = written if isinstance(value, list) else ()
        return Filter(spec, lookup, ",".join(written), via, f"{place}.value", listed_as)

    def _refuse(self, place: str, problem: Any, code: str) -> Any:
        """None, which stands for a condition that asks nothing."""
        self.problems.setdefault(place, ValidationError(problem, code=code))

    # -- to conditions

    def condition(self, node: Node | None, *, negated: bool = False) -> Q | None:
        """The rows that pass, or with `negated` all others, those without a value among them. None asks nothing."""
        if node is None:
            return None
        if isinstance(node, Filter):
            return self._condition(node, negated)
        if node.joint == "not":
            return self.condition(node.nodes[0], negated=not negated)
        parts = [q for below in node.nodes if (q := self.condition(below, negated=negated)) is not None]
        if not parts:
            return None
        joined = parts[0]
        for part in parts[1:]:
            joined = joined & part if (node.joint == "and") != negated else joined | part
        return joined

    def _condition(self, item: Filter, negated: bool) -> Q | None:
        if not item.raw and item.lookup != "empty":
            return None
        place = item.place or item.key
        if not _is_storable(item.raw):
            self._refuse(place, _("This contains a character that cannot be stored."), "invalid")
            return None
        lookup = NEGATIVE.get(item.lookup, item.lookup)
        try:
            found = self._rows(item, lookup)
        except ParseError as error:
            self._refuse(place, error.message, error.code)
            return None
        return _other_than(found) if negated != (lookup != item.lookup) else found

    def _rows(self, item: Filter, lookup: str) -> Q:
        if item.via is None:
            return _asked(item, lookup, self.access)
        other = self.access.actor.access(item.via.related_type)
        rows = other.records().filter(_asked(item, lookup, other)).order_by()
        kind: Any = item.via.kind
        found: Q = kind.among(item.via, rows.values("pk"), self.access)
        return found


def _asked(item: Filter, lookup: str, access: Access) -> Q:
    spec, kind = item.spec, item.spec.kind
    if lookup == "between":
        if len(item.parts) != 2:
            raise ParseError(_("Give two values, the lower one first."), "between")
        first, last = item.parts
        return kind.condition(spec, "gte", first, access) & kind.condition(spec, "lte", last, access)
    if lookup == "in" and any("," in part for part in item.listed):
        found = Q(pk__in=[])
        for part in item.listed:
            found |= kind.condition(spec, "exact", part, access)
        return found
    return kind.condition(spec, lookup, item.raw, access)


def _other_than(condition: Q) -> Q:
    """All rows but these. NOT would leave out those for which the database cannot tell, having no value."""
    return Q(Case(When(condition, then=Value(False)), default=Value(True), output_field=BooleanField()))


def _text(value: Any) -> str | None:
    """A value of JSON as a parameter would spell it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        return f"{value['type']}:{value['id']}" if isinstance(value.get("type"), str) else value["id"]
    return value.strip() if isinstance(value, str) else None


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character
        return False
    return "\x00" not in text


def _SHAPE() -> str:
    return _('A condition is {"field", "op", "value"}, or a group: {"and": […]}, {"or": […]}, {"not": …}.')


def _told(spec: FieldSpec, name: str, *, flat: bool = False) -> str:
    known = [f"{name}__{lookup}" if flat else lookup for lookup in lookups_of(spec.kind)]
    return _("Filter with one of: %(lookups)s.") % {"lookups": ", ".join(known)}
