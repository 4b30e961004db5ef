"""Recurring tasks: a row for each time, the next made when one is done."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_core.activities.models import Task
from kernel.access.actor import Actor, format_for, operator
from kernel.events.models import Event
from kernel.lib.calendars import parts
from kernel.lib.format import Format
from kernel.lib.planning import Repeat, at
from kernel.records.change import change
from kernel.records.types import RecordType

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CARRIED = (
    "subject", "body", "about_type", "about_id", "priority", "reminder", "owner_id", "team_id", "tags", "custom",
    "repeat", "repeat_days", "repeat_until", "repeat_day", "repeat_calendar",
)  # fmt: skip


def settle_rule(task: Task, actor: Actor, changed: set[str]) -> None:
    """Remember what the rule counts from. Putting one time off does not move the others."""
    if not task.repeat:
        task.repeat_days, task.repeat_until, task.repeat_count, task.repeat_from = [], None, None, None
        return
    if task.due_at is None:
        problem = _("Say when it is due the first time.")
        raise ValidationError({"due_at": ValidationError(problem, code="required")})
    if task.repeat_count == 0:
        raise ValidationError({"repeat_count": ValidationError(_("Use a number from 1 on."), code="range")})
    if task.repeat_from is None or changed & {"repeat", "due_at"}:
        task.repeat_from = task.due_at
        task.repeat_calendar = actor.format.calendar
        task.repeat_day = parts(actor.format.local(task.due_at).date(), task.repeat_calendar)[2]


def next_due(task: Task, fmt: Format, now: dt.datetime) -> dt.datetime | None:
    """When the task is due after this time, on the clock of whoever has it; None where the rule has ended."""
    if not (task.repeat and task.repeat_from) or task.repeat_count == 1:
        return None
    days = [WEEKDAYS.index(day) for day in task.repeat_days]
    rule = Repeat(task.repeat, task.repeat_calendar, days, task.repeat_day)
    local = fmt.local(task.repeat_from)
    day = rule.following(local.date(), fmt.local(now).date())
    if task.repeat_until and day > task.repeat_until:
        return None
    return at(day, local.time(), fmt.timezone)


def make_next(rtype: RecordType, task: Task, event: Event) -> None:
    """The task for the next time. It is made once, whoever else has it done meanwhile or takes that back."""
    access = operator("job").access(rtype)
    made = Task.objects.filter(follows=task.pk).first()
    if made is not None:
        if made.deleted_at:
            with change(made, "task.restored", access, change_set=event.change_set, cause=event.pk):
                made.deleted_at = None
        return
    due = next_due(task, format_for(task.owner), timezone.now())
    if due is None:
        return
    follower = Task(**{name: getattr(task, name) for name in CARRIED})
    given = {"owner", "team"}
    with change(follower, "task.created", access, given=given, change_set=event.change_set, cause=event.pk):
        follower.due_at = follower.repeat_from = due
        follower.repeat_count = task.repeat_count and task.repeat_count - 1
        follower.follows = task.pk


def take_next_back(rtype: RecordType, task: Task, event: Event) -> None:
    """A task that is open again has no next time yet, unless somebody has worked on that."""
    made = Task.objects.alive().filter(follows=task.pk, done_at=None, version__lte=2).first()
    if made is not None and Event.objects.filter(record_id=made.pk).exclude(member=None).first() is None:
        access = operator("job").access(rtype)
        with change(made, "task.deleted", access, change_set=event.change_set, cause=event.pk):
            made.deleted_at = timezone.now()
