"""What the platform knows about each tenant's schema, and which tenants have work waiting."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class TemplateSchema(models.Model):
    """A tenant's empty schema as SQL, compiled from the migrations whose hash it is filed under."""

    head_hash = models.CharField(max_length=64, primary_key=True)
    statements = models.JSONField()
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.head_hash[:12]


class SchemaVersion(models.Model):
    """Which migrations a tenant's schema is at, what its role may do and which starters ran in it, and how the last
    attempt to bring it further ended."""

    class State(models.TextChoices):
        OK = "ok"
        RUNNING = "running"
        FAILED = "failed"

    tenant = models.OneToOneField(
        settings.TENANT_MODEL, models.CASCADE, primary_key=True, related_name="schema_version"
    )
    head_hash = models.CharField(max_length=64, blank=True)
    rights_hash = models.CharField(max_length=64, blank=True)
    starters_hash = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OK)
    error = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.state} {self.head_hash[:12]}"


class PendingWork(models.Model):
    """That a tenant may have work which a lost message left lying: the sweep looks at these tenants alone."""

    tenant = models.OneToOneField(settings.TENANT_MODEL, models.CASCADE, primary_key=True, related_name="+")
    marked_at = models.DateTimeField()
    swept_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["swept_at"], name="pending_swept")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.marked_at}"


class Wake(models.Model):
    """That a tenant has work at a moment to come, when it is marked as pending (`kernel.tenancy.pending.wake_at`)."""

    tenant = models.OneToOneField(settings.TENANT_MODEL, models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="wake_at")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.at}"


class SealedUpTo(models.Model):
    """The last seal over a tenant's events (kernel.events.sealing). Kept here, in another database than the seals, so
    that it is noticed when the last ones are taken away."""

    tenant = models.OneToOneField(settings.TENANT_MODEL, models.CASCADE, primary_key=True, related_name="+")
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.number} {self.hash[:12]}"
