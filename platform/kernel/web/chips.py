"""Filters as chips: what narrows a list, said in words, each with a link that takes it away."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from kernel.lib.errors import ParseError
from kernel.records.find import Filter, Found
from kernel.records.kinds.base import read_flag
from kernel.records.kinds.relations import read_id
from kernel.records.show import Labels
from kernel.web.controls import label_of


@dataclass(frozen=True)
class Chip:
    text: str
    remove_url: str


def chips_of(request: HttpRequest, found: Found) -> list[Chip]:
    filters = [item for item in found.filters if item.raw or item.lookup == "empty"]
    labels = Labels(found.access.actor)
    for item in filters:
        if item.spec.related:
            labels.load({item.spec.related: {pk for part in item.raw.split(",") if (pk := read_id(part.strip()))}})
    return [Chip(_sentence(found, item, labels), _without(request, item.key)) for item in filters]


def _without(request: HttpRequest, key: str) -> str:
    query = request.GET.copy()
    for name in (key, "cursor", "before"):
        query.pop(name, None)
    return f"{request.path}?{query.urlencode()}"


def _sentence(found: Found, item: Filter, labels: Labels) -> str:
    field = label_of(item.spec)
    if item.lookup == "empty":
        return (_("%(field)s: none") if _is_yes(item.raw) else _("%(field)s: any")) % {"field": field}
    value = _joined(_values(found, item, labels))
    patterns = {
        "exact": _("%(field)s: %(value)s"),
        "in": _("%(field)s: %(value)s"),
        "all": _("%(field)s: all of %(value)s"),
        "contains": _("%(field)s contains “%(value)s”"),
        "gte": _("%(field)s from %(value)s"),
        "gt": _("%(field)s more than %(value)s"),
        "lte": _("%(field)s up to %(value)s"),
        "lt": _("%(field)s less than %(value)s"),
    }
    if item.spec.kind.name in ("date", "datetime"):
        patterns |= {"gt": _("%(field)s after %(value)s"), "lt": _("%(field)s before %(value)s")}
    return patterns[item.lookup] % {"field": field, "value": value}


def _is_yes(raw: str) -> bool:
    try:
        return read_flag(raw)
    except ParseError:
        return True


def _values(found: Found, item: Filter, labels: Labels) -> Iterable[str]:
    spec, fmt = item.spec, found.access.actor.format
    if item.lookup == "contains":
        return [item.raw]
    parts = item.raw.split(",") if item.lookup in ("in", "all") else [item.raw]
    return [_value(found, spec, part.strip(), labels, fmt) for part in parts if part.strip()]


def _value(found: Found, spec: Any, part: str, labels: Labels, fmt: Any) -> str:
    if spec.related:
        if part.lower() == "me":
            return _("me")
        return labels.get(spec.related, read_id(part)) or _("not visible to you")
    try:
        value = spec.kind.filter_value(spec, part, found.access)
        return spec.kind.show(spec, value, fmt) or part
    except (ParseError, ValidationError):
        return part


def _joined(values: Iterable[str]) -> str:
    return (_(", ")).join(values)
