"""What is left of erasing a person: that it was done, by whom, when, and how much of what went."""

from django.db import models
from django.utils import timezone

from kernel.lib.ids import uuid7


class Erasure(models.Model):
    """The certificate of one erasing. It holds nothing that the person was known by: `record_id` is the empty record
    that stands where they stood, `counts` says how much went of each class, `event` is the one that the audit log
    explains emptied events by, and `digest` is over all of this."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    record_type = models.CharField(max_length=50)
    record_id = models.UUIDField()
    member = models.ForeignKey("access.Member", models.SET_NULL, null=True, related_name="+", db_index=False)
    run = models.UUIDField(null=True)
    event = models.UUIDField(null=True)
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["record_id"], name="erasure_record")]

    def __str__(self) -> str:
        return f"{self.record_type}: {self.record_id}"
