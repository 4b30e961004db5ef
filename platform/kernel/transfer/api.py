"""Imports and exports over the API, as runs: POST /api/v1/imports (multipart) and POST /api/v1/exports (JSON)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from kernel.api import bulk as bulk_requests
from kernel.api.bodies import parse, read_id
from kernel.api.endpoint import Endpoint
from kernel.api.problems import Problem
from kernel.api.resources import Runs, add_runs
from kernel.files.links import attachment
from kernel.files.models import StoredFile
from kernel.records.change_sets import change_set_of
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.transfer import answering, bulk, exporting, imports, mapping, undoing
from kernel.transfer.problems import has_problems, problems_file


def start_import(endpoint: Endpoint) -> Run:
    """Upload, map and begin in one request. Without a mapping the columns go where they went before, or are guessed."""
    request, actor = endpoint.request, endpoint.actor
    file = request.FILES.get("file")
    if file is None:
        raise ValidationError({"file": ValidationError(_("Send the file as multipart/form-data."), code="required")})
    options = _json(request.POST.get("options"), "options", {})
    run = imports.upload(actor, request.POST.get("type", ""), file, file.name or "", options)
    access = actor.access(registry[run.params["type"]])
    raw = _json(request.POST.get("mapping"), "mapping", None)
    entries = mapping.load(run.params["mapping"])
    if raw is not None:
        entries = mapping.read_mapping(access, run.params["header"], raw)
    for column, values in _values(options.pop("values", {})):
        for theirs, ours in values.items():
            mapping.add_values(entries, access, column, str(theirs), str(ours or ""))
    imports.describe(run, actor, entries, options)
    imports.begin(run, actor)
    return run


def _json(text: str | None, name: str, default: Any) -> Any:
    """By the rules of a JSON body; it is kept as it is, so it may hold nothing that cannot be stored."""
    try:
        value = parse(text.encode()) if text else default
        if "\\u0000" in (text or ""):
            raise ValueError  # noqa: TRY301 - told below like other JSON that is none
    except (Problem, ValueError) as error:
        raise ValidationError({name: ValidationError(_("This is not valid JSON."), code="json")}) from error
    if name == "options" and not isinstance(value, dict):
        raise ValidationError({name: ValidationError(_("Send a JSON object."), code="type")})
    return value


def _values(raw: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(raw, dict) or not all(isinstance(values, dict) for values in raw.values()):
        problem = _('Send the values as {"Column": {"theirs": "ours"}}.')
        raise ValidationError({"options": ValidationError(problem, code="type")})
    return list(raw.items())


def undo(endpoint: Endpoint, run: Run) -> Run:
    imports.undo_import(run, endpoint.actor)
    return run


def undo_changes(endpoint: Endpoint, run: Run) -> Run:
    """Take back what a run changed. The run that does it is named by the answer."""
    changes = change_set_of(endpoint.actor, run.pk)
    if changes is None:
        raise ValidationError(_("This changed nothing that can be taken back."), code="not_undoable")
    undoing.start_undo(changes)
    return run


def describe_changes(run: Run) -> Mapping[str, Any]:
    """The run that takes it back, once there is one."""
    back = Run.objects.filter(kind=undoing.KIND, params__change_set=str(run.pk)).first() if run.undone_at else None
    undo = back and {"id": str(back.pk), "status": back.status, "counts": back.counts}
    return {"type": run.params.get("type"), "undo": undo, "change_set_url": f"/api/v1/changes/{run.pk}"}


def start_undo(endpoint: Endpoint) -> Run:
    changes = change_set_of(endpoint.actor, read_id(str(endpoint.body().get("change_set", ""))))
    if changes is None:
        raise Problem(404)
    return undoing.start_undo(changes)


def resolve(endpoint: Endpoint, run: Run) -> Run:
    answering.answer(run, endpoint.actor, endpoint.body().get("answers"))
    return run


def problems(endpoint: Endpoint, run: Run) -> HttpResponseBase | None:
    return problems_file(run) if has_problems(run) else None


def describe_import(run: Run) -> Mapping[str, Any]:
    undoing = Run.objects.filter(pk=run.params.get("undo")).first() if run.params.get("undo") else None
    return {
        "type": run.params["type"],
        "mapping": run.params["mapping"],
        "options": run.params["options"],
        "unresolved": run.state.get("unresolved", []),
        "unresolved_total": run.state.get("unresolved_total", 0),
        "can_undo": imports.can_undo(run),
        "undo": undoing
        and {"status": undoing.status, "progress": round(undoing.progress, 4), "counts": undoing.counts},
    }


def start_export(endpoint: Endpoint) -> Run:
    body = endpoint.body()
    query, fields = body.get("query") or {}, body.get("fields")
    if not isinstance(query, dict):
        raise ValidationError({"query": ValidationError(_("Send a list's filters as a JSON object."), code="type")})
    if fields is not None and not (isinstance(fields, list) and all(isinstance(name, str) for name in fields)):
        raise ValidationError({"fields": ValidationError(_("Send a list of field names."), code="type")})
    return exporting.start(
        endpoint.actor,
        str(body.get("type", "")),
        file_format=str(body.get("format", "csv")),
        query={name: _text(value) for name, value in query.items()},
        fields=fields,
        headers=str(body.get("headers", "names")),
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def result(endpoint: Endpoint, run: Run) -> HttpResponseBase | None:
    exporting.check_right(endpoint.actor, run.params["type"])
    file = StoredFile.objects.filter(pk=run.result["file"]).first() if run.result.get("file") else None
    return attachment(file) if file else None


ANSWER = {
    "type": "object",
    "required": ["field", "action"],
    "properties": {
        "field": {"type": "string"},
        "value": {"type": "string", "description": "The label of the file; without it all open labels of the field"},
        "action": {"type": "string", "enum": ["use", "create", "empty"]},
        "id": {"type": "string", "description": "The record or choice meant, with the action “use”"},
        "within": {"type": "string", "description": "With “create”: what it belongs to (a stage's pipeline)"},
    },
}

add_runs(
    Runs(
        slug="imports",
        kind="import",
        start=start_import,
        verbs={"undo": undo, "resolve": resolve},
        files={"problems": problems},
        has_file=lambda name, run: has_problems(run),
        describe=describe_import,
        bodies={
            "resolve": {
                "type": "object",
                "required": ["answers"],
                "properties": {"answers": {"type": "array", "items": ANSWER}},
            }
        },
        media="multipart/form-data",
        summary="Import of a CSV or XLSX file",
        request={
            "type": "object",
            "required": ["file", "type"],
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "type": {"type": "string", "enum": [slug for slug, rtype in registry.items() if rtype.can_import]},
                "mapping": {
                    "type": "string",
                    "description": "JSON: [{column, field, multiply, values}], or {column: field}. Guessed if absent",
                },
                "options": {
                    "type": "string",
                    "description": "JSON: match, existing (update, skip), empty_clears, money_unit, create_missing, "
                    "values ({column: {theirs: ours}}), encoding, delimiter, sheet, header_row",
                },
            },
        },
    )
)
add_runs(
    Runs(
        slug="exports",
        kind="export",
        start=start_export,
        files={"result": result},
        has_file=lambda name, run: bool(run.result.get("file")),
        describe=lambda run: {"type": run.params["type"], "format": run.params["format"]},
        summary="Export of a list as CSV or XLSX",
        request={
            "type": "object",
            "required": ["type"],
            "properties": {
                "type": {"type": "string"},
                "format": {"type": "string", "enum": list(exporting.FORMATS)},
                "query": {"type": "object", "description": "A list's filters, sort and q"},
                "fields": {"type": ["array", "null"], "items": {"type": "string"}},
                "headers": {"type": "string", "enum": list(exporting.HEADERS)},
            },
        },
    )
)
add_runs(
    Runs(
        slug="bulk",
        kind=bulk.KIND,
        start=bulk_requests.start,
        verbs={"undo": undo_changes},
        files={"problems": problems},
        has_file=lambda name, run: has_problems(run),
        describe=describe_changes,
        summary="Change every record of a selection",
        request={
            **bulk_requests.REQUEST,
            "required": ["type"],
            "properties": {"type": {"type": "string"}, **bulk_requests.REQUEST["properties"]},
        },
    )
)
add_runs(
    Runs(
        slug="undos",
        kind=undoing.KIND,
        start=start_undo,
        verbs={"undo": undo_changes},
        files={"problems": problems},
        has_file=lambda name, run: has_problems(run),
        describe=describe_changes,
        summary="Take a change set back",
        request={
            "type": "object",
            "required": ["change_set"],
            "properties": {"change_set": {"type": "string", "format": "uuid"}},
        },
    )
)
