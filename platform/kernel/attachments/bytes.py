"""The bytes of files whose rows are gone."""

from collections.abc import Collection
from uuid import UUID

from kernel.files.models import StoredFile
from kernel.files.storing import delete


def forget_bytes(files: Collection[UUID]) -> None:
    """Called in the transaction that takes the rows away; the storage is told once that is committed."""
    for stored in StoredFile.objects.filter(pk__in=files):
        delete(stored)
