"""What people write down about records."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel.access.models import Record


class Note(Record):
    """About one record of any type: seen by whoever may see that record."""

    subject = models.CharField(_("subject"), max_length=200, blank=True)
    body = models.TextField(_("note"), max_length=20_000)
    about_type = models.CharField(max_length=50)
    about_id = models.UUIDField(_("about"))

    class Meta(Record.Meta):
        indexes = [*Record.Meta.indexes, models.Index(fields=["about_id", "created_at"], name="note_about")]
