"""A role as a matrix: types by actions, with what it makes of their fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from kernel.access.models import Role
from kernel.access.rights import system_rights
from kernel.access.rules import OTHER, RECORDS, SETTINGS, Level, Rules
from kernel.lib.format import Format
from kernel.lib.text import fold
from kernel.records.roles import VERBS, verbs_of
from kernel.records.types import RecordType, registry
from kernel.web.settings import role_words as words

COLUMNS = (*VERBS, "import")


def types() -> list[RecordType]:
    return [rtype for rtype in registry.values() if not rtype.right]


def groups_of(rules: Rules, q: str, fmt: Format) -> list[dict[str, Any]]:
    """The types by their group, narrowed to those that are called so; what holds for the rest comes last."""
    told = []
    for slug, label in (("records", _("Records")), ("settings", _("Settings and lists"))):
        is_setting = slug == "settings"
        rows = [row_of(rules, r, fmt) for r in types() if r.is_setting == is_setting and matches(r, q)]
        rows += [] if q else [default_row(rules, slug)]
        if rows:
            told.append({"label": label, "rows": rows})
    return told


def row_of(rules: Rules, rtype: RecordType, fmt: Format) -> dict[str, Any]:
    slug, group = rtype.slug, rtype.group
    verbs = verbs_of(rtype)
    more = [
        f"{words.verb_text(verb, rtype)}: {words.scope_text(rules.scope(slug, group, verb))}"
        for verb in verbs if verb not in COLUMNS and rules.scope(slug, group, verb) != "none"
    ]  # fmt: skip
    levels = {name: rules.level(slug, group, name) for name in rtype.specs()}
    return {
        "slug": slug, "label": rtype.label_plural, "icon": rtype.icon, "more": _(", ").join(more),
        "cells": [_cell(rules.scope(slug, group, verb)) if verb in verbs else None for verb in COLUMNS],
        "fields": _levels_text(levels.values(), fmt),
    }  # fmt: skip


def default_row(rules: Rules, slug: str) -> dict[str, Any]:
    group = SETTINGS if slug == "settings" else RECORDS
    return {
        "slug": slug, "label": words.DEFAULT_LABELS[slug], "icon": "plus", "more": "", "is_default": True,
        "cells": [_cell(rules.scope(OTHER, group, verb)) for verb in COLUMNS],
        "fields": words.level_text(rules.level(OTHER, group, OTHER)),
    }  # fmt: skip


TONES = {"all": "good", "subtree": "accent", "team": "accent", "own": "warn", "none": ""}


def _cell(scope: str) -> dict[str, str]:
    return {"scope": scope, "label": words.scope_text(scope), "tone": TONES[scope]}


def _levels_text(levels: Iterable[Level], fmt: Format) -> str:
    """How many fields are at which level, the most common one by its name alone."""
    counts: dict[str, int] = {}
    for level in levels:
        text = words.level_text(level)
        counts[text] = counts.get(text, 0) + 1
    if len(counts) == 1:
        return _("All: %(level)s") % {"level": next(iter(counts))}
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return _(", ").join(f"{text} {fmt.number(count)}" for text, count in ordered)


def rights(found: Role) -> list[dict[str, Any]]:
    held, limits = found.rules.get("system", []), found.rules.get("limits", {})
    return [
        {"right": right, "held": right.name in held, "limit": limits.get(right.name, "")}
        for right in system_rights.values()
    ]


def like(label: str, q: str) -> bool:
    return not q or fold(q) in fold(label)


def matches(rtype: RecordType, q: str) -> bool:
    return like(str(rtype.label_plural), q) or like(str(rtype.label), q)


def fields_like(rtype: RecordType, q: str) -> list[str]:
    return [name for name in rtype.specs() if like(words.field_text(rtype, name), q)]


def found_fields(rules: Rules, rtype: RecordType, q: str) -> dict[str, Any]:
    """The fields that a search in the matrix found, with what the role makes of them."""
    fields = [
        (words.field_text(rtype, name), words.level_text(rules.level(rtype.slug, rtype.group, name)))
        for name in fields_like(rtype, q)
    ]
    return {"label": rtype.label_plural, "slug": rtype.slug, "fields": fields}
