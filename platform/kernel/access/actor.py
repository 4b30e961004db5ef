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

from kernel.access.models import Member, Record, Role, Share, Team
from kernel.access.rules import EVERYTHING, LEVELS, NOTHING, Level, Rules
from kernel.lib.format import Format
from kernel.tenancy.context import get_tenant

if TYPE_CHECKING:
    from kernel.records.specs import FieldSpec
    from kernel.records.types import RecordType


@dataclass
class Actor:
    """A member (or the operator, when `member` is None) at work through one door: page, api, import, job, operator.

    `viewer` is who looks through this member's eyes, if anybody does: then nothing is written. `follows` tells what
    follows from an act of theirs from what they ask for.

    Lives as long as one request or run. `memo` keeps what a type looks up once for it (the stages of a pipeline).
    """

    member: Member | None
    rules: Rules
    via: str
    format: Format
    role: Role | None = None
    run: UUID | None = None
    viewer: Member | None = None
    follows: bool = False
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

    @cached_property
    def shared(self) -> dict[str, dict[UUID, str]]:
        """What others shared with me or with a team of mine: by type, each record with the level."""
        if self.member is None or getattr(self.member, "shares", None) == 0:
            return {}
        return opened(Share.objects.lasting().of(self.member).values_list("record_type", "record_id", "level"))

    def _members_of(self, teams: Iterable[UUID]) -> frozenset[UUID]:
        ids = set(Member.teams.through.objects.filter(team_id__in=list(teams)).values_list("member_id", flat=True))
        return frozenset(ids | {self.member.pk} if self.member else ids)


def opened(shares: Iterable[tuple[str, UUID, str]]) -> dict[str, dict[UUID, str]]:
    """What shares (type, record, level) open: by type, each record at the widest of its levels."""
    found: dict[str, dict[UUID, str]] = {}
    for slug, pk, level in shares:
        held = found.setdefault(slug, {})
        held[pk] = "edit" if "edit" in (level, held.get(pk)) else level
    return found


def actor_for(member: Member, via: str, role: Role | None = None, run: UUID | None = None) -> Actor:
    """The actor behind a member. `role` (an API key's) takes the place of the member's own roles."""
    roles = [role.rules] if role else list(member.roles.filter(deleted_at=None).values_list("rules", flat=True))
    return Actor(member, Rules(roles), via, format_for(member), role, run)


