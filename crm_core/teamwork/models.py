"""What members are told, what they are reminded of, and what they follow."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.access.models import Member
from kernel.lib.ids import uuid7


class Notification(models.Model):
    """Something one member was told. What it says is made when it is read: for that reader, from what is so by then.

    `key` is what keeps a thing from being said twice; several changes within some minutes share one and are `count`ed.
    `record_*` is what it is about, `events` the latest of what happened. `mail_at` is when mail is to go out, and until
    `mailed_at` a worker that died on the way is followed by another. One without `in_app` is mail alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey(Member, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=120)
    record_type = models.CharField(max_length=50, blank=True)
    record_id = models.UUIDField(null=True)
    events = models.JSONField(default=list)
    data = models.JSONField(default=dict)
    count = models.PositiveIntegerField(default=1)
    at = models.DateTimeField(default=timezone.now)
    in_app = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True)
    mail_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    is_digest = models.BooleanField(default=False)

    GOES_WITH_A_PERSON = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "key"], name="notification_once")]
        indexes = [
            models.Index(fields=["member", "-at", "-id"], name="notification_member", condition=Q(in_app=True)),
            models.Index(fields=["member"], name="notification_unread", condition=Q(in_app=True, read_at=None)),
            models.Index(fields=["at"], name="notification_at"),
            models.Index(
                fields=["mail_at"], name="notification_mail", condition=Q(mailed_at=None, mail_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Reminder(models.Model):
    """That a member is to be reminded of a record: written with the change that says so, gone with one that unsays it.

    `told_at` is set with the notification, in one transaction, and falls away when the record is due another time.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20)
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    due_at = models.DateTimeField()
    remind_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record_id", "kind", "member"], name="reminder_once")]
        indexes = [models.Index(fields=["remind_at"], name="reminder_waiting", condition=Q(told_at=None))]

    def __str__(self) -> str:
        return f"{self.record_type}:{self.record_id} {self.remind_at}"


class Follow(models.Model):
    """That a member follows a record, or with `is_on` unset that they do not, though it is theirs."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record_id", "member"], name="follow_once")]

    def __str__(self) -> str:
        return f"{self.member_id} {self.record_type}:{self.record_id}"


class Preferences(models.Model):
    """How a member wants to be told. `channels` is {kind: {"app": bool, "mail": "", "once" or "daily"}} as far as it
    differs from what everybody has (`preferences.KINDS`); quiet hours are clock times of the member's zone."""

    member = models.OneToOneField(Member, models.CASCADE, primary_key=True, related_name="+")
    channels = models.JSONField(default=dict)
    lead = models.CharField(_("remind me"), max_length=4, default="0")
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("until"), null=True, blank=True)

    def __str__(self) -> str:
        return str(self.member_id)


class Clock(models.Model):
    """The zone in which a member's days and rules stand. Where it is no longer the member's, what is meant by the clock
    is moved (`crm_core.teamwork.clocks`); `cursor` is how far that has come."""

    member = models.OneToOneField(Member, models.CASCADE, primary_key=True, related_name="clock")
    zone = models.CharField(max_length=64)
    cursor = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.member_id} {self.zone}"
