"""Letting people in and seeing them out: what the pages here, the members page and commands do."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Actor, format_for
from kernel.access.models import Invitation, Member
from kernel.access.rules import Rules
from kernel.accounts.models import Identity, Membership, Session
from kernel.accounts.tasks import post
from kernel.events.names import tell
from kernel.events.noting import note_member
from kernel.records.change import edit
from kernel.records.types import registry
from kernel.tenancy.context import get_tenant
from kernel.web.accounts.invitations import new_invitation, spend
from kernel.web.accounts.tasks import send_invitation

JOINED = tell("member.joined", _("%(who)s accepted the invitation"))

# What everybody may change about themselves, whatever their roles say of members.
MINE = {
    "types": {
        "members": {"verbs": {"*": "none", "view": "all", "edit": "all"}, "fields": {"*": "none", "name": "edit"}}
    }
}


def invite(member: Member, by: Member | None = None) -> Invitation:
    """Invite a member by mail, once this transaction is through. An invitation sent before stops working."""
    invitation = new_invitation(member, by)
    post(send_invitation, str(get_tenant().pk), str(invitation.pk))
    return invitation


def rename(member: Member, name: str) -> None:
    """What a member is called, changed by themselves."""
    myself = Actor(member, Rules([MINE]), "page", format_for(member))
    edit(myself.access(registry["members"]), Member.objects.get(pk=member.pk), {"name": name})


def accept(invitation: Invitation, identity: Identity, name: str = "") -> bool:
    """Let the identity in as the invited member. False if the link was used meanwhile, or the person is in already.

    The platform's side is written first: should the tenant's side fail, a membership without a member lets nobody in.
    """
    Membership.objects.get_or_create(identity=identity, tenant_id=get_tenant().pk)
    try:
        with transaction.atomic():
            linked = Member.objects.filter(pk=invitation.member_id, identity=None).update(identity=identity.pk)
            if not linked or not spend(invitation):
                return False
            if name and name != invitation.member.name:
                rename(invitation.member, name)
            note_member(JOINED, invitation.member_id, by=invitation.member_id)
            return True
    except IntegrityError:
        return False


def see_out(member: Member) -> None:
    """Take a member's way in, at once: the tenant leaves their list of workspaces and their sessions here end.

    The caller makes the member inactive, which already refuses them; this clears up after it.
    """
    if member.identity is None:
        return
    Membership.objects.filter(identity=member.identity, tenant_id=get_tenant().pk).delete()
    Session.objects.filter(identity=member.identity, tenant_id=get_tenant().pk).delete()
