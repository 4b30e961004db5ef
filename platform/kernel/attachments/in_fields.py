"""The kind of a tenant's own field that holds a file.

The value is the id of a `File`. It is uploaded for the field before the record is saved, and waits until then: nobody
but its uploader sees it. Saving hangs it on the record. What it takes the place of goes to the trash.
"""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, UUIDField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Access, Actor, with_all_rights
from kernel.attachments.models import File
from kernel.lib.errors import ParseError
from kernel.lib.ids import uuid7
from kernel.records.change import change, delete, restore
from kernel.records.kinds.relations import Relation
from kernel.records.specs import FieldSpec
from kernel.records.storage import Held
from kernel.records.types import registry


class FileInField(Relation):
    name = "file"
    title: ClassVar[Any] = _("File")
    widget = "attached"
    lookups = ("empty",)
    is_sortable = False
    can_group = False
    can_import = False
    can_default = False

    def allow(self, spec: FieldSpec, value: Any, record: Any = None) -> None:
        """A file of this field, waiting or on this record already: no file is in two places."""
        if value is not None:
            file = File.objects.filter(pk=value, field=spec.extra["field"]).first()
            if file is None or file.about_id not in (None, record and record.pk):
                raise ParseError(_("Upload a file for this field."), "file")
        if record is not None and (held := spec.value(record)):
            record.__dict__.setdefault("_left_files", []).append(held)

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        # So that `save` is called.
        record.__dict__.setdefault("_before", {}).setdefault(spec.name, spec.canonical(record))
        super().assign(spec, record, value)

    def save(self, spec: FieldSpec, record: Any, access: Access) -> None:
        # The record's own history tells of its field: what follows from that stands in the file's.
        files = with_all_rights(access.actor).access(registry["files"])
        value = spec.value(record)
        for file in _held(record.__dict__.pop("_left_files", [])):
            if file.pk != value and file.deleted_at is None and file.about_id == record.pk:
                delete(files, file, change_set=uuid7(), is_quiet=True)  # it comes back with the value
        for file in _held([value]):
            if file.about_id is None:
                with change(file, "file.updated", files, given={"about"}, is_quiet=True):
                    files.rtype.specs()["about"].assign(file, {"type": access.rtype.slug, "id": str(record.pk)})
            elif file.deleted_at is not None and file.about_id == record.pk:
                restore(files, file, change_set=uuid7(), is_quiet=True)

    def is_empty(self, spec: FieldSpec) -> Q:
        """One whose file was deleted since has none."""
        held = Cast(Held(OuterRef(spec.path), spec.code), UUIDField())
        return super().is_empty(spec) | ~Q(Exists(File.objects.alive().filter(pk=held)))

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {**super().schema(spec), "description": str(_("Its bytes are at /api/v1/files/ID/content."))}

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        told = _("The id of a file that was uploaded for this field: POST /api/v1/files with “for”.")
        return {"type": ["string", "null"], "format": "uuid", "description": str(told)}


def _held(ids: list[UUID | None]) -> list[File]:
    return list(File.objects.filter(pk__in=[pk for pk in ids if pk]))


def fields_of(specs: Any) -> dict[UUID, FieldSpec]:
    """Those of these specs that hold files, by the id of their definition."""
    return {spec.extra["field"]: spec for spec in specs.values() if spec.kind.name == "file"}


def field_called(actor: Actor, text: str) -> FieldSpec | None:
    """The field that "companies.custom.contract" names, if this actor may fill it in."""
    slug, _sep, name = text.partition(".")
    access = actor.access(registry[slug]) if slug in registry else None
    if access is None or not (access.may("create") or access.may("edit")):
        return None
    spec = access.editable(access.rtype.model()).get(name)
    return spec if spec is not None and spec.kind.name == "file" else None
