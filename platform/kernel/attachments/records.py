from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Access, Actor
from kernel.attachments.bytes import forget_bytes
from kernel.attachments.in_fields import FileInField, fields_of
from kernel.attachments.models import File, FileVersion
from kernel.attachments.naming import shown_name
from kernel.attachments.sniffing import check_name
from kernel.events.models import Event
from kernel.events.names import tell
from kernel.records.find import get
from kernel.records.kinds import KINDS
from kernel.records.types import Panel, RecordType, field, register, registry
from kernel.tenancy.pending import mark_pending

KINDS[FileInField.name] = FileInField()

tell("file.created", _("%(who)s added a file"))
tell("file.updated", _("%(who)s changed a file"))
tell("file.deleted", _("%(who)s moved a file to the trash"))
tell("file.restored", _("%(who)s restored a file"))
tell("file.attached", _("%(who)s added a file"))
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
        field("about_id", kind="about", name="about", label=_("About"), extra={"stays": True}),
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
    alone_is_own = True

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        if record.stored_id is None:
            problem = now("A file is made by uploading it on the page of a record.")
            raise ValidationError({"name": ValidationError(problem, code="file")})
        if record.is_new or "name" in changed:
            record.name = shown_name(record.name)
            check_name(record.name)
        is_loose = record.about_id is None or registry[record.about_type].parent
        if is_loose and record.field is None:
            raise ValidationError({"about": ValidationError(now("Fill this in."), code="required")})

    def parent_types(self) -> list[RecordType]:
        """Beside those that have a list of files, what hangs on them where the tenant gave it a field for one."""
        hanging = (rtype for rtype in registry.values() if rtype.parent and fields_of(rtype.own_specs()))
        return [*super().parent_types(), *hanging]

    def under(self, parent: Access, verb: str) -> Q:
        """A file in a field is whoever's the field is."""
        known = parent.readable if verb == "view" else parent.editable
        everywhere, on_own = (set(fields_of(known(record))) for record in (None, parent.rtype.model()))
        reach = Q(pk__in=[]) if parent.rtype.parent else Q(field=None)
        if everywhere:
            reach |= Q(field__in=everywhere)
        if on_own - everywhere:
            mine = parent.rtype.model.objects.filter(pk=OuterRef("about_id"), owner=parent.actor.member)
            reach |= Q(Exists(mine), field__in=on_own - everywhere)
        return reach

    def allows(self, actor: Actor, verb: str, record: Any) -> bool:
        if record.field is None or record.about_id is None or verb == "view":
            return True
        of = actor.access(registry[record.about_type])
        on_any, on_own = (fields_of(of.editable(about)) for about in (None, of.rtype.model()))
        if record.field in on_any or record.field not in on_own:
            return record.field in on_any  # whosever the record is: it need not be read, for each of many files
        return record.field in fields_of(of.editable(get(of, record.about_id)))

    def follow(self, record: Any, event: Event) -> None:
        if record.about_id is None:
            mark_pending()  # it waits for its record, though not for ever

    def event_of(self, event: str, changes: Mapping[str, Any]) -> str:
        if event == "file.updated" and "number" in changes:
            return "file.versioned"
        if event == "file.updated" and changes.get("about", [True])[0] is None:
            return "file.attached"
        return event

    def purge(self, rows: QuerySet[Any], actor: Actor) -> None:
        """The bytes go too, once this is committed. Versions may share them."""
        stored = set(FileVersion.objects.filter(file__in=rows).values_list("stored", flat=True))
        rows.delete()
        # A copy that went along with a converted lead has the same.
        forget_bytes(stored - set(FileVersion.objects.filter(stored__in=stored).values_list("stored", flat=True)))
