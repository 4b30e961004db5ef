"""What a role's rules say. Rules are plain data:

    {"types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}},
               "@settings": {"verbs": {"*": "none", "view": "all"}},
               "products": {"fields": {"cost": "none"}}},
     "system": ["import", "export"]}

The most specific entry speaks: a type's own, then its group ("@settings"), then "*"; within it the verb or field,
then "*". What nothing mentions is not allowed. Several roles unite: the widest scope and the highest level win.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SCOPES = ("none", "own", "team", "subtree", "all")
LEVELS = ("none", "read", "edit")


class Rules:
    """The united rules of some roles. They never change; `derived` keeps what follows from them for a record type."""

    def __init__(self, rules: Iterable[dict[str, Any]]) -> None:
        self._rules = list(rules)
        self.system = frozenset(right for rule in self._rules for right in rule.get("system", ()))
        self._scopes: dict[tuple[str, str, str], str] = {}
        self.derived: dict[str, Any] = {}

    def scope(self, slug: str, group: str, verb: str) -> str:
        asked = (slug, group, verb)
        if asked not in self._scopes:
            scopes = (_lookup(rule, slug, group, "verbs", verb) for rule in self._rules)
            self._scopes[asked] = max(scopes, key=SCOPES.index, default="none")
        return self._scopes[asked]

    def level(self, slug: str, group: str, field: str) -> str:
        levels = (_lookup(rule, slug, group, "fields", field) for rule in self._rules)
        return max(levels, key=LEVELS.index, default="none")

    def may_system(self, right: str) -> bool:
        return right in self.system or "*" in self.system


@lru_cache(maxsize=2048)
def united(tenant: UUID, text: str) -> Rules:
    """The rules spelled by a JSON array of roles' rules, read and derived from once.

    The text is read from the database for each request, so that a role that has changed is other rules at once.
    """
    return Rules(json.loads(text))


EVERYTHING = {"types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}}}, "system": ["*"]}


def _lookup(rule: dict[str, Any], slug: str, group: str, part: str, name: str) -> str:
    types = rule.get("types", {})
    for key in (slug, group, "*"):
        entries = types.get(key, {}).get(part, {})
        answer = entries.get(name) or entries.get("*")
        if answer:
            return str(answer)
    return "none"


def check_rules(rules: Any) -> None:
    """Refuse rules that are not of the shape above, naming the first entry that is wrong."""
    if not isinstance(rules, dict) or not set(rules) <= {"types", "system"}:
        raise ValidationError(_("Rules are an object with “types” and “system”."))
    for slug, entry in rules.get("types", {}).items():
        for part, allowed in (("verbs", SCOPES), ("fields", LEVELS)):
            for name, answer in entry.get(part, {}).items():
                if answer not in allowed:
                    raise ValidationError(
                        _("%(where)s is “%(answer)s”. It can be one of: %(allowed)s."),
                        params={"where": f"{slug}.{name}", "answer": answer, "allowed": ", ".join(allowed)},
                    )
