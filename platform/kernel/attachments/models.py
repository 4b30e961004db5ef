"""Files that hang on records: a record of its own for each, its versions, and uploads that are under way."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.access.models import Record
from kernel.lib.ids import uuid7


class File(Record):
    """About one record of any type: seen by whoever may see that record, and the field if it was uploaded for one of
    the tenant's own. Until that record is saved it is about none, and its uploader's alone. `stored`, `size`,
    `content_type` and `number` are those of its current version, `previewed` whether a browser may show that without
    harm."""

    name = models.CharField(_("name"), max_length=200)
    about_type = models.CharField(max_length=50, blank=True)
    about_id = models.UUIDField(_("about"), null=True, blank=True)
    field = models.UUIDField(null=True, editable=False)
    size = models.BigIntegerField(_("size in bytes"), editable=False, default=0)
    content_type = models.CharField(_("type"), max_length=100, editable=False, default="")
    number = models.PositiveIntegerField(_("version"), editable=False, default=1)
    stored = models.ForeignKey("files.StoredFile", models.PROTECT, null=True, editable=False, related_name="+")
    previewed = models.BooleanField(editable=False, default=False)

    class Meta(Record.Meta):
        indexes = [*Record.Meta.indexes, models.Index(fields=["about_id", "created_at"], name="file_about")]


class FileVersion(models.Model):
    """The bytes that a file had: a version that is brought back shares them with the one it was."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file = models.ForeignKey(File, models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    stored = models.ForeignKey("files.StoredFile", models.PROTECT, related_name="+")
    member = models.ForeignKey("access.Member", models.SET_NULL, null=True, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="file_version_once")]


class Upload(models.Model):
    """A file that is on its way in parts. `target` is the file it will be a version of; `remote` what the bucket calls
    it, empty where the parts lie in our own storage. For a `field` it is about no record yet."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.ForeignKey("access.Member", models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    about_type = models.CharField(max_length=50)
    about_id = models.UUIDField(null=True)
    field = models.UUIDField(null=True)
    target = models.ForeignKey(File, models.CASCADE, null=True, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    remote = models.CharField(max_length=1100, blank=True)
    part_size = models.PositiveIntegerField()
    touched_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["touched_at"], name="upload_touched")]
