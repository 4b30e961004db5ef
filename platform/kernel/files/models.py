"""Which files a tenant keeps, and for how long. The bytes lie in Django's storage."""

from django.db import models
from django.utils import timezone

from kernel.lib.ids import uuid7


class StoredFile(models.Model):
    """`key` is where the storage has it, under the tenant's own prefix; `name` is what a person calls it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    member = models.ForeignKey("access.Member", models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)
    keep_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["keep_until"], name="file_expiry", condition=models.Q(keep_until__isnull=False))
        ]

    def __str__(self) -> str:
        return self.name
