"""What must stay true of members and teams, whoever changes them and through whichever door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.access.models import ApiKey, Invitation, Member, Role, Team
from kernel.access.rules import Rules
from kernel.events.keys import revoke
from kernel.runs.models import Run


def one_at_a_time() -> None:
    """Let changes that must see each other (who is an administrator, what a tree looks like) wait for one another
    until the transaction ends."""
    list(Role.objects.filter(code="admin").select_for_update(no_key=True).values_list("pk", flat=True))


def admin_roles() -> set[UUID]:
    """The roles that may do everything, whatever they are called."""
    rules = Role.objects.alive().values_list("pk", "rules")
    return {pk for pk, rule in rules if "*" in rule.get("system", ())}


def administrators(but: Role | None = None) -> QuerySet[Member]:
    """Those who can sign in and open the settings to anybody else."""
    roles = admin_roles() - ({but.pk} if but else set())
    return Member.objects.alive().filter(active=True, identity__isnull=False, roles__in=roles).distinct()


def groups() -> dict[str, str]:
    """Which group of types each one is of, as rules name it."""
    from kernel.records.types import registry  # which the types of people are in

    return {slug: rtype.group for slug, rtype in registry.items()}


def may_grant(actor: Actor, *rules: dict[str, Any]) -> bool:
    """Whether this actor may hand out, or take, what these rules allow: nobody more than they have."""
    return actor.may_system("*") or actor.rules.covers(Rules(rules), groups())


def as_seen(actor: Actor, run: Run) -> Run:
    """A run without what came out, where that was seen by rules wider than the actor's are by now."""
    if run.rules is not None and not may_grant(actor, *run.rules):
        run.result = {}
    return run


def grantable(actor: Actor) -> list[Role]:
    """The roles that this actor may give."""
    return [role for role in Role.objects.alive().order_by("label_key", "pk") if may_grant(actor, role.rules)]


def _rules_of(roles: Iterable[UUID]) -> list[dict[str, Any]]:
    return list(Role.objects.filter(pk__in=list(roles), deleted_at=None).values_list("rules", flat=True))


def _check_grant(member: Member, roles: set[UUID], actor: Actor, changed: set[str]) -> None:
    """Roles, and the ways to act under them, are given and taken by those who may do as much."""
    if actor.may_system("*"):
        return
    held = (
        set()
        if member.is_new
        else set(Member.roles.through.objects.filter(member=member).values_list("role", flat=True))
    )
    touched = roles ^ held if "roles" in changed or member.is_new else set()
    if (changed & {"email", "active"} or _comes_or_goes(member)) and actor.member != member:
        touched |= held | roles
    if touched and not may_grant(actor, *_rules_of(touched)):
        problem = _("You can only give or take what your own role allows.")
        raise ValidationError({"roles": ValidationError(problem, code="beyond")})
    if actor.member == member and any(rules.get("sign_in") for rules in _rules_of(held - roles)):
        problem = _("Somebody else takes from you a role that asks more of your sign-in.")
        raise ValidationError({"roles": ValidationError(problem, code="yourself")})
    if "teams" in changed and actor.member == member and not member.is_new:
        raise ValidationError({"teams": ValidationError(_("Somebody else chooses your teams."), code="yourself")})


def _comes_or_goes(member: Member) -> bool:
    """Whether this takes somebody to the trash, or back from there with all that they may do."""
    is_there = Member.objects.alive().filter(pk=member.pk).exists()
    return not member.is_new and is_there != (member.deleted_at is None)


def rules_of(member: Member) -> list[dict[str, Any]]:
    return _rules_of(member.roles.values_list("pk", flat=True))


def check_invitation(member: Member, actor: Actor) -> None:
    """Whoever lets somebody in hands them their roles."""
    if not may_grant(actor, *rules_of(member)):
        raise ValidationError(_("You can only give or take what your own role allows."), code="beyond")


def check_member(member: Member, roles: Iterable[UUID], actor: Actor, changed: set[str]) -> None:
    """Nobody shuts themselves out, and the last administrator stays one."""
    roles = set(roles)
    _check_grant(member, roles, actor, changed)
    is_gone = not member.active or member.deleted_at is not None
    if not member.is_new and "roles" in changed and not admin_roles() & roles:
        # A key never does more than its member may: one with a role they just lost ends with it.
        may = Rules(_rules_of(roles))
        keys = ApiKey.objects.filter(member=member.pk, revoked_at=None, role__isnull=False)
        held = keys.values_list("pk", "role__rules")
        _end((pk for pk, rules in held if not may.covers(Rules([rules]), groups())), actor)
    if not member.is_new and "email" in changed:
        # A link mailed to the old address must not open an account for the new one.
        open_ones = Invitation.objects.filter(member=member.pk, used_at=None)
        open_ones.exclude(member__email=member.email).delete()
    if member.is_new or not (is_gone or changed & {"roles", "active"}):
        return
    if is_gone and actor.member and actor.member.pk == member.pk:
        problem = _("You cannot deactivate yourself. Ask another administrator.")
        raise ValidationError({"active": ValidationError(problem, code="yourself")})
    one_at_a_time()
    if set(administrators().values_list("pk", flat=True)) != {member.pk}:
        return
    if is_gone or not admin_roles() & roles:
        problem = _("This is the only administrator who can sign in. Make somebody else an administrator first.")
        raise ValidationError({"active" if is_gone else "roles": ValidationError(problem, code="last_admin")})


