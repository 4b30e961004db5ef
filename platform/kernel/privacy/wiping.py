"""An empty record in the place of a person: what points at it goes on pointing, and there is nobody to be found."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import translation
from django.utils.translation import gettext as _

from kernel.privacy.tables import TEXTS
from kernel.records.deriving import stamp
from kernel.records.statements import write
from kernel.records.types import RecordType, registry
from kernel.tenancy.context import get_tenant

# Whose it is and since when it is there says nothing about the person.
STAYS = {"id", "version", "created_at", "created_by", "owner", "team", "deleted_at"}


def nobody() -> str:
    """What the empty record is called, in the language of the workspace."""
    with translation.override(get_tenant().language):
        return _("Erased person")


def wipe(rtype: RecordType, record: Any) -> None:
    """Take every value off a record that is held by the caller, but for what the engine itself keeps of it (links, the
    moment of a conversion) and for choices that the workspace made."""
    for spec in rtype.specs().values():
        if spec.rows:
            spec.extra["model"]._default_manager.filter(**{spec.extra["parent"]: record.pk}).delete()
    for many in record._meta.many_to_many:
        if not _is_choice(many):
            getattr(record, many.name).clear()
    for field in record._meta.concrete_fields:
        if field.name not in STAYS and not _is_kept(field):
            setattr(record, field.attname, _empty(field))
    for name, value in rtype.values_of_label(nobody()).items():
        setattr(record, name, value)
    for kept in ("_rows", "_many", "_before"):
        record.__dict__.pop(kept, None)
    stamp(rtype, record)
    if hasattr(record, "duplicate_keys"):
        record.duplicate_keys = []  # one empty record is like another
    write(record)


def _is_kept(field: Any) -> bool:
    if isinstance(field, models.ForeignKey):
        return not field.null or not field.editable or _is_choice(field)
    return not field.editable and not isinstance(field, (*TEXTS, ArrayField))


def _is_choice(field: Any) -> bool:
    """Whether it points at what people choose from: a status, a source."""
    return any(rtype.is_setting and rtype.model is field.related_model for rtype in registry.values())


def _empty(field: Any) -> Any:
    if field.has_default():
        return field.get_default()
    if field.null:
        return None
    return "" if field.empty_strings_allowed else 0
