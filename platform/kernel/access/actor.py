"""Who acts, and `Access`: the only answer to which rows, which fields, which verbs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from kernel.access.models import Member, Record, Role, Team
from kernel.access.rules import EVERYTHING, Rules
from kernel.lib.format import Format
from kernel.tenancy.context import get_tenant

if TYPE_CHECKING:
    from kernel.records.specs import FieldSpec
    from kernel.records.types import RecordType


@dataclass
class Actor:
    """A member (or the operator, when `member` is None) at work through one door: page, api, import, job, operator.

    Lives as long as one request or run. `memo` keeps what a type looks up once for it (the stages of a pipeline).
    """

    member: Member | None
    rules: Rules
    via: str
    format: Format
    role: Role | None = None
    run: UUID | None = None
    memo: dict[str, Any] = field(default_factory=dict, repr=False)
    _accesses: dict[str, Access] = field(default_factory=dict, repr=False)

    def access(self, rtype: RecordType) -> Access:
        if rtype.slug not in self._accesses:
            self._accesses[rtype.slug] = Access(self, rtype)
        return self._accesses[rtype.slug]

    def may_system(self, right: str) -> bool:
        return self.rules.may_system(right)

    def check_system(self, right: str) -> None:
        if not self.may_system(right):
            raise PermissionDenied(_("Your role does not allow this."))

    @cached_property
    def team_ids(self) -> frozenset[UUID]:
        """The teams I am in or lead."""
        if self.member is None:
            return frozenset()
        mine = Team.objects.alive().filter(Q(members=self.member) | Q(lead=self.member))
        return frozenset(mine.values_list("id", flat=True))

    @cached_property
    def subtree_ids(self) -> frozenset[UUID]:
        """My teams and every team below them. A tenant has few teams, so one query reads the whole tree."""
        children: dict[UUID | None, list[UUID]] = {}
        for team, parent in Team.objects.alive().values_list("id", "parent_id"):
            children.setdefault(parent, []).append(team)
        reached: set[UUID] = set()
        pending = list(self.team_ids)
        while pending:
            team = pending.pop()
            if team not in reached:
                reached.add(team)
                pending += children.get(team, [])
        return frozenset(reached)

    @cached_property
    def teammate_ids(self) -> frozenset[UUID]:
        return self._members_of(self.team_ids)

    @cached_property
    def subtree_member_ids(self) -> frozenset[UUID]:
        return self._members_of(self.subtree_ids)

    def _members_of(self, teams: Iterable[UUID]) -> frozenset[UUID]:
        ids = set(Member.teams.through.objects.filter(team_id__in=list(teams)).values_list("member_id", flat=True))
        return frozenset(ids | {self.member.pk} if self.member else ids)


def actor_for(member: Member, via: str, role: Role | None = None, run: UUID | None = None) -> Actor:
    """The actor behind a member. `role` (an API key's) takes the place of the member's own roles."""
    roles = [role.rules] if role else list(member.roles.filter(deleted_at=None).values_list("rules", flat=True))
    return Actor(member, Rules(roles), via, format_for(member), role, run)


def operator(via: str = "operator") -> Actor:
    """Whoever runs our own commands and provisioning. No request ever acts as this."""
    return Actor(None, Rules([EVERYTHING]), via, format_for(None))


def format_for(member: Member | None) -> Format:
    """How this member reads and types: own choices first, then the tenant's."""
    tenant = get_tenant()
    return Format(
        language=(member and member.language) or tenant.language,
        calendar=(member and member.calendar) or tenant.calendar,
        timezone=(member and member.timezone) or tenant.timezone,
        currency=tenant.currency,
        money_unit=tenant.money_unit,
        region=tenant.country,
    )


class Access:
    """What one actor may do with one record type. Every surface asks here and nowhere else."""

    def __init__(self, actor: Actor, rtype: RecordType) -> None:
        self.actor, self.rtype = actor, rtype
        self._group = "@settings" if rtype.is_setting else "@records"

    # -- rows

    def scope(self, verb: str) -> str:
        """none, own, team, subtree or all.

        Rows of an unowned type are everybody's to see as soon as any may be seen; changing them takes "all".
        """
        if self.rtype.right and not self.actor.may_system(self.rtype.right):
            return "none"
        scope = self.actor.rules.scope(self.rtype.slug, self._group, verb)
        if self.rtype.is_owned or scope in ("none", "all"):
            return scope
        return "all" if verb == "view" else "none"

    def records(self, verb: str = "view", *, deleted: bool = False) -> QuerySet[Any]:
        """The rows in reach of `verb`. A row that may be changed is always one that may be seen."""
        rows: QuerySet[Any] = self.rtype.model.objects.deleted() if deleted else self.rtype.model.objects.alive()
        for needed in {"view", verb}:
            rows = self._within(rows, self.scope(needed))
        return self._under_parents(rows)

    def _within(self, rows: QuerySet[Any], scope: str) -> QuerySet[Any]:
        actor = self.actor
        if scope == "all":
            return rows
        if scope == "own" and actor.member:
            return rows.filter(owner=actor.member)
        if scope == "team" and actor.member:
            return rows.filter(Q(owner__in=actor.teammate_ids) | Q(team__in=actor.team_ids))
        if scope == "subtree" and actor.member:
            return rows.filter(Q(owner__in=actor.subtree_member_ids) | Q(team__in=actor.subtree_ids))
        return rows.none()

    def condition(self, verb: str = "view") -> tuple[str, list[Any]] | None:
        """`records(verb)` as a condition of SQL, for statements that are not built anew for each request.

        None where it takes a query of its own: for rows that hang on another record.
        """
        if self.rtype.parent:
            return None
        parts, params = ["deleted_at IS NULL"], []
        for needed in {"view", verb}:
            part, values = self._condition(self.scope(needed))
            parts += part
            params += values
        return " AND ".join(parts), params

    def _condition(self, scope: str) -> tuple[list[str], list[Any]]:
        """What `_within` says, in SQL."""
        actor = self.actor
        if scope == "all":
            return [], []
        if scope == "own" and actor.member:
            return ["owner_id = %s"], [actor.member.pk]
        if scope in ("team", "subtree") and actor.member:
            of_team = scope == "team"
            members = actor.teammate_ids if of_team else actor.subtree_member_ids
            teams = actor.team_ids if of_team else actor.subtree_ids
            return ["(owner_id = ANY(%s::uuid[]) OR team_id = ANY(%s::uuid[]))"], [list(members), list(teams)]
        return ["false"], []

    def _under_parents(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Rows that hang on another record (a note about a deal) are in reach only where that record is. Those that
        hang on none (a task for oneself) are so where they are one's own, or where the scope of "alone" says."""
        if not self.rtype.parent:
            return rows
        reach = Q(pk__in=[])
        for parent in self.rtype.parent_types():
            access = self.actor.access(parent)
            if access.scope("view") != "none":
                # Asked row by row: a list of all the records that rows might hang on would be read for a few of them.
                reach |= Q(Exists(access.records().filter(pk=OuterRef("about_id"))), about_type=parent.slug)
        if self.rtype.may_stand_alone:
            reach |= Q(about_id=None) & self._alone()
        return rows.filter(reach)

    def _alone(self) -> Q:
        """Of rows that hang on nothing: those that are mine or that I handed to somebody, and those in scope."""
        actor, scope = self.actor, self.scope("alone")
        if scope == "all":
            return Q()
        mine = Q(owner=actor.member) | Q(created_by=actor.member) if actor.member else Q(pk__in=[])
        if scope == "team":
            mine |= Q(owner__in=actor.teammate_ids)
        elif scope == "subtree":
            mine |= Q(owner__in=actor.subtree_member_ids)
        return mine

    def may(self, verb: str, record: Record | None = None) -> bool:
        """May this verb be used at all, or on this record (already known to be in reach of view)?"""
        scope = self.scope(verb)
        if record is None or scope in ("none", "all"):
            return scope != "none"
        if scope == "own":
            return record.owner_id == (self.actor.member and self.actor.member.pk)
        mates, teams = (
            (self.actor.teammate_ids, self.actor.team_ids)
            if scope == "team"
            else (self.actor.subtree_member_ids, self.actor.subtree_ids)
        )
        return record.owner_id in mates or record.team_id in teams

    def check(self, verb: str, record: Record | None = None) -> None:
        if not self.may(verb, record):
            raise PermissionDenied(_("Your role does not allow this."))

    # -- fields

    @property
    def levels(self) -> dict[str, str]:
        """Each field's level. What a field depends on bounds it: a total of hidden prices is hidden too."""
        return self._fields.levels

    def readable(self) -> dict[str, FieldSpec]:
        return self._fields.readable

    def editable(self) -> dict[str, FieldSpec]:
        return self._fields.editable

    @cached_property
    def _fields(self) -> Fields:
        """Derived once for the same rules and the same specs; other rules and other specs are other objects."""
        rules, slug, specs = self.actor.rules, self.rtype.slug, self.rtype.specs()
        kept: Fields | None = rules.derived.get(slug)
        if kept is None or kept.specs is not specs:
            kept = rules.derived[slug] = Fields(specs, rules, slug, self._group)
        return kept

    def related(self, spec: FieldSpec) -> QuerySet[Any]:
        """The records a relation may point at, for this actor: pickers, cells and writes all take these."""
        return self.actor.access(spec.related_type).records()


class Fields:
    """Which of a type's fields some rules let one read and edit."""

    def __init__(self, specs: Mapping[str, FieldSpec], rules: Rules, slug: str, group: str) -> None:
        self.specs = specs
        self.levels = {name: rules.level(slug, group, name) for name in specs}
        self.readable = {name: spec for name, spec in specs.items() if self.levels[name] != "none"}
        self.editable = {
            name: spec for name, spec in self.readable.items() if self.levels[name] == "edit" and not spec.read_only
        }