def _end(keys: Iterable[UUID], actor: Actor) -> None:
    revoke(ApiKey.objects.filter(pk__in=list(keys)), actor)


def _end_keys_beyond(role: Role, actor: Actor) -> None:
    """Keys that would do more than their member may, once this role says what it is to say."""
    holds = Member.roles.through.objects
    asked = Q(role=role.pk) | Q(member__in=holds.filter(role=role.pk).values("member"))
    keys = list(ApiKey.objects.filter(asked, revoked_at=None, role__isnull=False).select_related("role"))
    held: dict[UUID, list[dict[str, Any]]] = {key.member_id: [] for key in keys}
    rows = holds.filter(member__in=list(held), role__deleted_at=None)
    for member, pk, rules in rows.values_list("member_id", "role_id", "role__rules"):
        held[member].append(role.rules if pk == role.pk else rules)
    may, known = {member: Rules(rules) for member, rules in held.items()}, groups()

    def is_beyond(key: ApiKey) -> bool:
        theirs, named = may[key.member_id], role if key.role is None or key.role_id == role.pk else key.role
        return not (theirs.may_system("*") or theirs.covers(Rules([named.rules]), known))

    _end((key.pk for key in keys if is_beyond(key)), actor)


def check_role(role: Role, actor: Actor, changed: set[str]) -> None:
    """A role allows no more than whoever changes it may do. One that somebody has is not deleted under them, and its
    code, by which commands know it, stays."""
    before = {} if role.is_new else Role.objects.values_list("rules", flat=True).get(pk=role.pk)
    if not may_grant(actor, before):
        problem = _("This role allows more than yours. Ask somebody who may do as much to change it.")
        raise ValidationError(problem, code="beyond")
    if not may_grant(actor, role.rules):
        problem = _("You can only give or take what your own role allows.")
        raise ValidationError({"rules": ValidationError(problem, code="beyond")})
    if role.is_new:
        return
    if role.rules.get("sign_in", {}) != before.get("sign_in", {}) and not actor.may_system("*"):
        problem = _("Only an administrator changes how one signs in with a role.")
        raise ValidationError({"rules": ValidationError(problem, code="beyond")})
    if role.rules != before:
        _end_keys_beyond(role, actor)
    if "*" in before.get("system", ()) and "*" not in role.rules.get("system", ()):
        one_at_a_time()
        if not administrators(but=role).exists():
            problem = _("Nobody who can sign in would be an administrator. Leave this role the right to everything.")
            raise ValidationError({"rules": ValidationError(problem, code="last_admin")})
    if role.deleted_at is not None:
        one_at_a_time()
        keys = ApiKey.objects.filter(role=role.pk, revoked_at=None)
        if Member.objects.alive().filter(roles=role.pk).exists() or keys.exists():
            problem = _("Members or keys still have this role. Give them another one first.")
            raise ValidationError(problem, code="in_use")
    elif "code" in changed and not Role.objects.filter(pk=role.pk, code=role.code).exists():
        problem = _("The code of a role cannot be changed. Change its name instead.")
        raise ValidationError({"code": ValidationError(problem, code="fixed")})


def check_team(team: Team, actor: Actor, changed: set[str]) -> None:
    """One that is not empty is not deleted, and nobody puts themselves at the head of one, or one below theirs."""
    if "lead" in changed and team.lead_id and actor.member and not actor.may_system("*"):
        before = None if team.is_new else Team.objects.values_list("lead", flat=True).get(pk=team.pk)
        if team.lead_id == actor.member.pk != before:
            raise ValidationError({"lead": ValidationError(_("Somebody else makes you the lead."), code="yourself")})
    if "parent" in changed and not team.is_new and not actor.may_system("*"):
        mine = actor.subtree_ids  # as it is so far: whoever sees the teams below theirs would see one more
        if team.parent_id in mine and team.pk not in mine:
            problem = _("You can only give or take what your own role allows.")
            raise ValidationError({"parent": ValidationError(problem, code="beyond")})
    if team.deleted_at is None:
        return
    if Member.objects.alive().filter(teams=team).exists() or Team.objects.alive().filter(parent=team).exists():
        problem = _("This team still has members or teams below it. Move them first.")
        raise ValidationError(problem, code="not_empty")
