from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Actor
from kernel.attachments.bytes import forget_bytes
from kernel.attachments.models import File, FileVersion
from kernel.attachments.naming import shown_name
from kernel.attachments.sniffing import check_name
from kernel.events.names import tell
from kernel.records.types import Panel, RecordType, field, register

tell("file.created", _("%(who)s added a file"))
tell("file.updated", _("%(who)s changed a file"))
tell("file.deleted", _("%(who)s moved a file to the trash"))
tell("file.restored", _("%(who)s restored a file"))
tell("file.versioned", _("%(who)s added a new version of a file"))
tell("file.purged", _("%(who)s removed a file for good"))
tell("file.downloaded", _("%(who)s downloaded this file"))


@register
class Files(RecordType):
    slug, model = "files", File
    label, label_plural = _("File"), _("Files")
    icon = "paperclip"
    fields = (
        "name",
        field("about_id", kind="about", name="about", label=_("About"), required=True),
        field("size", read_only=True, kind="integer"),
        field("content_type", read_only=True),
        field("number", read_only=True),
    )
    columns = ("name", "about", "created_by", "created_at")
    filters = ("created_by",)
    search = ("name",)
    panels = (Panel(_("File"), ("name", "about", "size", "content_type", "number")),)
    parent = True
    in_menu = False
    can_import = False
    has_form = False

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        if record.stored_id is None:
            problem = now("A file is made by uploading it on the page of a record.")
            raise ValidationError({"name": ValidationError(problem, code="file")})
        if record.is_new or "name" in changed:
            record.name = shown_name(record.name)
            check_name(record.name)

    def event_of(self, event: str, changes: Mapping[str, Any]) -> str:
        return "file.versioned" if event == "file.updated" and "number" in changes else event

    def purge(self, rows: QuerySet[Any], actor: Actor) -> None:
        """The bytes go too, once this is committed. Versions may share them."""
        stored = set(FileVersion.objects.filter(file__in=rows).values_list("stored", flat=True))
        rows.delete()
        forget_bytes(stored)
