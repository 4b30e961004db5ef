"""Inviting, deactivating, bringing back: what the members page does, beside editing."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.actor import Actor
from kernel.access.models import ApiKey, Invitation, Member, Subject
from kernel.accounts.models import Membership
from kernel.accounts.tasks import post
from kernel.events import keys
from kernel.events.names import tell
from kernel.events.noting import note_member
from kernel.records.change import edit
from kernel.records.people import check_invitation, may_grant, rules_of
from kernel.records.types import RecordType, registry
from kernel.runs.models import Run
from kernel.runs.work import start
from kernel.tenancy.context import get_tenant, on_commit
from kernel.web.accounts.actions import invite, see_out
from kernel.web.accounts.second import send_factor_reset

INVITED = tell("member.invited", gettext_lazy("%(who)s invited this member"))
WITHDRAWN = tell("member.invitation_withdrawn", gettext_lazy("%(who)s withdrew the invitation"))
FACTOR_RESET = tell(
    "member.second_step_reset", gettext_lazy("%(who)s let this member sign in without the lost second step")
)
ACCOUNT_FORGOTTEN = tell(
    "member.provider_account_forgotten", gettext_lazy("%(who)s let this member come by another account of the provider")
)
VIEWED_AS = tell("member.viewed_as", gettext_lazy("%(who)s looked at the workspace through this member’s eyes"))


@dataclass(frozen=True)
class Status:
    """Where a member stands: a word, its colour, and what can be done about the way in."""

    code: str
    label: Any
    tone: str = ""


STATUSES = {
    status.code: status
    for status in (
        Status("active", gettext_lazy("Active"), "good"),
        Status("invited", gettext_lazy("Invited"), "accent"),
        Status("expired", gettext_lazy("Invitation expired"), "warn"),
        Status("outside", gettext_lazy("Without sign-in")),
        Status("deactivated", gettext_lazy("Deactivated"), "bad"),
    )
}


def statuses(members: list[Member]) -> dict[UUID, Status]:
    """One query for all of them."""
    now = timezone.now()
    waiting: dict[UUID, bool] = {}
    unused = Invitation.objects.filter(member__in=members, used_at=None).values_list("member_id", "expires_at")
    for pk, expires_at in unused:
        waiting[pk] = waiting.get(pk, False) or expires_at > now
    return {member.pk: STATUSES[_code(member, waiting)] for member in members}


def _code(member: Member, waiting: dict[UUID, bool]) -> str:
    if not member.active:
        return "deactivated"
    if member.identity is not None:
        return "active"
    return "outside" if member.pk not in waiting else "invited" if waiting[member.pk] else "expired"


def note(actor: Actor, name: str, member: Member, changes: dict[str, list[Any]] | None = None) -> None:
    """Something about a member that no field tells, for the history."""
    note_member(name, member.pk, by=actor.member.pk if actor.member else None, via=actor.via, changes=changes)


def send_invitation(actor: Actor, member: Member) -> None:
    """By mail; the link of an earlier one stops working."""
    if not member.email:
        raise ValidationError({"email": _("Type the e-mail address that the invitation goes to.")})
    if member.identity is not None or not member.active:
        raise ValidationError(_("This member cannot be invited: they have a sign-in, or were deactivated."))
    check_invitation(member, actor)
    invite(member, actor.member)
    note(actor, INVITED, member)


def may_reset_factor(actor: Actor, member: Member) -> bool:
    """Somebody else's, of whom one may give all the roles."""
    is_other = actor.member is not None and actor.member.pk != member.pk
    return is_other and member.active and member.identity is not None and may_grant(actor, *rules_of(member))


def reset_factor(actor: Actor, member: Member) -> None:
    """Their mailbox and their password get them in from here; the administrator alone gets nobody in."""
    assert actor.member is not None
    post(send_factor_reset, str(get_tenant().pk), str(member.identity), actor.member.name)
    note(actor, FACTOR_RESET, member)


def may_forget_account(actor: Actor, member: Member) -> bool:
    """Whoever has that address at the provider is this member from the next time on."""
    return may_reset_factor(actor, member) and Subject.objects.filter(member=member).exists()


def forget_account(actor: Actor, member: Member) -> None:
    Subject.objects.filter(member=member).delete()
    note(actor, ACCOUNT_FORGOTTEN, member)


def withdraw_invitation(actor: Actor, member: Member) -> bool:
    """The link in the mail stops working. False if there was none."""
    withdrawn = Invitation.objects.filter(member=member, used_at=None).delete()[0]
    if withdrawn:
        note(actor, WITHDRAWN, member)
    return bool(withdrawn)


def owned_types() -> list[RecordType]:
    return [rtype for rtype in registry.values() if rtype.is_owned and not rtype.is_written_once]


def owned(actor: Actor, rtype: RecordType, member_id: UUID) -> QuerySet[Any]:
    return actor.access(rtype).records("edit").filter(owner=member_id)


def holdings(actor: Actor, member: Member) -> list[tuple[RecordType, int]]:
    """What a member owns, by type."""
    counted = [(rtype, owned(actor, rtype, member.pk).count()) for rtype in owned_types()]
    return [(rtype, count) for rtype, count in counted if count]


def deactivate(actor: Actor, member: Member, successor: Member | None, version: int | None = None) -> None:
    """Out at once, with everything in somebody else's hands as soon as the run is through."""
    edit(actor.access(registry["members"]), member, {"active": False}, version=version)
    withdraw_invitation(actor, member)
    keys.revoke(ApiKey.objects.filter(member=member), actor)
    on_commit(lambda: see_out(member), robust=True)
    if successor is not None:
        hand_over(actor, member, successor)


def hand_over(actor: Actor, member: Member, successor: Member) -> Run:
    running = current_handover(member)
    if running is not None and running.is_open:
        return running
    title = _("Handover from %(leaver)s to %(successor)s") % {"leaver": member.name, "successor": successor.name}
    return start("handover", actor, title[:200], {"from": str(member.pk), "to": str(successor.pk)})


def current_handover(member: Member) -> Run | None:
    return Run.objects.filter(kind="handover", params__from=str(member.pk)).order_by("-pk").first()


def bring_back(actor: Actor, member: Member, version: int | None = None) -> None:
    """Active again. The platform's side first: a membership without an active member lets nobody in."""
    if member.identity is not None:
        Membership.objects.get_or_create(identity_id=member.identity, tenant_id=get_tenant().pk)
    edit(actor.access(registry["members"]), member, {"active": True}, version=version)
