"""Who of this workspace came back from its provider. Its word is good for members here and for nothing else.

An address that the provider vouches for finds the identity that has it, whoever else that person works for; but the
session that comes of it is one of this workspace (`kernel.web.by_provider`), so that an administrator, who chooses the
provider, gets into no other workspace and changes nothing of the identity.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kernel.access.actor import operator
from kernel.access.models import Member, Provider, Subject
from kernel.accounts import oidc
from kernel.accounts.addresses import check_email
from kernel.accounts.models import Identity, Membership
from kernel.events.names import tell
from kernel.events.noting import note_member
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import get_tenant

LINKED = tell("member.came_by_provider", gettext_lazy("%(who)s signed in by the company’s provider for the first time"))


class NotAdmitted(Exception):
    """The provider is believed, but this person does not come in. `sentence` is for them, `code` for the log."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code, self.sentence = code, sentence


def admit(provider: Provider, said: dict[str, Any]) -> tuple[Identity, Member, bool]:
    """The identity and the member, and whether they are here for the first time."""
    email = _address(provider, said)
    known = Subject.objects.select_related("member").filter(issuer=provider.issuer, subject=said["sub"]).first()
    if known is not None:
        return _identity_of(known.member), _seen(known), False
    try:
        with transaction.atomic(), transaction.atomic("platform"):
            return _first_time(provider, said, email)
    except IntegrityError:  # in two windows at once; or it is somebody's who was removed
        raise NotAdmitted(
            "at-once", _("This did not work. Try again, or ask an administrator of your workspace.")
        ) from None


def factor(provider: Provider, said: dict[str, Any]) -> str:
    """What stands for the second step that a role may ask for; "" where nothing does."""
    shown = said.get("amr")
    return "provider" if provider.does_second_step or (isinstance(shown, list) and oidc.TWICE in shown) else ""


def _address(provider: Provider, said: dict[str, Any]) -> str:
    email, verified = _spelled(said.get("email")), said.get("email_verified")
    # Some say nothing of it, Microsoft's among them; what is said to be unverified never counts.
    is_theirs = verified is True or verified == "true" or (verified is None and provider.vouches_for_addresses)
    if not email or not is_theirs:
        text = _("%(provider)s does not say that your e-mail address is yours. An administrator there can verify it.")
        raise NotAdmitted("unverified", text % {"provider": provider.name})
    if email.rpartition("@")[2] not in provider.domains:
        text = _("Addresses such as %(email)s are not let in here. An administrator of this workspace can allow them.")
        raise NotAdmitted("domain", text % {"email": email})
    return email


def _spelled(given: Any) -> str:
    """An address as we keep it; "" for what is none, or what would have to be read as another one: a mailbox with
    letters that are not seen, or digits of another alphabet, is not the one without."""
    text = given.strip() if isinstance(given, str) else ""
    try:
        email = check_email(text)
    except ValidationError:
        return ""
    return email if text.isascii() and text.lower() == email else ""


def _identity_of(member: Member) -> Identity:
    identity = Identity.objects.filter(pk=member.identity, is_active=True).first() if member.identity else None
    if identity is None or not member.active or member.deleted_at is not None:
        raise _out()
    return identity


def _out() -> NotAdmitted:
    return NotAdmitted("out", _("Your account in this workspace was closed. An administrator can open it again."))


def _seen(subject: Subject) -> Member:
    Subject.objects.filter(pk=subject.pk).update(last_used_at=timezone.now())
    return subject.member


def _first_time(provider: Provider, said: dict[str, Any], email: str) -> tuple[Identity, Member, bool]:
    identity = Identity.objects.with_email(email)
    member = _member_with(identity, email)
    if identity is None:
        name = member.name if member else _name(said, email)
        language = (get_language() or "en")[:2]
        identity = Identity.objects.new(email=email, name=name, password=None, language=language)
    elif not identity.is_active:
        raise _out()
    # The platform's side first: should the rest fail, a membership without a member lets nobody in.
    Membership.objects.get_or_create(identity=identity, tenant_id=get_tenant().pk)
    is_new = member is None
    if member is None:
        member = _new_member(provider, said, email)
    if member.identity is None:
        Member.objects.filter(pk=member.pk, identity=None).update(identity=identity.pk)
    _link(provider, member, said["sub"])
    note_member(LINKED, member.pk, by=member.pk)
    return identity, member, is_new


def _member_with(identity: Identity | None, email: str) -> Member | None:
    """Whose address this is: of a member who signs in, by the identity, since others may write what stands in a
    member's row; of one who was invited, by that row."""
    mine = Q(email=email, identity=None) | (Q(identity=identity.pk) if identity else Q(pk=None))
    found = list(Member.objects.filter(mine))
    alive = [member for member in found if member.deleted_at is None]
    if any(not member.active for member in alive) or (found and not alive):
        raise _out()
    alive.sort(key=lambda member: member.identity is None)
    if not alive and Member.objects.alive().filter(email=email).exists():
        text = _("A member of this workspace has your address, but signs in with another. Ask an administrator.")
        raise NotAdmitted("address", text)
    return alive[0] if alive else None


def _new_member(provider: Provider, said: dict[str, Any], email: str) -> Member:
    role = provider.role
    if role is None or role.deleted_at is not None or "*" in role.rules.get("system", ()):
        raise NotAdmitted(
            "role", _("You are not a member here yet. Ask an administrator of this workspace to invite you.")
        )
    values = {"name": _name(said, email), "email": email, "roles": [role.pk]}
    try:
        made: Member = create(operator("page").access(registry["members"]), values)
    except ValidationError as error:
        raise NotAdmitted("member", " ".join(error.messages)) from None
    return made


def _name(said: dict[str, Any], email: str) -> str:
    given = said.get("name")
    # What PostgreSQL can't keep: no character at all, and half of one.
    text = given.replace("\x00", "").encode(errors="replace").decode() if isinstance(given, str) else ""
    return " ".join(text.split())[:150] or email.partition("@")[0]


def _link(provider: Provider, member: Member, subject: str) -> None:
    """A member is one account of the provider: another one with the same address is somebody else, come after them."""
    held = Subject.objects.filter(member=member).first()
    if held is not None and held.issuer == provider.issuer:
        text = _("Your address is that of a member who signs in by another account of %(provider)s.")
        raise NotAdmitted("other-account", text % {"provider": provider.name})
    Subject.objects.filter(member=member).delete()
    Subject.objects.create(member=member, issuer=provider.issuer, subject=subject)
