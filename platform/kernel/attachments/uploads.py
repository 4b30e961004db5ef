"""Uploads in parts, which can be taken up after the last part that arrived.

With a bucket the browser sends the parts there by signed addresses, and we only begin and complete; with a folder they
come through the app. Either way a part may be sent again, and whatever is not finished in a day is swept.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import IO, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files import File as StorageFile
from django.core.files.storage import default_storage
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Actor, operator
from kernel.attachments.keeping import check_size, hang, head_of
from kernel.attachments.models import File, Upload
from kernel.attachments.naming import shown_name
from kernel.attachments.sniffing import check_name, sniff
from kernel.files.models import StoredFile
from kernel.files.storing import prefix
from kernel.lib.ids import uuid7
from kernel.records.types import registry
from kernel.tenancy.pending import mark_pending, sweeper

PART = 8 * 1024 * 1024
LIFETIME = timedelta(days=1)
WAITING = timedelta(days=3)  # longer than a change can be taken back: what it put into a field waits again then
SIGNED_FOR = 3600


@dataclass(frozen=True)
class Bucket:
    """The client of the storage's bucket."""

    client: Any
    name: str


def bucket() -> Bucket | None:
    """None where files lie in a folder."""
    inner = getattr(default_storage, "bucket", None)
    return Bucket(inner.meta.client, inner.name) if inner is not None else None


def begin(
    actor: Actor,
    name: str,
    size: int,
    about: dict[str, str] | None,
    target: File | None = None,
    field: UUID | None = None,
) -> Upload:
    """Everything that can be refused is refused here, before a byte is sent."""
    name = shown_name(name)
    check_size(size)
    check_name(name)
    pk = uuid7()
    key = f"{prefix()}{pk}{PurePath(name).suffix.lower()[:10]}"
    remote, store = "", bucket()
    if store is not None:
        answer = store.client.create_multipart_upload(Bucket=store.name, Key=key)
        remote = answer["UploadId"]
    assert actor.member is not None
    mark_pending()
    return Upload.objects.create(
        id=pk, member=actor.member, name=name, size=size, field=field, target=target, key=key, remote=remote,
        about_type=about["type"] if about else "", about_id=UUID(about["id"]) if about else None, part_size=PART,
    )  # fmt: skip


