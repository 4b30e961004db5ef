"""The files of a record: its panel, uploading in parts, what a file shows, its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kernel.access.actor import Access, Actor
from kernel.access.keys import holder_of
from kernel.accounts.doors import public
from kernel.accounts.sessions import client_ip
from kernel.attachments import uploads
from kernel.attachments.in_fields import field_called, fields_of
from kernel.attachments.keeping import about_of, access_of, bring_back, version_of
from kernel.attachments.links import content, content_url, opened, tell_download
from kernel.attachments.models import File, FileVersion, Upload
from kernel.attachments.sniffing import IMAGES
from kernel.lib.format import Format
from kernel.records.find import find
from kernel.records.kinds.relations import read_id
from kernel.records.show import Labels
from kernel.records.specs import FieldSpec
from kernel.web.controls import label_of
from kernel.web.pages import go, page
from kernel.web.reach import access_to, editable_of, record_of, record_url

SHOWN = 20


@dataclass
class Row:
    file: File
    url: str
    size: str
    icon: str
    by: str
    may_edit: bool
    may_delete: bool
    field: str = ""
    number: int = 1
    at: datetime | None = None


def panel(access: Access, record: Any) -> dict[str, Any] | None:
    """What the page of a record says of its files; None where there is nothing to say."""
    files = access_of(access.actor)
    known = files.readable()
    if access.rtype.parent or access.rtype.is_setting or not files.may("view") or "about" not in known:
        return None
    about = f"{access.rtype.slug}:{record.pk}"
    sort = {"sort": "-created_at"} if "created_at" in known else {}
    shown = find(files, {"about": about, **sort}).page(SHOWN)
    rows = rows_of(files, shown.rows, fields_of(access.rtype.specs()))
    return {
        "about": about, "url": record_url(access.rtype.slug, record.pk), "rows": rows,
        "may_add": files.may("create"),
        "most": settings.FILE_MOST_BYTES, "all_url": f"/r/files?about={about}" if shown.next else "",
    }  # fmt: skip


def rows_of(access: Access, files: list[File], in_fields: Mapping[UUID, FieldSpec]) -> list[Row]:
    labels = Labels(access.actor)
    labels.load({"members": {file.created_by_id for file in files if file.created_by_id}})
    return [_row(access, file, labels, in_fields) for file in files]


def _row(access: Access, file: File, labels: Labels, in_fields: Mapping[UUID, FieldSpec]) -> Row:
    known = access.readable(file)
    return Row(
        file, record_url("files", file.pk),
        size_text(file.size, access.actor.format) if "size" in known else "",
        icon_of(file.content_type if "content_type" in known else ""),
        (labels.get("members", file.created_by_id) or "") if "created_by" in known else "",
        access.may("edit", file), access.may("delete", file),
        label_of(in_fields[file.field]) if file.field and file.field in in_fields else "",
        file.number if "number" in known else 1, file.updated_at if "updated_at" in known else None,
    )  # fmt: skip


def size_text(size: int, fmt: Format) -> str:
    """Whole kilobytes, megabytes with one place."""
    if size < 1000:
        return _("%(n)s bytes") % {"n": fmt.number(size)}
    if size < 1_000_000:
        return _("%(n)s kB") % {"n": fmt.number(round(size / 1000))}
    return _("%(n)s MB") % {"n": fmt.number(Decimal(round(size / 100_000)) / 10)}


def icon_of(content_type: str) -> str:
    if content_type in IMAGES:
        return "photo"
    if "spreadsheet" in content_type or "excel" in content_type or content_type == "text/csv":
        return "file-spreadsheet"
    return (
        "file-text"
        if content_type.startswith("text/") or "pdf" in content_type or "word" in content_type
        else "paperclip"
    )


@require_safe
def of_record(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """The panel alone, after something was added to it."""
    access = access_to(request, slug)
    found = panel(access, record_of(access, pk))
    if found is None:
        raise Http404
    return page(request, "web/_files.html", {"files": found})


def told_of(access: Access, file: File) -> dict[str, Any]:
    """What the page of a file says beside its properties: what it looks like, and its versions."""
    known = access.readable(file)
    rows = FileVersion.objects.select_related("stored").filter(file=file.pk).order_by("-number")
    versions = list((rows if "number" in known else rows.filter(number=file.number))[:SHOWN])
    labels = Labels(access.actor)
    labels.load({"members": {v.member_id for v in versions if v.member_id and "created_by" in known}})
    told = [
        {
            "version": v, "size": size_text(v.stored.size, access.actor.format) if "size" in known else "",
            "at": v.created_at if known.keys() >= {"created_at", "updated_at"} else None,
            "current": v.number == file.number, "by": labels.get("members", v.member_id) or "",
        }
        for v in versions
    ]  # fmt: skip
    current = next((v for v in versions if v.number == file.number), None)
    url = content_url(current, access.actor, inline=True) if current and file.previewed else ""
    return {
        "file": file, "versions": told if "number" in known else [], "preview": url,
        "is_image": file.content_type in IMAGES, "may_edit": access.may("edit", file), "most": settings.FILE_MOST_BYTES,
    }  # fmt: skip


# -- uploading


def as_json(view: Any) -> Any:
    """Refusals as a sentence the script can show."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer: HttpResponse = view(request, *args, **kwargs)
        except ValidationError as error:
            return JsonResponse({"message": " ".join(error.messages)}, status=422)
        return answer

    return told


