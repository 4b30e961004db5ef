"""Links to files: signed, for five minutes, for one tenant and one member."""

from uuid import UUID

from django.core import signing
from django.http import FileResponse
from django.urls import reverse

from kernel.access.models import Member
from kernel.files.models import StoredFile
from kernel.files.storing import open_file
from kernel.tenancy.context import get_tenant

LIFETIME = 5 * 60
_SALT = "kernel.files.links"


def download_url(file: StoredFile, member: Member | None) -> str:
    """Where this member, and nobody else, may fetch the file during the next minutes."""
    token = signing.dumps([str(get_tenant().pk), str(file.pk), str(member.pk) if member else ""], salt=_SALT)
    return reverse("files:download", args=[token])


def file_of(token: str, member: Member | None) -> StoredFile | None:
    """The file that a link stands for; None where it is forged, too old, of another tenant or another member."""
    try:
        tenant, pk, owner = signing.loads(token, salt=_SALT, max_age=LIFETIME)
    except (signing.BadSignature, ValueError):
        return None
    if tenant != str(get_tenant().pk) or member is None or owner != str(member.pk):
        return None
    return StoredFile.objects.filter(pk=UUID(pk)).first()


def attachment(file: StoredFile) -> FileResponse | None:
    """The file for download: never shown in the page's own origin, never kept by a proxy. None where it is gone."""
    try:
        stream = open_file(file)
    except FileNotFoundError:
        return None
    headers = {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return FileResponse(stream, as_attachment=True, filename=file.name, content_type=file.content_type, headers=headers)
