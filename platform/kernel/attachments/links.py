"""Links to the bytes of a version: signed for one tenant and one member, for five minutes. What the link may open is
asked again when it is opened: rights may have shrunk meanwhile."""

from __future__ import annotations

from uuid import UUID

from django.core import signing
from django.http import FileResponse

from kernel.access.actor import Actor
from kernel.attachments.keeping import access_of
from kernel.attachments.models import FileVersion
from kernel.events.subscribers import publish
from kernel.files.links import LIFETIME
from kernel.files.storing import open_file
from kernel.records.change import event_row
from kernel.tenancy.context import get_tenant

_SALT = "kernel.attachments.links"


def content_url(version: FileVersion, actor: Actor, *, inline: bool = False) -> str:
    """Where this member, and nobody else, may fetch this version during the next minutes."""
    member = str(actor.member.pk) if actor.member else ""
    parts = [str(get_tenant().pk), str(version.pk), member, inline and version.file.previewed]
    return f"/attachments/{signing.dumps(parts, salt=_SALT)}"


def opened(token: str, actor: Actor) -> tuple[FileVersion, bool] | None:
    """The version a link stands for and whether it is to be shown; None for all that is not this member's to open."""
    try:
        tenant, pk, member, inline = signing.loads(token, salt=_SALT, max_age=LIFETIME)
    except (signing.BadSignature, ValueError):
        return None
    if tenant != str(get_tenant().pk) or actor.member is None or member != str(actor.member.pk):
        return None
    version = FileVersion.objects.select_related("stored", "file").filter(pk=UUID(pk)).first()
    if version is None or not access_of(actor).records().filter(pk=version.file_id).exists():
        return None
    return version, bool(inline) and version.file.previewed and version.number == version.file.number


def content(version: FileVersion, *, inline: bool) -> FileResponse | None:
    """The bytes. Shown only where a browser does so without harm, never sniffed, never with scripts."""
    try:
        stream = open_file(version.stored)
    except FileNotFoundError:
        return None
    kind = version.stored.content_type
    # A browser's own viewer of PDF does not run in a sandbox; with no sources at all a document has nothing to reach.
    policy = "default-src 'none'; frame-ancestors 'self'" + ("" if kind == "application/pdf" else "; sandbox")
    headers = {
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": policy if inline else "default-src 'none'; sandbox",
        "X-Frame-Options": "SAMEORIGIN" if inline else "DENY",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if kind.startswith("text/"):
        kind = f"{'text/plain' if inline else kind}; charset=utf-8"
    name = version.file.name
    return FileResponse(stream, as_attachment=not inline, filename=name, content_type=kind, headers=headers)


def tell_download(version: FileVersion, actor: Actor) -> None:
    """Who fetched what stands in the file's own history; on its record's it would drown the rest."""
    event = event_row("file.downloaded", version.file, access_of(actor), {})
    event.about_type, event.about_id = "", None
    event.save(force_insert=True)
    publish([event])
