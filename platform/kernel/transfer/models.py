"""What importing remembers (columns and labels that somebody matched), and the rows it refused."""

from django.db import models
from django.utils import timezone

from kernel.runs.models import Run


class KnownColumns(models.Model):
    """How a file with these headers was mapped the last time. Kept before the run begins: no failure loses it."""

    id = models.BigAutoField(primary_key=True)
    slug = models.CharField(max_length=50)
    signature = models.CharField(max_length=64)
    mapping = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "signature"], name="known_columns_once")]


class KnownLabel(models.Model):
    """What a label that no record has stands for: "GTXPro" is the product GTX Pro; an empty value is nothing."""

    id = models.BigAutoField(primary_key=True)
    slug = models.CharField(max_length=50)
    field = models.CharField(max_length=100)
    label_key = models.CharField(max_length=600)
    value = models.CharField(max_length=100, blank=True)

    GOES_WITH_A_PERSON = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "field", "label_key"], name="known_label_once")]


class Problem(models.Model):
    """A row that a run refused, with the reasons and its cells as they stood in the file.

    For a run that takes an import back: a record that kept a later change. Written with the batch that met it.
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE, related_name="problems", db_index=False)
    row = models.PositiveIntegerField(null=True)
    reasons = models.JSONField(default=list)
    cells = models.JSONField(default=list)

    GOES_WITH_A_PERSON = True

    class Meta:
        indexes = [models.Index(fields=["run", "id"], name="problem_run")]
