"""Files of records: a new one, a new version, an older version again."""

from __future__ import annotations

from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.attachments.models import File, FileVersion
from kernel.attachments.naming import shown_name
from kernel.attachments.sniffing import HEAD, IMAGES, MOST_PIXELS, check_name, is_previewed, pixels, sniff
from kernel.files.models import StoredFile
from kernel.files.storing import open_file, store
from kernel.lib.text import written
from kernel.records.change import assign, change
from kernel.records.find import get
from kernel.records.types import registry


def access_of(actor: Actor) -> Access:
    return actor.access(registry["files"])


def check_size(size: int) -> None:
    if size > settings.FILE_MOST_BYTES:
        problem = _("This file is too large: the limit is %(limit)s MB.")
        params = {"limit": written(settings.FILE_MOST_BYTES // 1024 // 1024)}
        raise ValidationError({"file": ValidationError(problem, code="file_size", params=params)})
    if size <= 0:
        raise ValidationError({"file": ValidationError(_("This file is empty."), code="file_size")})


def keep(
    actor: Actor,
    content: IO[bytes],
    name: str,
    about: dict[str, str] | None,
    target: File | None = None,
    field: UUID | None = None,
) -> File:
    """A file that came in one piece."""
    name = shown_name(name)
    content.seek(0, 2)
    check_size(content.tell())
    content.seek(0)
    check_name(name)
    kind = sniff(content.read(HEAD), name)
    stored = store(content, name, content_type=kind, member=actor.member)
    try:
        return hang(actor, stored, about, target, field)
    except BaseException:
        delete_bytes(stored)
        raise


def hang(
    actor: Actor,
    stored: StoredFile,
    about: dict[str, str] | None,
    target: File | None = None,
    field: UUID | None = None,
) -> File:
    """Make stored bytes a file of a record, the next version of one it has, or one that waits for a record to hold it
    in a `field`."""
    access = access_of(actor)
    with transaction.atomic():
        if target is not None:
            return _next(access, target, stored)
        record = File(number=0, field=field)
        _take(record, stored)
        with change(record, "file.created", access, given={"name", "about"}):
            assign(access, record, {"name": stored.name, "about": about})
        FileVersion.objects.create(file=record, number=1, stored=stored, member=actor.member)
        return record


def copy_for(actor: Actor, pk: UUID, field: UUID) -> UUID | None:
    """Another file of the same bytes, for a field of another record."""
    file = File.objects.alive().select_related("stored").filter(pk=pk).first()
    return hang(actor, file.stored, None, field=field).pk if file and file.stored else None


def bring_back(actor: Actor, record: File, number: int) -> File:
    """An older version becomes the newest, so that nothing is lost by it."""
    version = FileVersion.objects.select_related("stored").filter(file=record.pk, number=number).first()
    if version is None:
        raise ValidationError({"number": ValidationError(_("There is no such version."), code="not_found")})
    with transaction.atomic():
        return _next(access_of(actor), record, version.stored)


def _next(access: Access, record: File, stored: StoredFile) -> File:
    # `change` holds the row, so that of two at once each gets a number of its own.
    with change(record, "file.updated", access, given={"number"}):
        _take(record, stored)
    FileVersion.objects.create(file=record, number=record.number, stored=stored, member=access.actor.member)
    return record


def _take(record: File, stored: StoredFile) -> None:
    record.number += 1
    record.stored, record.size, record.content_type = stored, stored.size, stored.content_type
    record.previewed = is_previewed(stored.content_type, stored.size)
    if record.previewed and stored.content_type in IMAGES:
        # A small file can unfold to more than a browser's memory.
        record.previewed = pixels(head_of(stored), stored.content_type) <= MOST_PIXELS


def version_of(record: File, number: int | None) -> FileVersion | None:
    versions = FileVersion.objects.select_related("stored").filter(file=record.pk)
    return versions.filter(number=record.number if number is None else number).first()


def about_of(actor: Actor, slug: str, pk: UUID) -> Any | None:
    """The record that a file is to hang on, in reach."""
    if slug not in registry or registry[slug].parent or registry[slug] not in registry["files"].parent_types():
        return None
    access = actor.access(registry[slug])
    return get(access, pk) if access.may("view") else None


def delete_bytes(stored: StoredFile) -> None:
    """After a refusal rolls the row back, nothing else would know of the bytes."""
    default_storage.delete(stored.key)


def head_of(stored: StoredFile) -> bytes:
    with open_file(stored) as stream:
        return stream.read(HEAD)
