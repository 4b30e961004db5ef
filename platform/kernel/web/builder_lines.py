"""The lines of the filter builder's form, and what they mean together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kernel.records.filters import LISTS, MOST_DEPTH
from kernel.ui.fields import Field

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


def acted(lines: list[Line], act: str) -> list[Line]:
    """Add a condition or a group below line N, or take line N away with what is below it."""
    verb, _sep, text = act.partition(":")
    at = int(text) if text.isdigit() and int(text) < len(lines) else 0
    end = _end(lines, at)
    depth = lines[at].depth + 1
    if verb == "condition":
        lines.insert(end, Line(0, "leaf", depth))
    elif verb == "group" and depth < MOST_DEPTH:
        lines[end:end] = [Line(0, "or", depth), Line(0, "leaf", depth + 1)]
    elif verb == "remove" and at > 0:
        del lines[at:end]
    return numbered(lines)


def asked(lines: list[Line]) -> tuple[dict[str, str], list[Any]]:
    """What they ask, as parameters of an address where those say it, and the nested conditions that are left."""
    tree = _tree(lines, 0, _end(lines, 0))
    flat: dict[str, str] = {}
    rest: list[Any] = []
    parts = tree["and"] if tree and "and" in tree else [tree] if tree else []
    for part in parts:
        name = _flat_key(part)
        if name is None or name in flat:
            rest.append(part)
        else:
            flat[name] = _flat_value(part)
    return flat, rest


def _tree(lines: list[Line], at: int, end: int) -> dict[str, Any] | None:
    """What lines `at` to `end` mean; empty conditions and groups mean nothing."""
    line = lines[at]
    if line.kind == "leaf":
        return leaf(line)
    parts, i = [], at + 1
    while i < end:
        after = _end(lines, i)
        if part := _tree(lines, i, after):
            parts.append(part)
        i = after
    if not parts:
        return None
    if line.kind == "not":
        return {"not": {"or": parts} if len(parts) > 1 else parts[0]}
    return {line.kind: parts} if len(parts) > 1 or at == 0 else parts[0]


def numbered(lines: list[Line]) -> list[Line]:
    for number, line in enumerate(lines):
        line.number = number
    return lines


def _end(lines: list[Line], at: int) -> int:
    end = at + 1
    while end < len(lines) and lines[end].depth > lines[at].depth:
        end += 1
    return end


def leaf(line: Line) -> dict[str, Any] | None:
    """The condition of a line; None while it is not filled in."""
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
