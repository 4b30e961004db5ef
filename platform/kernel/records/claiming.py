"""Taking what is nobody's: whoever comes first has it, and the other is told who that was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from kernel.lib.text import isolated
from kernel.records.change import change
from kernel.records.types import registry

if TYPE_CHECKING:
    from kernel.access.actor import Access


def claim(record: Any, access: Access, version: int | None = None) -> Any:
    """Make it the actor's own. Its team stays: a queue keeps what was taken from it. Raises Stale where it has an owner
    by now."""
    if access.actor.member is None:
        raise PermissionDenied(_("Your role does not allow this."))
    given = {"owner", "team"} if record.team_id else {"owner"}
    with change(record, f"{access.rtype.name}.claimed", access, version=version, given=given):
        record.owner_id = access.actor.member.pk
    return record


def claimed_already(record: Any, access: Access) -> ValidationError:
    """By whom, as far as the actor may know."""
    actor = access.actor
    if actor.member is not None and record.owner_id == actor.member.pk:
        return ValidationError(_("You have taken this already."), code="claimed")
    members = actor.access(registry["members"])
    known = "owner" in access.readable() and members.may("view")
    owner = members.records().filter(pk=record.owner_id).first() if known else None
    if owner is None:
        return ValidationError(_("Somebody else was faster: this has an owner now."), code="claimed")
    told = _("%(who)s was faster: this has an owner now.") % {"who": isolated(owner.label)}
    return ValidationError(told, code="claimed")
