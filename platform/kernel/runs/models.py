"""The run: one piece of long work (import, export, report), told and steered through its row."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.lib.ids import uuid7


class Run(models.Model):
    """Long work that survives its worker.

    The database is the truth and the broker only wakes: a worker takes the run by `lease_until` and `token` (a
    fencing token: a worker that lost its lease can write nothing more), works in chunks that commit together with
    `state` (where to go on), and tells `done` of `total`. `params` is what was asked, `result` what came out; where
    that shows records, `rules` are those that they were seen by.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting for its turn")
        RUNNING = "running", _("At work")
        WAITING = "waiting", _("Waiting for your answer")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    member = models.ForeignKey("access.Member", models.SET_NULL, null=True, related_name="+")
    role = models.ForeignKey("access.Role", models.SET_NULL, null=True, related_name="+", db_index=False)
    via = models.CharField(max_length=20)
    params = models.JSONField(default=dict)
    state = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    rules = models.JSONField(null=True)
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    token = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "-id"], name="run_kind"),
            models.Index(fields=["id"], name="run_open", condition=Q(status__in=["queued", "running"])),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def progress(self) -> float:
        """From 0 to 1."""
        if self.status == self.Status.DONE:
            return 1.0
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)
