"""Files over the API: POST /api/v1/files as multipart/form-data, …/files/ID/content, …/files/ID/versions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.actor import Access
from kernel.api.endpoint import reply
from kernel.api.openapi.common import EXAMPLE_ID, ID, errors, object_of
from kernel.api.problems import Problem
from kernel.api.records import RecordEndpoint, RecordList
from kernel.api.resources import add_path
from kernel.attachments.in_fields import field_called
from kernel.attachments.keeping import about_of, access_of, bring_back, keep, version_of
from kernel.attachments.links import content_url
from kernel.attachments.models import File, FileVersion
from kernel.records.kinds.relations import read_id

FORM_OVERHEAD = 64 * 1024
MOMENTS = {"created_at", "updated_at"}  # the first version was made when the file was, the last when it changed


def _sent(request: Any) -> Any:
    """The file of the form. One that is too large is refused by what the request says of itself, before it is read."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_MOST_BYTES + FORM_OVERHEAD:
        problem = _("This file is too large: the limit is %(limit)s MB.")
        params = {"limit": settings.FILE_MOST_BYTES // 1024 // 1024}
        raise ValidationError({"file": ValidationError(problem, code="file_size", params=params)})
    file = request.FILES.get("file")
    if file is None:
        raise ValidationError({"file": ValidationError(_("Send the file as multipart/form-data."), code="required")})
    return file


class FileList(RecordList):
    def get(self, request: Any) -> HttpResponse:  # type: ignore[override]
        return super().get(request, "files")

    def post(self, request: Any) -> HttpResponse:  # type: ignore[override]
        access = access_of(self.actor)
        access.check("create")
        file = _sent(request)
        if request.POST.get("for"):
            spec = field_called(self.actor, request.POST["for"])
            if spec is None:
                raise ValidationError({"for": ValidationError(_("There is no such field."), code="unknown")})
            made = keep(self.actor, file, file.name or "", None, field=spec.extra["field"])
            return self.answer(access, made, 201, Location=f"/api/v1/files/{made.pk}")
        slug, _sep, raw = request.POST.get("about", "").partition(":")
        pk = read_id(raw)
        if pk is None or about_of(self.actor, slug, pk) is None:
            raise ValidationError({"about": ValidationError(_("There is no such record."), code="not_found")})
        made = keep(self.actor, file, file.name or "", {"type": slug, "id": str(pk)})
        return self.answer(access, made, 201, Location=f"/api/v1/files/{made.pk}")


class FileContent(RecordEndpoint):
    def get(self, request: Any, id: str) -> HttpResponse:
        access = access_of(self.actor)
        raw = request.GET.get("version", "")
        number = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 9 else None
        found = version_of(self.record(access, id), number)
        if found is None:
            raise Problem(404, _("There is no such version."))
        return HttpResponseRedirect(content_url(found, self.actor))


class FileVersions(RecordEndpoint):
    def get(self, request: Any, id: str) -> HttpResponse:
        access = access_of(self.actor)
        record = self.record(access, id)
        versions = FileVersion.objects.select_related("stored").filter(file=record.pk).order_by("-number")[:200]
        known = access.readable(record)
        results = [
            {"number": one.number, "current": one.number == record.number}
            | ({"size": one.stored.size} if "size" in known else {})
            | ({"content_type": one.stored.content_type} if "content_type" in known else {})
            | ({"created_at": one.created_at.isoformat().replace("+00:00", "Z")} if known.keys() >= MOMENTS else {})
            for one in (versions if "number" in known else ())
        ]
        return reply({"results": results, "next": None, "count": len(results)})

    def post(self, request: Any, id: str) -> HttpResponse:
        """A new version: the file, or the `number` of an older one that is to be current again."""
        access = access_of(self.actor)
        record = self.record(access, id)
        access.check("edit", record)
        if request.content_type == "multipart/form-data":
            file = _sent(request)
            return self._told(access, keep(self.actor, file, file.name or record.name, {}, record))
        number = self.body().get("number")
        return self._told(access, bring_back(self.actor, record, number if type(number) is int else 0))

    def _told(self, access: Access, record: File) -> HttpResponse:
        return self.answer(access, record, 201)


_BYTES = {"type": "string", "format": "binary"}
_FILE = {"$ref": "#/components/schemas/File"}
_ONE: list[Any] = [{"name": "id", "in": "path", "required": True, "schema": ID, "example": EXAMPLE_ID}]
_VERSION: dict[str, Any] = {"name": "version", "in": "query", "schema": {"type": "integer", "minimum": 1}}
_VERSIONS = object_of(
    {
        "results": {
            "type": "array",
            "items": object_of(
                {
                    "number": {"type": "integer"}, "size": {"type": "integer"}, "content_type": {"type": "string"},
                    "created_at": {"type": "string", "format": "date-time"}, "current": {"type": "boolean"},
                },
                ["number", "current"],
            ),
        },
        "next": {"type": "null"},
        "count": {"type": "integer"},
    }
)  # fmt: skip


def _form(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    schema = object_of(properties, required)
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _answer(status: str, schema: dict[str, Any], text: Any) -> dict[str, Any]:
    return {status: {"description": text, "content": {"application/json": {"schema": schema}}}, **errors(404)}


_ABOUT = {
    "type": "string",
    "description": gettext_lazy("The record it hangs on, as TYPE:ID"),
    "example": f"deals:{EXAMPLE_ID}",
}
_FOR = {
    "type": "string",
    "description": gettext_lazy("In place of “about”: a field of yours that holds files, as TYPE.custom.CODE"),
    "example": "companies.custom.contract",
}
_SENT = object_of({"file": _BYTES})
_NUMBER = {"schema": object_of({"number": {"type": "integer", "minimum": 1}})}

add_path(
    "files",
    FileList,
    openapi={
        "post": {
            "operationId": "create_files", "summary": gettext_lazy("Hang a file on a record"),
            "requestBody": _form({"file": _BYTES, "about": _ABOUT, "for": _FOR}, ["file"]),
            "responses": _answer("201", _FILE, gettext_lazy("The file")),
        }
    },
)  # fmt: skip
add_path(
    "files/{id}/content",
    FileContent,
    openapi={
        "parameters": [*_ONE, _VERSION],
        "get": {
            "operationId": "fetch_files", "summary": gettext_lazy("To the bytes, by a link of five minutes"),
            "responses": {"302": {"description": gettext_lazy("Follow it with the same key")}, **errors(404)},
        },
    },
)  # fmt: skip
add_path(
    "files/{id}/versions",
    FileVersions,
    openapi={
        "parameters": _ONE,
        "get": {
            "operationId": "list_file_versions", "summary": gettext_lazy("The versions of a file, newest first"),
            "responses": _answer("200", _VERSIONS, gettext_lazy("Versions")),
        },
        "post": {
            "operationId": "create_file_version",
            "summary": gettext_lazy("A new version: a file, or the number of an older one"),
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": _SENT}, "application/json": _NUMBER},
            },
            "responses": _answer("201", _FILE, gettext_lazy("The file")),
        },
    },
)  # fmt: skip
