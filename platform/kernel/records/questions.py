"""What a view asks: the parameters of a list's address without those of a page, as far as an actor may ask them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kernel.access.actor import Access
from kernel.records.filters import PASSING, FilterReader

if TYPE_CHECKING:
    from kernel.records.specs import FieldSpec

LAYOUTS = ("list", "board")


def asked(params: Mapping[str, Any]) -> dict[str, str]:
    """The question in an address: what narrows, orders and lays out, without empty values and without the page."""
    items = params.lists() if hasattr(params, "lists") else params.items()
    found = {}
    for key, value in items:
        if key in PASSING:
            continue
        if key == "filter":
            value = (value[-1] if value else None) if isinstance(value, list) else value
            if value is not None and not isinstance(value, str):
                value = json.dumps(value, ensure_ascii=False, default=str)  # numbers of JSON come as decimals
        elif isinstance(value, list):
            value = ",".join(str(part) for part in value if part not in (None, ""))
        if value not in (None, ""):
            found[key] = str(value)
    return found


def usable(access: Access, params: Mapping[str, str]) -> tuple[dict[str, str], bool]:
    """What is left of a view's question for this actor, and whether that is all of it."""
    readable, kept, is_whole = access.readable(), {}, True
    reader = FilterReader(access, {})
    for key, raw in params.items():
        value: str | None = raw
        if key == "filter":
            value, whole = _pruned(raw, reader)
            is_whole = is_whole and whole
        elif key == "sort":
            spec = readable.get(raw.removeprefix("-"))
            value = raw if spec is not None and spec.kind.is_sortable else None
        elif key == "columns":
            names = [name for name in raw.split(",") if name in access.shown()]
            is_whole = is_whole and len(names) == len(raw.split(","))
            value = ",".join(names)
        elif key == "group":
            spec = readable.get(raw.partition(":")[0])
            value = raw if spec is not None and can_group(spec) else None
        elif key == "layout":
            board = access.rtype.board
            may_board = board is not None and board.by in readable
            value = raw if raw in LAYOUTS and (raw == "list" or may_board) else None
        elif reader.flat(key, raw) is None:
            value = None
        is_whole = is_whole and value is not None
        if value:
            kept[key] = value
    return kept, is_whole


def can_group(spec: FieldSpec) -> bool:
    """Whether a list may be grouped by this field."""
    return spec.kind.can_group and not spec.rows


def _pruned(raw: str, reader: FilterReader) -> tuple[str | None, bool]:
    """A nested filter without the conditions that this actor cannot ask, and whether nothing was missing."""
    try:
        tree = json.loads(raw)
    except ValueError:
        return None, False
    left = _prune(tree, reader)
    if left is None:
        return None, False
    return (raw, True) if left == tree else (json.dumps(left, ensure_ascii=False), False)


def _prune(node: Any, reader: FilterReader) -> Any:
    if not isinstance(node, dict):
        return None
    if "field" in node:
        own = FilterReader(reader.access, {})
        return node if own.nested(node) is not None and not own.problems else None
    joint = next(iter(node), "")
    if joint == "not":
        left = _prune(node[joint], reader)
        return None if left is None or left != node[joint] else node
    parts = [left for part in node.get(joint) or () if (left := _prune(part, reader)) is not None]
    return {joint: parts} if parts else None
