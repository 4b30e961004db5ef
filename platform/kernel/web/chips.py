"""Filters as chips: what narrows a list, said in words, each with a link that takes it away."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kernel.lib.errors import ParseError
from kernel.lib.spans import is_span
from kernel.records.filters import LISTS, Branch, Filter, Node, leaves
from kernel.records.find import Found
from kernel.records.kinds.base import read_flag
from kernel.records.kinds.relations import MY_TEAM, read_id
from kernel.records.kinds.times import read_iso_date
from kernel.records.show import Labels
from kernel.web.controls import label_of
from kernel.web.spans import span_name


@dataclass(frozen=True)
class Chip:
    text: str
    remove_url: str


def chips_of(request: HttpRequest, found: Found) -> list[Chip]:
    filters = [item for item in found.filters if item.raw or item.lookup == "empty"]
    labels = Labels(found.access.actor)
    wanted: dict[str, set[Any]] = {}
    for item in (*filters, *leaves(found.tree)):
        if item.spec.related:
            wanted.setdefault(item.spec.related, set()).update(pk for part in item.parts if (pk := read_id(part)))
    labels.load(wanted)
    chips = [Chip(_sentence(found, item, labels), _without(request, item.place)) for item in filters]
    return [*chips, *_of_tree(request, found, labels)]


def _of_tree(request: HttpRequest, found: Found, labels: Labels) -> list[Chip]:
    """One for each condition or group that must hold."""
    tree = found.tree
    if tree is None:
        return []
    if not isinstance(tree, Branch) or tree.joint != "and":
        return [Chip(_said(found, tree, labels, is_whole=True), _without(request, "filter"))]
    chips = []
    parts = json.loads(request.GET["filter"])["and"]
    for i, node in enumerate(tree.nodes):
        rest = [part for j, part in enumerate(parts) if j != i]
        changed = json.dumps({"and": rest} if len(rest) > 1 else rest[0], ensure_ascii=False) if rest else ""
        chips.append(Chip(_said(found, node, labels, is_whole=True), _without(request, "filter", changed)))
    return chips


def _without(request: HttpRequest, key: str, instead: str = "") -> str:
    query = request.GET.copy()
    for name in (key, "cursor", "before"):
        query.pop(name, None)
    if instead:
        query[key] = instead
    return f"{request.path}?{query.urlencode()}"


def _said(found: Found, node: Node, labels: Labels, *, is_whole: bool = False) -> str:
    if isinstance(node, Filter):
        return _sentence(found, node, labels)
    parts = [_said(found, below, labels) for below in node.nodes]
    if node.joint == "not":
        return _("not (%(conditions)s)") % {"conditions": parts[0]}
    joined = (_(" and ") if node.joint == "and" else _(" or ")).join(parts)
    return f"({joined})" if node.joint == "or" and len(parts) > 1 and not is_whole else joined


def _sentence(found: Found, item: Filter, labels: Labels) -> str:
    field = label_of(item.spec)
    if item.via is not None:
        field = f"{label_of(item.via)} · {field}"
    if item.lookup == "empty":
        return (_("%(field)s: none") if _is_yes(item.raw) else _("%(field)s: any")) % {"field": field}
    values = list(_values(found, item, labels))
    patterns = {
        "exact": _("%(field)s: %(value)s"),
        "in": _("%(field)s: %(value)s"),
        "all": _("%(field)s: all of %(value)s"),
        "not": _("%(field)s is not %(value)s"),
        "not_in": _("%(field)s: none of %(value)s"),
        "contains": _("%(field)s contains “%(value)s”"),
        "not_contains": _("%(field)s does not contain “%(value)s”"),
        "starts": _("%(field)s starts with “%(value)s”"),
        "gte": _("%(field)s from %(value)s"),
        "gt": _("%(field)s more than %(value)s"),
        "lte": _("%(field)s up to %(value)s"),
        "lt": _("%(field)s less than %(value)s"),
    }
    if item.spec.kind.name in ("date", "datetime"):
        patterns |= {"gt": _("%(field)s after %(value)s"), "lt": _("%(field)s before %(value)s")}
    if item.lookup == "between" and len(values) == 2:
        return _("%(field)s from %(first)s to %(last)s") % {"field": field, "first": values[0], "last": values[1]}
    return patterns.get(item.lookup, patterns["exact"]) % {"field": field, "value": _joined(values)}


def _is_yes(raw: str) -> bool:
    try:
        return read_flag(raw)
    except ParseError:
        return True


def _values(found: Found, item: Filter, labels: Labels) -> Iterable[str]:
    if item.lookup in ("contains", "not_contains", "starts"):
        return [item.raw]
    parts = item.parts if item.lookup in LISTS else (item.raw.strip(),)
    return [_value(found, item, part, labels) for part in parts]


def _value(found: Found, item: Filter, part: str, labels: Labels) -> str:
    spec, fmt = item.spec, found.access.actor.format
    if spec.related:
        word = {"me": _("me"), MY_TEAM: _("my team")}.get(part.lower())
        return word or labels.get(spec.related, read_id(part)) or _("not visible to you")
    if spec.kind.name in ("date", "datetime") and is_span(part):
        return span_name(part, fmt)
    try:
        if spec.kind.name == "datetime" and len(part) <= len("2026-11-21"):
            return fmt.date(read_iso_date(part))
        return spec.kind.show(spec, spec.kind.filter_value(spec, part, found.access), fmt) or part
    except (ParseError, ValidationError):
        return part


def _joined(values: Iterable[str]) -> str:
    return (_(", ")).join(values)
