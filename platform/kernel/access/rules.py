"""What a role's rules say. Rules are plain data:

    {"types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}},
               "@settings": {"verbs": {"*": "none", "view": "all"}},
               "products": {"fields": {"cost": "none", "code": "masked", "price": "edit:own"}}},
     "system": ["import", "export"], "limits": {"export": 5000},
     "sign_in": {"second_factor": true, "networks": ["192.0.2.0/24"], "days": [1, 2], "from": "08:00",
                 "until": "18:00"}}

The most specific entry speaks: a type's own, then its group ("@settings"), then "*"; within it the verb or field,
then "*". What nothing mentions is not allowed. A level with ":own" holds on one's own records, and is "none" on those
of others. Several roles unite: the widest scope and the highest level win, and a limit that one of them does not set.
What one of them asks of a sign-in is asked.
"""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.access.sign_in import check_sign_in

SCOPES = ("none", "own", "team", "subtree", "all")
LEVELS = ("none", "masked", "read", "edit")
OWN = ":own"
# What a role may say of a field.
FIELD_ANSWERS = (*LEVELS, *(f"{level}{OWN}" for level in LEVELS[1:]))
# Names that no entry mentions: what is said of those to come.
RECORDS, SETTINGS = "@records", "@settings"
OTHER = "\x00"


class Level(NamedTuple):
    """What one may do with a field: on everybody's records, and on one's own."""

    everywhere: str
    own: str

    @classmethod
    def of(cls, text: str) -> "Level":
        level = text.removesuffix(OWN)
        return cls("none" if text.endswith(OWN) else level, level)

    def __or__(self, other: "Level") -> "Level":  # type: ignore[override]
        return Level(higher(self.everywhere, other.everywhere), higher(self.own, other.own))

    def __and__(self, other: "Level") -> "Level":
        return Level(*(min(pair, key=LEVELS.index) for pair in zip(self, other, strict=True)))

    def covers(self, other: "Level") -> bool:
        return self | other == self


NOTHING = Level("none", "none")


def higher(one: str, other: str) -> str:
    return max(one, other, key=LEVELS.index)


class Rules:
    """The united rules of some roles. They never change; `derived` keeps what follows from them for a record type."""

    def __init__(self, rules: Iterable[dict[str, Any]]) -> None:
        self._rules = list(rules)
        self.system = frozenset(right for rule in self._rules for right in rule.get("system", ()))
        self.sign_in = [rule["sign_in"] for rule in self._rules if rule.get("sign_in")]
        self.needs_second_factor = any(asked.get("second_factor") for asked in self.sign_in)
        self._scopes: dict[tuple[str, str, str], str] = {}
        self.derived: dict[str, Any] = {}

    def said(self) -> list[dict[str, Any]]:
        """What they were made of, to be kept."""
        return self._rules

    def scope(self, slug: str, group: str, verb: str) -> str:
        asked = (slug, group, verb)
        if asked not in self._scopes:
            scopes = (_lookup(rule, slug, group, "verbs", verb) for rule in self._rules)
            self._scopes[asked] = max(scopes, key=SCOPES.index, default="none")
        return self._scopes[asked]

    def level(self, slug: str, group: str, field: str) -> Level:
        found = NOTHING
        for rule in self._rules:
            found |= Level.of(_lookup(rule, slug, group, "fields", field))
        return found

    def may_system(self, right: str) -> bool:
        return right in self.system or "*" in self.system

    def limit(self, right: str) -> int | None:
        """How many records one may do this with at once; None for any number."""
        given = [rule for rule in self._rules if {right, "*"} & set(rule.get("system", ()))]
        limits = [rule.get("limits", {}).get(right) for rule in given]
        return None if not limits or None in limits else max(limits)

    def covers(self, other: "Rules", groups: Mapping[str, str]) -> bool:
        """Whether all that the other rules allow is allowed by these too. `groups` names the group of each type.

        Answers are looked up by the names that entries mention, so those names, and one that none does, are all
        there is to compare.
        """
        if not (self.may_system("*") or other.system <= self.system):
            return False
        for right in other.system:
            mine, theirs = self.limit(right), other.limit(right)
            if mine is not None and (theirs is None or theirs > mine):
                return False
        asked = [(slug, groups.get(slug, RECORDS)) for slug in {*groups, *self.mentioned(), *other.mentioned()}]
        asked += [(OTHER, group) for group in {RECORDS, SETTINGS, *groups.values()}]
        for slug, group in asked:
            verbs = {OTHER} | self.mentioned(slug, group, "verbs") | other.mentioned(slug, group, "verbs")
            for verb in verbs:
                if SCOPES.index(other.scope(slug, group, verb)) > SCOPES.index(self.scope(slug, group, verb)):
                    return False
            fields = {OTHER} | self.mentioned(slug, group, "fields") | other.mentioned(slug, group, "fields")
            if not all(self.level(slug, group, name).covers(other.level(slug, group, name)) for name in fields):
                return False
        return True

    def mentioned(self, slug: str = "", group: str = "", part: str = "") -> set[str]:
        """The types that some entry is about; or the verbs or fields which those that speak for a type name."""
        if not slug:
            return {key for rule in self._rules for key in rule.get("types", {}) if not key.startswith(("*", "@"))}
        entries = (rule.get("types", {}).get(key, {}) for rule in self._rules for key in (slug, group, "*"))
        return {name for entry in entries for name in entry.get(part, {}) if name != "*"}

    def speaking(self, slug: str, group: str, part: str, name: str) -> list[tuple[int, str, str]]:
        """What each role says of a verb or a field, and where: (its place among the roles, entry, answer). No entry
        where nothing speaks of it."""
        return [(at, *_spoken(rule, slug, group, part, name)) for at, rule in enumerate(self._rules)]


