"""What the API remembers: the first answer to each `Idempotency-Key`, for a day."""

from django.db import models
from django.utils import timezone

from kernel.lib.ids import uuid7


class IdempotentAnswer(models.Model):
    """Written in the transaction of the effect it answers, so that either both are there or neither."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("access.Member", models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="")
    created_at = models.DateTimeField(default=timezone.now)

    GOES_WITH_A_PERSON = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "key"], name="idempotent_answer_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_answer_age")]

    def __str__(self) -> str:
        return self.key
