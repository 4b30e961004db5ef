"""Why somebody can or cannot: which role says so, and what about the record decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kernel.access.actor import Access, Actor, format_for, opened
from kernel.access.models import Member, Role, Share, Team
from kernel.access.rules import Level, Rules
from kernel.records.roles import roles_of
from kernel.records.types import RecordType


@dataclass(frozen=True)
class Saying:
    """What one role says: its answer, and the entry that says so ("deals:edit"); no entry where none does."""

    role: Role
    entry: str
    answer: str


@dataclass(frozen=True)
class Verdict:
    """Whether a member may, and all that it hangs on. `reach` is how the record is in reach of the verb: all, own,
    team, subtree, shared, parent, or "" where it is not; None where no record was asked about."""

    member: Member
    rtype: RecordType
    verb: str
    may: bool
    scope: str
    sayings: list[Saying]
    reach: str | None = None
    field: str = ""
    level: Level | None = None
    field_sayings: tuple[Saying, ...] = ()
    is_own: bool = False


def explain(member: Member, rtype: RecordType, verb: str, field: str = "", record: Any = None) -> Verdict:
    """`record` may be out of the member's reach: it is in reach of whoever asks."""
    actor = next(actors([member], Share.objects.lasting().of(member)))
    roles = roles_of([member])[member.pk]
    access = actor.access(rtype)

    def sayings(part: str, name: str) -> list[Saying]:
        told = actor.rules.speaking(rtype.slug, rtype.group, part, name)
        return [Saying(roles[at], entry, answer) for at, entry, answer in told]

    scope, reach = access.scope(verb), None
    may = member.active and scope != "none" and access.scope("view") != "none"
    if record is not None:
        reach = reach_of(access, record, verb) if may else ""
        may = may and bool(reach) and bool(reach_of(access, record))
    if not field:
        return Verdict(member, rtype, verb, may, scope, sayings("verbs", verb), reach)
    level, is_own = access.level(field), record is not None and access.is_own(record)
    known = access.shown(record).keys() if verb == "view" else access.editable(record).keys()
    return Verdict(
        member, rtype, verb, may and field in known, scope, sayings("verbs", verb), reach, field, level,
        tuple(sayings("fields", field)), is_own,
    )  # fmt: skip


def reach_of(access: Access, record: Any, verb: str = "view") -> str:
    """How a record is in reach of a verb, "" where it is not."""
    scope = access.scope(verb)
    if scope == "none" or not access.may(verb, record):
        return ""
    if access.rtype.parent and not access.records(verb).filter(pk=record.pk).exists():
        return ""
    if access.rtype.parent and record.about_id:
        return "parent"
    if scope == "all":
        return "all"
    if access.is_own(record):
        return "own"
    mates, teams = access.actor.teammate_ids, access.actor.team_ids
    if scope in ("team", "subtree") and (record.owner_id in mates or record.team_id in teams):
        return "team"
    within = access.actor.subtree_member_ids, access.actor.subtree_ids
    if scope == "subtree" and (record.owner_id in within[0] or record.team_id in within[1]):
        return "subtree"
    return "shared"


def who_sees(rtype: RecordType, record: Any) -> list[tuple[Member, str, list[Role]]]:
    """Everybody who can sign in and see this record: how, and by which of their roles."""
    members = list(Member.objects.alive().filter(active=True, identity__isnull=False).order_by("label_key", "pk"))
    found = []
    of_member = roles_of(members)
    for actor in actors(members, Share.objects.lasting().filter(record_type=rtype.slug, record_id=record.pk)):
        access = actor.access(rtype)
        if actor.member and (how := reach_of(access, record)):
            roles, scope = of_member[actor.member.pk], access.scope("view")
            saying = actor.rules.speaking(rtype.slug, rtype.group, "verbs", "view")
            found.append((actor.member, how, [roles[at] for at, _entry, answer in saying if answer == scope]))
    return found


def actors(members: Iterable[Member], sharing: QuerySet[Share]) -> Iterator[Actor]:
    """Who these members are at work, with what that takes read once for all of them. `sharing` are the shares that
    matter to what is asked: of all there are, each member would be held against each."""
    members = list(members)
    of_member = roles_of(members)
    teams = list(Team.objects.alive().values_list("pk", "parent", "lead"))
    alive, pairs = {pk for pk, _parent, _lead in teams}, Member.teams.through.objects
    in_teams: dict[UUID, set[UUID]] = {}
    people: dict[UUID, set[UUID]] = {}
    held: list[tuple[UUID, UUID]] = list(pairs.values_list("member_id", "team_id"))
    for person, team in held:
        people.setdefault(team, set()).add(person)
        if team in alive:
            in_teams.setdefault(person, set()).add(team)
    for pk, _parent, lead in teams:
        if lead:
            in_teams.setdefault(lead, set()).add(pk)
    below: dict[UUID | None, list[UUID]] = {}
    for pk, parent, _lead in teams:
        below.setdefault(parent, []).append(pk)
    shares = list(sharing.values_list("member", "team", "record_type", "record_id", "level"))
    rules: dict[tuple[UUID, ...], Rules] = {}
    for member in members:
        roles = of_member[member.pk]
        key = tuple(role.pk for role in roles)
        if key not in rules:
            rules[key] = Rules(role.rules for role in roles)
        actor = Actor(member, rules[key], "page", format_for(member))
        mine = in_teams.get(member.pk, set())
        tree: set[UUID] = set()
        pending = list(mine)
        while pending:
            team = pending.pop()
            if team not in tree:
                tree.add(team)
                pending += below.get(team, [])
        mine_shared = [(slug, pk, level) for who, team, slug, pk, level in shares if who == member.pk or team in mine]
        actor.__dict__.update(
            team_ids=frozenset(mine), subtree_ids=frozenset(tree), shared=opened(mine_shared),
            teammate_ids=frozenset({member.pk}.union(*(people.get(team, set()) for team in mine))),
            subtree_member_ids=frozenset({member.pk}.union(*(people.get(team, set()) for team in tree))),
        )  # fmt: skip
        yield actor
