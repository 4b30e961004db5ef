"""What roles say, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.access.rights import system_rights
from kernel.access.rules import OTHER, OWN, RECORDS, SETTINGS, Level
from kernel.lib.format import Format
from kernel.records.roles import Difference
from kernel.records.types import RecordType, registry
from kernel.web.controls import label_of

SCOPES = {
    "none": pgettext_lazy("whose records", "None"),
    "own": pgettext_lazy("whose records", "Own"),
    "team": pgettext_lazy("whose records", "Team"),
    "subtree": pgettext_lazy("whose records", "Team and below"),
    "all": pgettext_lazy("whose records", "All"),
}
LEVELS = {
    "none": pgettext_lazy("of a field", "Hidden"),
    "masked": pgettext_lazy("of a field", "Masked"),
    "read": pgettext_lazy("of a field", "See"),
    "edit": pgettext_lazy("of a field", "Change"),
}
VERBS = {
    "view": gettext_lazy("See"),
    "create": gettext_lazy("Create"),
    "edit": gettext_lazy("Change"),
    "delete": gettext_lazy("Delete"),
    "import": gettext_lazy("Import"),
    "alone": gettext_lazy("See those about no record"),
    "*": gettext_lazy("All other actions"),
}
# The entries that stand for many types, by the name they have in addresses.
DEFAULTS = {"records": "*", "settings": SETTINGS}
DEFAULT_LABELS = {
    "records": gettext_lazy("Everything else, and new types"),
    "settings": gettext_lazy("Settings and lists to choose from"),
}


def scope_text(scope: str) -> str:
    return str(SCOPES[scope])


def level_text(level: Level) -> str:
    if level.everywhere == level.own:
        return str(LEVELS[level.own])
    own = _("%(level)s on own records") % {"level": LEVELS[level.own]}
    if level.everywhere == "none":
        return own
    return _("%(own)s, else %(level)s") % {"own": own, "level": LEVELS[level.everywhere]}


def answer_text(answer: str) -> str:
    """What an entry about a field says: "edit:own"."""
    level = str(LEVELS[answer.removesuffix(OWN)])
    return _("%(level)s on own records") % {"level": level} if answer.endswith(OWN) else level


def verb_text(verb: str, rtype: RecordType | None = None) -> str:
    if verb in VERBS:
        return str(VERBS[verb])
    types = [rtype] if rtype else list(registry.values())
    named = (own.label for kind in types for own in kind.verbs if (own.permission or own.name) == verb)
    return str(next(named, verb))


def field_text(rtype: RecordType | None, name: str) -> str:
    if name in ("*", OTHER) or rtype is None:
        return _("Other and new fields")
    spec = rtype.specs().get(name)
    return label_of(spec) if spec else name


def type_text(slug: str) -> str:
    labels: dict[str, Any] = {RECORDS: DEFAULT_LABELS["records"], SETTINGS: DEFAULT_LABELS["settings"]}
    return str(labels[slug] if slug in labels else registry[slug].label_plural)


def entry_text(entry: str) -> str:
    """Where a role says something: of a type itself, or of many at once."""
    slug = entry.replace(":", ".").partition(".")[0]
    if slug == "*":
        return _("what it says of everything else")
    if slug == SETTINGS:
        return _("what it says of settings and lists")
    return _("what it says of %(type)s") % {"type": registry[slug].label_plural if slug in registry else slug}


def difference_texts(found: Difference, fmt: Format) -> dict[str, Any]:
    """What it is about, and how it was and will be."""
    if found.part == "system":
        told = [_right_text(value, fmt) for value in (found.before, found.after)]
        return {"type": _("Beside records"), "what": str(system_rights[found.name].label), "words": told}
    rtype = registry.get(found.slug)
    if found.part == "verbs":
        what, words = verb_text(found.name, rtype), [scope_text(value) for value in (found.before, found.after)]
    else:
        what = field_text(rtype, found.name)
        words = [level_text(Level(*value)) for value in (found.before, found.after)]
    return {"type": type_text(found.slug), "what": capfirst(what), "words": words}


def gathered(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of one type that say the same of several things, as one row that names them all."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row["type"], *row["words"], tuple(member.pk for member in row.get("members", ())), row.get("more"))
        if key in found:
            found[key]["what"] = _(", ").join((found[key]["what"], row["what"]))
        else:
            found[key] = row
    return list(found.values())


def _right_text(value: Any, fmt: Format) -> str:
    if value is False:
        return _("No")
    return _("Yes") if value is True else _("Yes, up to %(limit)s records") % {"limit": fmt.number(value)}