@lru_cache(maxsize=2048)
def united(tenant: UUID, text: str) -> Rules:
    """The rules spelled by a JSON array of roles' rules, read and derived from once.

    The text is read from the database for each request, so that a role that has changed is other rules at once.
    """
    return Rules(json.loads(text))


EVERYTHING = {"types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}}}, "system": ["*"]}


def _lookup(rule: dict[str, Any], slug: str, group: str, part: str, name: str) -> str:
    return _spoken(rule, slug, group, part, name)[1]


def _spoken(rule: dict[str, Any], slug: str, group: str, part: str, name: str) -> tuple[str, str]:
    """The entry that speaks, as "deals.amount" or "*:edit", and its answer."""
    types = rule.get("types", {})
    for key in (slug, group, "*"):
        entries = types.get(key, {}).get(part, {})
        for asked in (name, "*"):
            if answer := entries.get(asked):
                return f"{key}{':' if part == 'verbs' else '.'}{asked}", str(answer)
    return "", "none"


def check_rules(rules: Any) -> None:
    """Refuse rules that are not of the shape above, naming the first entry that is wrong."""
    if not isinstance(rules, dict) or not set(rules) <= {"types", "system", "limits", "sign_in"}:
        raise ValidationError(_("Rules are an object with “types” and “system”."))
    check_sign_in(rules.get("sign_in", {}))
    types, system, limits = rules.get("types", {}), rules.get("system", []), rules.get("limits", {})
    shaped = isinstance(types, dict) and isinstance(system, list) and isinstance(limits, dict)
    if not shaped or not all(isinstance(right, str) for right in system):
        raise ValidationError(_("Rules are an object with “types” and “system”."))
    for right, most in limits.items():
        if isinstance(most, bool) or not isinstance(most, int) or most < 0:
            raise ValidationError(_("The limit of “%(right)s” is a whole number."), params={"right": right})
    for slug, entry in types.items():
        if not isinstance(entry, dict) or not set(entry) <= {"verbs", "fields"}:
            raise ValidationError(_("“%(slug)s” has “verbs” and “fields”."), params={"slug": slug})
        for part, allowed in (("verbs", SCOPES), ("fields", FIELD_ANSWERS)):
            entries = entry.get(part, {})
            if not isinstance(entries, dict):
                raise ValidationError(_("“%(slug)s” has “verbs” and “fields”."), params={"slug": slug})
            for name, answer in entries.items():
                if answer not in allowed:
                    raise ValidationError(
                        _("%(where)s is “%(answer)s”. It can be one of: %(allowed)s."),
                        params={"where": f"{slug}.{name}", "answer": answer, "allowed": ", ".join(allowed)},
                    )
