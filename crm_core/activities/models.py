"""What people write down, plan and do about records."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.access.models import Record


class Lead(models.TextChoices):
    """How long before it is due somebody is reminded of it; blank is what they chose for all of theirs."""

    NONE = "none", pgettext_lazy("reminder", "Not at all")
    AT_TIME = "0", _("When it is due")
    MINUTES = "10", _("10 minutes before")
    HOUR = "60", _("1 hour before")
    DAY = "1440", _("1 day before")


class Note(Record):
    """About one record of any type: seen by whoever may see that record."""

    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("note"), max_length=20_000)
    about_type = models.CharField(max_length=50)
    about_id = models.UUIDField(_("about"))

    class Meta(Record.Meta):
        indexes = [*Record.Meta.indexes, models.Index(fields=["about_id", "created_at"], name="note_about")]


class Task(Record):
    """Something to do, about a record or about none. Open while `done_at` is empty.

    A recurring one is a row for each time. `repeat_from` is the moment of the rule that this row stands for, which
    putting it off does not move; `follows` is the task whose doing made this one: two clicks make one.
    `planned_by` is the entry of a playbook that it was made for.
    """

    class Priority(models.TextChoices):
        LOW = "low", pgettext_lazy("priority", "Low")
        NORMAL = "normal", pgettext_lazy("priority", "Normal")
        HIGH = "high", pgettext_lazy("priority", "High")

    class Repeat(models.TextChoices):
        DAILY = "daily", _("Every day")
        WEEKLY = "weekly", _("Every week")
        MONTHLY = "monthly", _("Every month")
        YEARLY = "yearly", _("Every year")

    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("details"), max_length=20_000, blank=True)
    about_type = models.CharField(max_length=50, blank=True)
    about_id = models.UUIDField(_("about"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    reminder = models.CharField(_("reminder"), max_length=4, choices=Lead.choices, blank=True)
    priority = models.CharField(_("priority"), max_length=6, choices=Priority.choices, default=Priority.NORMAL)
    repeat = models.CharField(_("repeats"), max_length=7, choices=Repeat.choices, blank=True)
    repeat_days = models.JSONField(_("on these days"), default=list, blank=True)
    repeat_until = models.DateField(_("until"), null=True, blank=True)
    repeat_count = models.PositiveSmallIntegerField(_("times left"), null=True, blank=True)
    repeat_from = models.DateTimeField(null=True, editable=False)
    repeat_day = models.PositiveSmallIntegerField(default=0, editable=False)
    repeat_calendar = models.CharField(max_length=9, blank=True, editable=False)
    follows = models.UUIDField(null=True, editable=False)
    planned_by = models.UUIDField(null=True, editable=False)

    class Meta(Record.Meta):
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["about_id", "due_at"], name="task_about", condition=Q(deleted_at=None)),
            models.Index(
                fields=["owner", "due_at", "id"], name="task_open", condition=Q(deleted_at=None, done_at=None)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["follows"], name="task_follows_once", violation_error_message=_("This has been done already.")
            )
        ]


class Call(Record):
    """A telephone call: planned while `done_at` is empty, else one that was made or tried."""

    class Direction(models.TextChoices):
        OUT = "out", _("Outgoing")
        IN = "in", _("Incoming")

    class Outcome(models.TextChoices):
        REACHED = "reached", _("Reached")
        NO_ANSWER = "no_answer", pgettext_lazy("outcome of a call", "No answer")
        BUSY = "busy", _("Busy")
        WRONG_NUMBER = "wrong_number", _("Wrong number")
        LEFT_MESSAGE = "left_message", _("Left a message")

    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("what was said"), max_length=20_000, blank=True)
    about_type = models.CharField(max_length=50)
    about_id = models.UUIDField(_("about"))
    at = models.DateTimeField(_("time"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    reminder = models.CharField(_("reminder"), max_length=4, choices=Lead.choices, blank=True)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction.choices, default=Direction.OUT)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices, blank=True)
    duration = models.PositiveSmallIntegerField(_("minutes"), null=True, blank=True)

    class Meta(Record.Meta):
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["about_id", "at"], name="call_about", condition=Q(deleted_at=None)),
            models.Index(fields=["owner", "at", "id"], name="call_open", condition=Q(deleted_at=None, done_at=None)),
        ]


class Meeting(Record):
    """`participants` are members and contacts: ["members:ID", "contacts:ID"]."""

    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("minutes of the meeting"), max_length=20_000, blank=True)
    about_type = models.CharField(max_length=50)
    about_id = models.UUIDField(_("about"))
    at = models.DateTimeField(_("time"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    duration = models.PositiveSmallIntegerField(_("minutes"), null=True, blank=True)
    reminder = models.CharField(_("reminder"), max_length=4, choices=Lead.choices, blank=True)
    place = models.CharField(_("place"), max_length=200, blank=True)
    participants = models.JSONField(_("participants"), default=list, blank=True)

    class Meta(Record.Meta):
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["about_id", "at"], name="meeting_about", condition=Q(deleted_at=None)),
            models.Index(fields=["owner", "at", "id"], name="meeting_open", condition=Q(deleted_at=None, done_at=None)),
            GinIndex(fields=["participants"], name="meeting_participants", opclasses=["jsonb_path_ops"]),
        ]
