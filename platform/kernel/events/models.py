"""The event row: history, timeline, audit trail, undo source and outbox in one."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from kernel.events.asking import from_where
from kernel.lib.ids import uuid7


class Event(models.Model):
    """Something that happened, in the past tense. Written in the transaction of the change itself.

    `changes` is {field: [before, after]} in canonical form (kernel.records.kinds). `about_*` names the parent of a
    child row, so that a note shows on the timeline of its deal. `change_set` joins the events of one act (an import).
    `ip` is where it was asked for, null for what the workspace did by itself. Seals (kernel.events.sealing) hold the
    row to what it said: `salt` hides values that were erased from whoever has their digest, `erased_by` is the event
    that names the erasure.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80)
    record_type = models.CharField(max_length=50, blank=True)
    record_id = models.UUIDField(null=True)
    about_type = models.CharField(max_length=50, blank=True)
    about_id = models.UUIDField(null=True)
    member = models.ForeignKey("access.Member", models.PROTECT, null=True, related_name="+")
    via = models.CharField(max_length=20)
    ip = models.GenericIPAddressField(null=True, default=from_where)
    changes = models.JSONField(default=dict)
    change_set = models.UUIDField(default=uuid7)
    cause = models.UUIDField(null=True)
    at = models.DateTimeField(default=timezone.now)
    fanned_out_at = models.DateTimeField(null=True)
    salt = models.UUIDField(default=uuid4, editable=False)
    sealed_in = models.BigIntegerField(null=True)
    erased_by = models.UUIDField(null=True)

    # Nobody changes what happened: PostgreSQL refuses it to the role of a tenant.
    APPEND_ONLY = ("fanned_out_at", "sealed_in")

    class Meta:
        indexes = [
            models.Index(fields=["record_id", "id"], name="event_record"),
            models.Index(fields=["about_id", "id"], name="event_about", condition=Q(about_id__isnull=False)),
            models.Index(fields=["change_set", "id"], name="event_change_set"),
            models.Index(fields=["id"], name="event_waiting", condition=Q(fanned_out_at=None)),
            models.Index(fields=["id"], name="event_not_sealed", condition=Q(sealed_in=None)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.record_id}"


class Seal(models.Model):
    """That these events were there and said this. Each seal holds the one before it, so none can be taken out.

    `entries` are ids of events and their digests, one after the other. `hash` is over all of it and the hash before.
    """

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    entries = models.BinaryField()
    hash = models.CharField(max_length=64)

    APPEND_ONLY = ()

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:12]}"


class Retention(models.Model):
    """How long the company keeps events: one row, made when they first choose; without years for ever."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    only = models.BooleanField(default=True, editable=False)
    years = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["only"], name="retention_once"),
            models.CheckConstraint(condition=Q(years=None) | Q(years__gte=1), name="retention_a_year_at_least"),
        ]

    def __str__(self) -> str:
        return f"{self.years or 'for ever'}"


class Reaction(models.Model):
    """That a subscriber has dealt with an event: written with its effect, so a repeated message does nothing twice."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(Event, models.CASCADE, related_name="reactions", db_index=False)
    subscriber = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "subscriber"], name="reaction_once")]
