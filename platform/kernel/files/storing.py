"""Keeping, reading and removing files. Every key starts with the tenant's prefix, on writing and reading alike."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path, PurePath
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from kernel.access.models import Member
from kernel.files.models import StoredFile
from kernel.lib.ids import uuid7
from kernel.tenancy.context import TenancyError, get_tenant
from kernel.tenancy.pending import sweeper

_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
_LONGEST_NAME = 150


class ForeignFile(TenancyError):
    """A file's key lies outside the current tenant's prefix, so it was not touched."""


def prefix() -> str:
    """Where all files of the current tenant lie."""
    return f"t/{get_tenant().pk}/"


def store(
    content: IO[bytes],
    name: str,
    *,
    content_type: str = "application/octet-stream",
    member: Member | None = None,
    keep: timedelta | None = None,
) -> StoredFile:
    """Keep a file for the current tenant; without `keep` until somebody deletes it."""
    name = safe_name(name)
    pk = uuid7()
    wrapped = File(content)
    content.seek(0)
    key = default_storage.save(f"{prefix()}{pk}{PurePath(name).suffix.lower()[:10]}", wrapped)
    until = timezone.now() + keep if keep else None
    return StoredFile.objects.create(
        id=pk, key=key, name=name, content_type=content_type, size=wrapped.size, member=member, keep_until=until
    )


def open_file(file: StoredFile) -> IO[bytes]:
    """The file's bytes from the first one on."""
    _check(file)
    stream: IO[bytes] = default_storage.open(file.key, "rb")
    return stream


@contextmanager
def on_disk(file: StoredFile) -> Iterator[Path]:
    """The file as a path that can be read again and again: itself, or a copy where the storage is not a folder."""
    _check(file)
    try:
        path = Path(default_storage.path(file.key))
    except NotImplementedError:
        with tempfile.NamedTemporaryFile(suffix=PurePath(file.name).suffix) as copy:
            with open_file(file) as stream:
                shutil.copyfileobj(stream, copy, 1024 * 1024)
            copy.flush()
            yield Path(copy.name)
    else:
        yield path


def delete(file: StoredFile) -> None:
    """Forget a file; its bytes go once that is committed."""
    _check(file)
    key = file.key
    file.delete()
    transaction.on_commit(lambda: default_storage.delete(key), using="default", robust=True)


def safe_name(name: str) -> str:
    """A name that any system can keep, its ending preserved."""
    name = _UNSAFE.sub(" ", name.rpartition("/")[2].rpartition("\\")[2]).strip(" .") or "file"
    if len(name) <= _LONGEST_NAME:
        return name
    ending = PurePath(name).suffix[:20]
    return name[: _LONGEST_NAME - len(ending)] + ending


def _check(file: StoredFile) -> None:
    if not file.key.startswith(prefix()) or ".." in file.key:
        raise ForeignFile(f"The file {file.pk} does not lie under this tenant's prefix.")


@sweeper
def sweep_files() -> bool:
    """Delete what was kept for a time that is over."""
    for file in StoredFile.objects.filter(keep_until__lt=timezone.now())[:100]:
        delete(file)
    return False
