"""What one may do with something planned: have it done, put it off, hand it over."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.lib.planning import put_off
from kernel.records.change import assign, change


def done(record: Any, access: Access, version: int | None = None, **values: Any) -> Any:
    """Done now; of a call with its outcome."""
    with change(record, f"{access.rtype.name}.done", access, version=version, given=set(values)):
        record.done_at = timezone.now()
        assign(access, record, values)
    return record


def reopen(record: Any, access: Access, version: int | None = None) -> Any:
    with change(record, f"{access.rtype.name}.reopened", access, version=version):
        record.done_at = None
    return record


def snooze(record: Any, access: Access, version: int | None = None, to: str | None = None, **values: Any) -> Any:
    """To a named moment in the actor's own calendar and zone, or to a given one."""
    name = access.rtype.due_field
    due: datetime | None = values.get(name)
    held = getattr(record, name)
    if due and held and due == held.replace(second=0, microsecond=0):
        due = None  # as the form was drawn
    if bool(to) == bool(due):
        raise ValidationError({"to": ValidationError(_("Say until when: a word or a date."), code="required")})
    with change(record, f"{access.rtype.name}.snoozed", access, version=version):
        if due is None and to:
            fmt = access.actor.format
            due = put_off(to, timezone.now(), getattr(record, name), fmt.calendar, fmt.timezone)
        assign(access, record, {name: due})
    return record


def reassign(record: Any, access: Access, version: int | None = None, owner: UUID | None = None) -> Any:
    """To another member, whose list it is on from now."""
    with change(record, f"{access.rtype.name}.reassigned", access, version=version, given={"owner"}):
        assign(access, record, {"owner": owner})
    return record
