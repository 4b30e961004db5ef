"""What roles say, told: what a change of one gives and takes, and from whom; how two differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from kernel.access.models import Member, Role
from kernel.access.rights import system_rights
from kernel.access.rules import OTHER, RECORDS, SCOPES, SETTINGS, Level, Rules
from kernel.records.types import RecordType, registry

VERBS = ("view", "create", "edit", "delete")


def verbs_of(rtype: RecordType) -> list[str]:
    """What a role may say of a type's records, in the order it is told."""
    verbs = [*VERBS, *(["import"] if rtype.can_import else [])]
    verbs += [verb.permission or verb.name for verb in rtype.verbs]
    return list(dict.fromkeys([*verbs, *(["alone"] if rtype.may_stand_alone else [])]))


def scopes_of(rtype: RecordType) -> tuple[str, ...]:
    """Records that nobody owns are in reach of all or of none."""
    return SCOPES if rtype.is_owned else (SCOPES[0], SCOPES[-1])


@dataclass(frozen=True)
class Difference:
    """One answer that is not the same: of a type's verb or field, or a system right. `slug` is a group's name where
    it is about the types to come."""

    slug: str
    part: str  # verbs, fields, system
    name: str
    before: Any
    after: Any

    @property
    def is_gain(self) -> bool:
        if self.part == "verbs":
            return SCOPES.index(self.after) > SCOPES.index(self.before)
        if self.part == "fields":
            return bool(Level(*self.after).covers(Level(*self.before)))
        return bool(self.after)


def differences(before: Rules, after: Rules) -> list[Difference]:
    """What one may by the one rules and not by the other, over every type, verb, field and right there is."""
    found: list[Difference] = []
    types = [(slug, rtype.group, verbs_of(rtype), list(rtype.specs())) for slug, rtype in registry.items()]
    types += [(group, group, list(VERBS), []) for group in (RECORDS, SETTINGS)]
    for slug, group, verbs, fields in types:
        asked = OTHER if slug == group else slug
        answers: list[tuple[str, str, Any, Any]] = []
        for verb in verbs:
            answers.append(("verbs", verb, before.scope(asked, group, verb), after.scope(asked, group, verb)))
        for name in [*fields, OTHER]:
            answers.append(("fields", name, before.level(asked, group, name), after.level(asked, group, name)))
        found += [Difference(slug, *answer) for answer in answers if answer[2] != answer[3]]
    for right in system_rights:
        held = [(rules.may_system(right), rules.limit(right)) for rules in (before, after)]
        if held[0] != held[1]:
            told = [(limit if limit is not None else True) if has else False for has, limit in held]
            found.append(Difference("", "system", right, *told))
    return found


@dataclass
class Effect:
    """What changes, and for whom."""

    difference: Difference
    members: list[Member] = field(default_factory=list)


def effects(role: Role, rules: Mapping[str, Any]) -> tuple[list[Effect], list[Effect]]:
    """What people gain and what they lose if the role said this: what another role of theirs allows, they keep."""
    holders = list(Member.objects.alive().filter(active=True, roles=role.pk).order_by("label_key", "pk"))
    of_member = roles_of(holders)
    told: dict[frozenset[UUID], list[Difference]] = {}
    found: dict[Difference, Effect] = {}
    for member in holders:
        roles = of_member[member.pk]
        key = frozenset(other.pk for other in roles)
        if key not in told:
            after = [dict(rules) if other.pk == role.pk else other.rules for other in roles]
            told[key] = differences(Rules(other.rules for other in roles), Rules(after))
        for difference in told[key]:
            found.setdefault(difference, Effect(difference)).members.append(member)
    order = {difference: i for i, difference in enumerate(differences(Rules([role.rules]), Rules([dict(rules)])))}
    ordered = sorted(found.values(), key=lambda effect: order.get(effect.difference, 0))
    return [e for e in ordered if e.difference.is_gain], [e for e in ordered if not e.difference.is_gain]


def roles_of(members: Iterable[Member]) -> dict[UUID, list[Role]]:
    """The roles of these members, in two queries."""
    ids = [member.pk for member in members]
    roles = {role.pk: role for role in Role.objects.alive().order_by("label_key", "pk")}
    found: dict[UUID, list[Role]] = {pk: [] for pk in ids}
    for member, role in Member.roles.through.objects.filter(member__in=ids).values_list("member", "role"):
        if role in roles:
            found[member].append(roles[role])
    return found
