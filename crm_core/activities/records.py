from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_core.activities.models import Note
from kernel.events.names import tell
from kernel.records.types import Panel, RecordType, field, register


@register
class Notes(RecordType):
    slug, model = "notes", Note
    label, label_plural = _("Note"), _("Notes")
    icon = "note"
    fields = ("subject", "body", field("about_id", kind="about", name="about", label=_("About"), required=True))
    label_field = "subject"
    columns = ("subject", "about", "created_by", "created_at")
    filters = ("created_by",)
    search = ("subject", "body")
    panels = (Panel(_("Note"), ("subject", "body", "about")),)
    parent = True
    in_menu = False
    can_import = False

    def label_of(self, record: Any) -> str:
        return record.subject or " ".join(record.body.split())[:80]


tell("note.created", _("%(who)s wrote a note"))
tell("note.updated", _("%(who)s changed a note"))
tell("note.deleted", _("%(who)s moved a note to the trash"))
tell("note.restored", _("%(who)s restored a note"))