def with_all_rights(actor: Actor) -> Actor:
    """The same person, for what follows from an act that they may do: it reaches further than they do themselves."""
    return Actor(actor.member, Rules([EVERYTHING]), actor.via, actor.format, actor.role, actor.run, actor.viewer, True)


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

    # -- rows

    def scope(self, verb: str) -> str:
        """none, own, team, subtree or all.

        Rows of an unowned type are everybody's to see as soon as any may be seen; changing them takes "all".
        """
        if self.rtype.right and not self.actor.may_system(self.rtype.right):
            return "none"
        scope = self.actor.rules.scope(self.rtype.slug, self.rtype.group, verb)
        if self.rtype.is_owned or scope in ("none", "all"):
            return scope
        return "all" if verb == "view" else "none"

    def records(self, verb: str = "view", *, deleted: bool = False) -> QuerySet[Any]:
        """The rows in reach of `verb`. A row that may be changed is always one that may be seen."""
        rows: QuerySet[Any] = self.rtype.model.objects.deleted() if deleted else self.rtype.model.objects.alive()
        for needed in {"view", verb}:
            rows = self._within(rows, needed)
        return self._under_parents(rows, verb)

    def _within(self, rows: QuerySet[Any], verb: str) -> QuerySet[Any]:
        actor, scope = self.actor, self.scope(verb)
        if scope == "all":
            return rows
        if scope == "none" or actor.member is None:
            return rows.none()
        if scope == "own":
            reach = Q(owner=actor.member)
        elif scope == "team":
            reach = Q(owner__in=actor.teammate_ids) | Q(team__in=actor.team_ids)
        else:
            reach = Q(owner__in=actor.subtree_member_ids) | Q(team__in=actor.subtree_ids)
        shared = self.shared(verb)
        return rows.filter(reach | Q(pk__in=shared) if shared else reach)

    def shared(self, verb: str = "view") -> list[UUID]:
        """The records that `verb` reaches because they were shared with this actor. Sharing widens which records, not
        what one may do: where a role does not allow a verb at all, it stays so."""
        held = self.actor.shared.get(self.rtype.slug, {})
        if verb == "view":
            return list(held)
        return [] if verb == "delete" else [pk for pk, level in held.items() if level == "edit"]

    def condition(self, verb: str = "view") -> tuple[str, list[Any]] | None:
        """`records(verb)` as a condition of SQL, for statements that are not built anew for each request.

        None where it takes a query of its own: for rows that hang on another record.
        """
        if self.rtype.parent:
            return None
        parts, params = ["deleted_at IS NULL"], []
        for needed in {"view", verb}:
            part, values = self._condition(needed)
            parts += part
            params += values
        return " AND ".join(parts), params

    def _condition(self, verb: str) -> tuple[list[str], list[Any]]:
        """What `_within` says, in SQL."""
        actor, scope = self.actor, self.scope(verb)
        if scope == "all":
            return [], []
        if scope == "none" or actor.member is None:
            return ["false"], []
        params: list[Any]
        if scope == "own":
            reach, params = "owner_id = %s", [actor.member.pk]
        else:
            of_team = scope == "team"
            members = actor.teammate_ids if of_team else actor.subtree_member_ids
            teams = actor.team_ids if of_team else actor.subtree_ids
            reach, params = "owner_id = ANY(%s::uuid[]) OR team_id = ANY(%s::uuid[])", [list(members), list(teams)]
        if shared := self.shared(verb):
            reach, params = f"{reach} OR id = ANY(%s::uuid[])", [*params, shared]
        return [f"({reach})"], params

    def _under_parents(self, rows: QuerySet[Any], verb: str) -> QuerySet[Any]:
        """Rows that hang on another record (a note about a deal) are in reach only where that record is. Those that
        hang on none (a task for oneself) are so where they are one's own, or where the scope of "alone" says."""
        if not self.rtype.parent:
            return rows
        reach = Q(pk__in=[])
        for parent in self.rtype.parent_types():
            access = self.actor.access(parent)
            if access.scope("view") != "none":
                # Asked row by row: a list of all the records that rows might hang on would be read for a few of them.
                is_there = Q(Exists(access.records().filter(pk=OuterRef("about_id"))), about_type=parent.slug)
                reach |= is_there & self.rtype.under(access, verb)
        if self.rtype.may_stand_alone:
            reach |= Q(about_id=None) & self._alone()
        return rows.filter(reach)

    def _alone(self) -> Q:
        """Of rows that hang on nothing: those that are mine or that I handed to somebody, and those in scope."""
        actor, scope = self.actor, "own" if self.rtype.alone_is_own else self.scope("alone")
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
        if record is not None and not self.rtype.allows(self.actor, verb, record):
            return False
        if record is None or scope in ("none", "all"):
            return scope != "none"
        if record.pk in self.shared(verb):
            return True
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

    def readable(self, record: Record | None = None) -> Mapping[str, FieldSpec]:
        """The fields one reads in full on every record, or on this one. Only by these may rows be asked for: filtered,
        sorted, grouped, searched, compared, added up."""
        fields = self._fields
        return fields.readable_own if record is not None and fields.has_own and self.is_own(record) else fields.readable

    def editable(self, record: Record | None = None) -> Mapping[str, FieldSpec]:
        """The fields one may change on every record, or on this one. A record that is being made is one's own."""
        fields = self._fields
        return fields.editable_own if record is not None and fields.has_own and self.is_own(record) else fields.editable

    def shown(self, record: Record | None = None) -> Mapping[str, FieldSpec]:
        """The fields one sees something of, in their order: those in full, and masked ones as specs of which nothing
        but the last characters can be read. Over several records also those that are read on one's own only, as specs
        that are empty on others."""
        fields = self._fields
        if record is not None:
            return fields.shown_own if fields.has_own and self.is_own(record) else fields.shown
        return self._shown_over_many

    @cached_property
    def _shown_over_many(self) -> Mapping[str, FieldSpec]:
        fields, member = self._fields, self.actor.member
        if not fields.on_own or member is None or not self.rtype.is_owned:
            return fields.shown
        return {
            name: spec.on_own(member.pk) if name in fields.on_own else fields.shown[name]
            for name, spec in fields.specs.items()
            if name in fields.shown or name in fields.on_own
        }

    def is_own(self, record: Record) -> bool:
        if not self.rtype.is_owned or self.actor.member is None:
            return False
        return record.owner_id == self.actor.member.pk or record.is_new

    def level(self, name: str) -> Level:
        """What one may do with a field, by the rules alone."""
        return self._fields.levels[name]

    @cached_property
    def _fields(self) -> Fields:
        """Derived once for the same rules and the same specs; other rules and other specs are other objects."""
        rules, rtype, specs = self.actor.rules, self.rtype, self.rtype.specs()
        kept: Fields | None = rules.derived.get(rtype.slug)
        if kept is None or kept.specs is not specs:
            levels = {name: rules.level(rtype.slug, rtype.group, name) for name in specs}
            for name, right in rtype.field_rights.items():
                if not rules.may_system(right):
                    levels[name] = NOTHING
            for name, mirrors in rtype.mirrors.items():
                for mirror in mirrors:  # whoever reads the rows reads what stands in them
                    levels[name] &= levels[mirror]
            kept = rules.derived[rtype.slug] = Fields(specs, levels)
        return kept

    def related(self, spec: FieldSpec) -> QuerySet[Any]:
        """The records a relation may point at, for this actor: pickers, cells and writes all take these."""
        return self.actor.access(spec.related_type).records()


class Fields:
    """Which of a type's fields some rules let one see, read and edit; what ends with `_own` holds on one's own
    records."""

    def __init__(self, specs: Mapping[str, FieldSpec], levels: Mapping[str, Level]) -> None:
        self.specs, self.levels = specs, levels
        self.has_own = any(level.own != level.everywhere for level in levels.values())
        self.readable = self._from("read", own=False)
        self.editable = self._editable(own=False)
        self.shown = self._shown(self.readable, own=False)
        self.readable_own = self._from("read", own=True) if self.has_own else self.readable
        self.editable_own = self._editable(own=True) if self.has_own else self.editable
        self.shown_own = self._shown(self.readable_own, own=True) if self.has_own else self.shown
        # Read on one's own records, and unknown on others.
        self.on_own = self.readable_own.keys() - self.shown.keys()

    def _from(self, least: str, *, own: bool) -> dict[str, FieldSpec]:
        wanted = LEVELS.index(least)
        return {name: spec for name, spec in self.specs.items() if LEVELS.index(self.levels[name][own]) >= wanted}

    def _editable(self, *, own: bool) -> dict[str, FieldSpec]:
        return {name: spec for name, spec in self._from("edit", own=own).items() if not spec.read_only}

    def _shown(self, readable: Mapping[str, FieldSpec], *, own: bool) -> dict[str, FieldSpec]:
        told = self._from("masked", own=own)
        return {name: readable[name] if name in readable else spec.masked() for name, spec in told.items()}