@require_POST
@as_json
def begin(request: HttpRequest) -> HttpResponse:
    """name, size, and `about` (deals:ID) or `file`, the one of which this is a new version."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access = access_of(actor)
    target = field = None
    about: dict[str, str] | None = None
    if request.POST.get("for"):
        spec = field_called(actor, request.POST["for"])
        if spec is None:
            raise Http404
        access.check("create")
        field = spec.extra["field"]
    elif request.POST.get("file"):
        pk = read_id(request.POST["file"])
        target = editable_of(access, pk) if pk else None
        if target is None:
            raise Http404
        about = {"type": target.about_type, "id": str(target.about_id)}
    else:
        access.check("create")
        slug, _sep, raw = request.POST.get("about", "").partition(":")
        pk = read_id(raw)
        if pk is None or about_of(actor, slug, pk) is None:
            raise Http404
        about = {"type": slug, "id": str(pk)}
    raw_size = request.POST.get("size", "")
    size = int(raw_size) if raw_size.isascii() and raw_size.isdigit() and len(raw_size) < 16 else 0
    upload = uploads.begin(actor, request.POST.get("name", ""), size, about, target, field)
    return _state(upload, 201)


def _state(upload: Upload, status: int = 200) -> JsonResponse:
    there = set(uploads.arrived(upload))
    parts = [
        {"number": number, "size": uploads.length_of(upload, number), "url": uploads.part_url(upload, number)}
        for number in range(1, uploads.count_of(upload) + 1)
        if number not in there
    ]
    told = {"id": str(upload.pk), "url": f"/uploads/{upload.pk}", "part_size": upload.part_size, "parts": parts}
    return JsonResponse(told, status=status)


@require_http_methods(["GET", "POST", "DELETE"])
@as_json
def upload(request: HttpRequest, pk: UUID) -> HttpResponse:
    """GET says which parts are still to come, POST finishes, DELETE gives up."""
    found = _upload_of(request, pk)
    if request.method == "GET":
        return _state(found)
    if request.method == "DELETE":
        uploads.abort(found)
        return HttpResponse(status=204)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if found.about_id and about_of(actor, found.about_type, found.about_id) is None:
        raise Http404  # out of reach by now
    file = uploads.finish(actor, found)
    return JsonResponse({"id": str(file.pk), "label": file.label, "number": file.number}, status=201)


@require_http_methods(["PUT"])
@as_json
def part(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    found = _upload_of(request, pk)
    if found.remote or not 1 <= number <= uploads.count_of(found):
        raise Http404
    uploads.take_part(found, number, request)  # type: ignore[arg-type]
    return HttpResponse(status=204)


def _upload_of(request: HttpRequest, pk: UUID) -> Upload:
    rows = Upload.objects.select_related("target").filter(pk=pk, member=request.actor.member)  # type: ignore[attr-defined]
    # Of two that end it at once the second waits here and finds nothing: it would clear away what the first has kept.
    found = (rows.select_for_update(of=("self",)) if request.method in ("POST", "DELETE") else rows).first()
    if found is None:
        raise Http404
    return found


# -- what was uploaded


@require_safe
def fetch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """To the signed link: ?version= an older one, ?view=1 to be shown in place."""
    access = access_to(request, "files")
    file = record_of(access, pk)
    raw = request.GET.get("version", "")
    version = version_of(file, int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 9 else None)
    if version is None:
        raise Http404
    version.file = file
    return redirect(content_url(version, access.actor, inline=request.GET.get("view") == "1"))


@require_POST
def bring_version_back(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    access = access_to(request, "files")
    file = editable_of(access, pk)
    try:
        bring_back(access.actor, file, number)
    except ValidationError as error:
        return go(request, record_url("files", pk), " ".join(error.messages), tone="bad")
    return go(request, record_url("files", pk), _("The older version is the current one again."), tone="good")


@public
@require_safe
def serve(request: HttpRequest, token: str) -> HttpResponseBase:
    """The bytes behind a signed link. Public only in that it looks for its member itself."""
    actor = _actor_of(request)
    if actor is None:
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})
    found = opened(token, actor)
    if found is None:
        raise Http404
    version, inline = found
    response = content(version, inline=inline)
    if response is None:
        raise Http404
    if not inline and request.method == "GET":
        tell_download(version, actor)
    return response


def _actor_of(request: HttpRequest) -> Actor | None:
    if request.member:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        return actor
    scheme, _sep, secret = request.headers.get("Authorization", "").partition(" ")
    holder = holder_of(secret.strip(), client_ip(request)) if scheme.lower() == "bearer" else None
    return holder.actor if holder else None
