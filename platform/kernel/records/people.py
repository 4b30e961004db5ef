"""What must stay true of members and teams, whoever changes them and through whichever door."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.access.models import ApiKey, Invitation, Member, Role, Team


def one_at_a_time() -> None:
    """Let changes that must see each other (who is an administrator, what a tree looks like) wait for one another
    until the transaction ends."""
    list(Role.objects.filter(code="admin").select_for_update(no_key=True).values_list("pk", flat=True))


def admin_roles() -> set[UUID]:
    """The roles that may do everything, whatever they are called."""
    rules = Role.objects.alive().values_list("pk", "rules")
    return {pk for pk, rule in rules if "*" in rule.get("system", ())}


def administrators() -> QuerySet[Member]:
    """Those who can sign in and open the settings to anybody else."""
    return Member.objects.alive().filter(active=True, identity__isnull=False, roles__in=admin_roles()).distinct()


def check_member(member: Member, roles: Iterable[UUID], actor: Actor, changed: set[str]) -> None:
    """Nobody shuts themselves out, and the last administrator stays one."""
    roles = set(roles)
    is_gone = not member.active or member.deleted_at is not None
    if not member.is_new and "roles" in changed and not admin_roles() & roles:
        # A key never does more than its member may: one with a role they just lost ends with it.
        keys = ApiKey.objects.filter(member=member.pk, revoked_at=None, role__isnull=False)
        keys.exclude(role__in=roles).update(revoked_at=timezone.now())
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


def check_role(role: Role, changed: set[str]) -> None:
    """A role that somebody has is not deleted under them, and its code, by which commands know it, stays."""
    if role.is_new:
        return
    if role.deleted_at is not None:
        one_at_a_time()
        keys = ApiKey.objects.filter(role=role.pk, revoked_at=None)
        if Member.objects.alive().filter(roles=role.pk).exists() or keys.exists():
            problem = _("Members or keys still have this role. Give them another one first.")
            raise ValidationError(problem, code="in_use")
    elif "code" in changed and not Role.objects.filter(pk=role.pk, code=role.code).exists():
        problem = _("The code of a role cannot be changed. Change its name instead.")
        raise ValidationError({"code": ValidationError(problem, code="fixed")})


def check_team(team: Team) -> None:
    """One that is not empty is not deleted."""
    if team.deleted_at is None:
        return
    if Member.objects.alive().filter(teams=team).exists() or Team.objects.alive().filter(parent=team).exists():
        problem = _("This team still has members or teams below it. Move them first.")
        raise ValidationError(problem, code="not_empty")
