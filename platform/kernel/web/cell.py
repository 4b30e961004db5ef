"""Editing one value where it stands: GET gives the editor, POST saves it."""

import json
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kernel.access.actor import Access
from kernel.lib.ids import uuid7
from kernel.records.change import NotFound, Stale, edit
from kernel.records.sensitive import note_shown
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.web import alike
from kernel.web.cells import Cells
from kernel.web.controls import Controls, label_of
from kernel.web.edit import posted_version
from kernel.web.posted import comparable, typed
from kernel.web.reach import access_to, record_of
from kernel.web.toasts import toast_header


@require_http_methods(["GET", "HEAD", "POST"])
def cell(request: HttpRequest, slug: str, pk: UUID, name: str) -> HttpResponse:
    access = access_to(request, slug)
    record = record_of(access, pk)
    spec = access.shown(record).get(name)
    if spec is None or spec.rows:
        raise Http404
    if name not in access.editable(record) or not access.may("edit", record):
        raise PermissionDenied
    if request.method != "POST":
        note_shown(access, [spec], [record])
        return _editor(request, access, record, spec, spec.value(record), was=comparable(spec, spec.value(record)))
    if request.POST.get("theirs"):
        return _shown(access, record, spec, request)
    return _save(request, access, record, spec)


def _save(request: HttpRequest, access: Access, record: Any, spec: FieldSpec) -> HttpResponse:
    try:
        value = _read(request, access, spec)
    except ValidationError as error:
        return _editor(request, access, record, spec, _typed(request, spec), errors=error.messages, status=422)
    if comparable(spec, value) == comparable(spec, spec.value(record)):
        return _shown(access, record, spec, request)
    version, change_set = posted_version(request), uuid7()
    if version != record.version and _untouched(request, record, spec):
        version = record.version  # somebody changed another field meanwhile
    try:
        edit(access, record, {spec.name: value}, version, change_set=change_set)
    except Stale as stale:
        theirs = Shown(access, [stale.record], [spec]).text(stale.record, spec)
        conflict = {"theirs": theirs, "version": stale.record.version}
        was = comparable(spec, spec.value(stale.record))
        return _editor(
            request, access, stale.record, spec, _typed(request, spec), conflict=conflict, was=was, status=409
        )
    except NotFound as error:
        raise Http404 from error
    except ValidationError as error:
        told = error.message_dict if hasattr(error, "error_dict") else {spec.name: error.messages}
        messages = [message for found in told.values() for message in found]
        return _editor(request, access, record, spec, _typed(request, spec), errors=messages, status=422)
    response = _shown(access, record, spec, request)
    text = _("%(field)s of %(label)s changed.") % {"label": record.label, "field": label_of(spec)}
    response["HX-Trigger"] = toast_header(text, tone="good", undo=f"/changes/{change_set}/undo")
    return response


def _read(request: HttpRequest, access: Access, spec: FieldSpec) -> Any:
    if spec.kind.is_list:
        return spec.parse(",".join(filter(None, request.POST.getlist(spec.name))), access)
    if spec.kind.name == "yes_no":
        return request.POST.get(spec.name, "") == "true"
    return spec.parse(typed(request.POST, spec.name), access)


def _typed(request: HttpRequest, spec: FieldSpec) -> Any:
    return request.POST.getlist(spec.name) if spec.kind.is_list else typed(request.POST, spec.name)


def _untouched(request: HttpRequest, record: Any, spec: FieldSpec) -> bool:
    """Whether this very field still is what the editor was opened with."""
    try:
        return "was" in request.POST and json.loads(request.POST["was"]) == comparable(spec, spec.value(record))
    except (ValueError, RecursionError):
        return False


def _editor(
    request: HttpRequest, access: Access, record: Any, spec: FieldSpec, value: Any, *,
    errors: list[str] | None = None, conflict: dict[str, Any] | None = None, was: Any = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    field = Controls(access).field(
        spec, value, errors=errors or [], id=f"i-{spec.name}-{record.pk.hex[-8:]}", help="", required=False
    )
    if status == 422:
        was = request.POST.get("was")
        was_json = was if was is not None else json.dumps(comparable(spec, spec.value(record)))
    else:
        was_json = json.dumps(was, ensure_ascii=False)
    context = {"field": field, "version": None if conflict else record.version, "conflict": conflict, "was": was_json}
    context["hint_url"] = alike.hint_url(access, record, spec.name)
    if status == 422:
        context["version"] = posted_version(request) or record.version
    return render(request, "web/_cell.html", context, status=status)


def _shown(access: Access, record: Any, spec: FieldSpec, request: HttpRequest) -> HttpResponse:
    shown = Shown(access, [record], [spec])
    response = HttpResponse(Cells(shown, links=request.GET.get("at") == "record").html(record, spec))
    response["X-Version"] = str(record.version)
    return response