def count_of(upload: Upload) -> int:
    return -(-upload.size // upload.part_size)


def length_of(upload: Upload, number: int) -> int:
    """How many bytes this part has: all but the last are full."""
    return min(upload.part_size, upload.size - (number - 1) * upload.part_size)


def part_url(upload: Upload, number: int) -> str:
    """Where the browser sends this part."""
    store = bucket()
    if store is None or not upload.remote:
        return f"/uploads/{upload.pk}/{number}"
    asked = {"Bucket": store.name, "Key": upload.key, "UploadId": upload.remote, "PartNumber": number}
    url: str = store.client.generate_presigned_url("upload_part", Params=asked, ExpiresIn=SIGNED_FOR)
    return url


def arrived(upload: Upload) -> list[int]:
    """The parts that are there whole."""
    sizes = _sizes(upload)
    return [number for number in range(1, count_of(upload) + 1) if sizes.get(number) == length_of(upload, number)]


def take_part(upload: Upload, number: int, content: IO[bytes]) -> None:
    """One part through the app, into the folder. One of another length than it should have is not kept."""
    wanted = length_of(upload, number)
    with tempfile.TemporaryFile() as spool:
        left = wanted + 1
        while left and (piece := content.read(min(left, 256 * 1024))):
            spool.write(piece)
            left -= len(piece)
        _check_whole(wanted + 1 - left, wanted)
        spool.seek(0)
        key = _part_key(upload, number)
        default_storage.delete(key)
        default_storage.save(key, StorageFile(spool))
    Upload.objects.filter(pk=upload.pk).update(touched_at=timezone.now())


def _check_whole(size: int, wanted: int) -> None:
    if size != wanted:
        raise ValidationError({"file": ValidationError(_("A part of the file was cut short. Send it again."))})


def finish(actor: Actor, upload: Upload) -> File:
    """Put the parts together, look at what they are, and hang the file on its record."""
    missing = set(range(1, count_of(upload) + 1)) - set(arrived(upload))
    if missing:
        raise ValidationError(
            {"file": ValidationError(_("A part of the file is missing. Send it again."), code="parts")}
        )
    _join(upload)
    stored = StoredFile(id=upload.pk, key=upload.key, name=upload.name, size=upload.size, member=actor.member)
    try:
        _check_whole(default_storage.size(upload.key), upload.size)
        stored.content_type = sniff(head_of(stored), upload.name)
        stored.save(force_insert=True)
        about = {"type": upload.about_type, "id": str(upload.about_id)} if upload.about_id else None
        record = hang(actor, stored, about, upload.target, upload.field)
    except BaseException:
        default_storage.delete(upload.key)
        raise
    _clear(upload)
    upload.delete()
    return record


def abort(upload: Upload) -> None:
    """Forget what was sent so far."""
    store = bucket()
    if store is not None and upload.remote:
        try:
            store.client.abort_multipart_upload(Bucket=store.name, Key=upload.key, UploadId=upload.remote)
        except store.client.exceptions.NoSuchUpload:
            pass
    _clear(upload)
    upload.delete()


@sweeper
def sweep_uploads() -> bool:
    """What nobody went on with for a day. True while there are any, so that this tenant is looked at again."""
    for upload in Upload.objects.filter(touched_at__lt=timezone.now() - LIFETIME)[:50]:
        abort(upload)
    waiting = File.objects.filter(about_id=None)
    given_up = waiting.filter(updated_at__lt=timezone.now() - WAITING).values_list("pk", flat=True)
    registry["files"].purge(waiting.filter(pk__in=list(given_up[:50])), operator())
    return Upload.objects.exists() or waiting.exists()


def _part_key(upload: Upload, number: int) -> str:
    return f"{prefix()}parts/{upload.pk}/{number}"


def _sizes(upload: Upload) -> dict[int, int]:
    store = bucket()
    if store is None or not upload.remote:
        try:
            names = default_storage.listdir(f"{prefix()}parts/{upload.pk}")[1]
        except FileNotFoundError:
            return {}
        return {int(name): default_storage.size(_part_key(upload, int(name))) for name in names if name.isdigit()}
    return {part["PartNumber"]: part["Size"] for part in _remote_parts(store, upload)}


def _remote_parts(store: Bucket, upload: Upload) -> list[dict[str, Any]]:
    pages = store.client.get_paginator("list_parts").paginate(Bucket=store.name, Key=upload.key, UploadId=upload.remote)
    return [part for page in pages for part in page.get("Parts", [])]


def _join(upload: Upload) -> None:
    store = bucket()
    if store is not None and upload.remote:
        parts = [{"PartNumber": p["PartNumber"], "ETag": p["ETag"]} for p in _remote_parts(store, upload)]
        store.client.complete_multipart_upload(
            Bucket=store.name, Key=upload.key, UploadId=upload.remote, MultipartUpload={"Parts": parts}
        )
        return
    with tempfile.TemporaryFile() as whole:
        for number in range(1, count_of(upload) + 1):
            with default_storage.open(_part_key(upload, number), "rb") as part:
                shutil.copyfileobj(part, whole, 1024 * 1024)
        whole.seek(0)
        default_storage.delete(upload.key)
        default_storage.save(upload.key, StorageFile(whole))


def _clear(upload: Upload) -> None:
    if upload.remote:
        return
    for number in range(1, count_of(upload) + 1):
        default_storage.delete(_part_key(upload, number))
    try:
        default_storage.delete(f"{prefix()}parts/{upload.pk}")
    except OSError:
        pass  # a part is still being written: the sweeper of the folder's owner finds an empty folder, no more
