"""The steps before an import begins: the file, its columns, its words, a preview. Each is a page of its own."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kernel.access.actor import Actor
from kernel.files.models import StoredFile
from kernel.files.storing import on_disk
from kernel.lib.errors import ParseError
from kernel.lib.text import sort_key
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.transfer import imports, mapping
from kernel.transfer.import_pages import actor_of, run_of
from kernel.transfer.mapping import Entry
from kernel.transfer.preview import Look
from kernel.transfer.questions import questions_of, read_answers
from kernel.transfer.sources import MAX_FILE_BYTES, UnreadableFile
from kernel.transfer.step_fields import ColumnForm, file_fields, new_fields, option_fields

ACCEPTED = ".csv,.tsv,.txt,.xlsx"
IMPORTS = "/imports"
SHOWN_ROWS = 5


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    types = imports.importable(actor)
    asked = request.POST if request.method == "POST" else request.GET
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            run = _upload(request, actor)
        except ParseError as error:
            errors = {"file": [str(error.message)]}
        except ValidationError as error:
            errors = error.message_dict
        else:
            return redirect("import-columns", run.pk)
    fields = new_fields(types, asked.get("type", ""), errors, ACCEPTED, MAX_FILE_BYTES)
    context = {"heading": _("Import a file"), "fields": fields, "steps": steps_of(None, "file"), **_crumbs()}
    return render(request, "transfer/new.html", context, status=422 if errors else 200)


def _upload(request: HttpRequest, actor: Actor) -> Run:
    upload = request.FILES.get("file")
    if upload is None:
        raise ParseError(_("Choose a file first."), "required")
    return imports.upload(actor, request.POST.get("type", ""), upload, upload.name or "")


def steps_of(run: Run | None, current: str) -> list[dict[str, Any]]:
    names = [("file", _("File")), ("columns", _("Columns")), ("values", _("Values")), ("preview", _("Preview"))]
    order = [name for name, _label in names].index(current)
    base = f"/imports/{run.pk}" if run else ""
    return [
        {"label": label, "done": place < order, "current": name == current, "url": f"{base}/{name}" if base else ""}
        for place, (name, label) in enumerate(names)
    ]


def _crumbs() -> dict[str, Any]:
    return {"crumbs": [{"label": _("Imports"), "url": IMPORTS}]}


def _waiting(request: HttpRequest, pk: UUID) -> tuple[Actor, Run | None, Run]:
    """My import, and the same once more where it still waits for its mapping."""
    actor = actor_of(request)
    run = run_of(actor, pk)
    imports.check_rights(actor.access(registry[run.params["type"]]))
    is_open = run.status == Run.Status.WAITING and not imports.is_begun(run)
    return actor, run if is_open else None, run


@require_http_methods(["GET", "POST"])
def file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How the file is read: another encoding, delimiter, sheet or header row than was found."""
    actor, run, known = _waiting(request, pk)
    if run is None:
        return redirect("import", known.pk)
    asked = request.POST if request.method == "POST" else run.params["source"]
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            with on_disk(StoredFile.objects.get(pk=run.params["file"])) as path:
                imports.reread(run, actor, path, _source(request))
        except ParseError as error:
            name = error.code if error.code in ("encoding", "delimiter", "header_row") else "header_row"
            errors = {name: [str(error.message)]}
        else:
            return redirect("import-columns", run.pk)
    context = {
        "heading": _("How the file is read"),
        "run": run,
        "fields": file_fields(asked, run.params["source"], errors),
        "steps": steps_of(run, "file"),
        **_first_rows(run),
        **_crumbs(),
    }
    return render(request, "transfer/file.html", context, status=422 if errors else 200)


def _first_rows(run: Run) -> dict[str, Any]:
    """What the file looks like as it is read now."""
    try:
        with on_disk(StoredFile.objects.get(pk=run.params["file"])) as path:
            source = imports.open_source(path, run.title, run.params["source"])
            return {"source": source, "rows": list(itertools.islice(source.rows(), SHOWN_ROWS))}
    except ParseError:
        return {}


def _source(request: HttpRequest) -> dict[str, str]:
    names = ("encoding", "delimiter", "sheet", "header_row")
    source = {name: request.POST.get(name, "").strip() for name in names}
    source["delimiter"] = {"tab": "\t"}.get(source["delimiter"], source["delimiter"])
    if source["header_row"] and not source["header_row"].isdecimal():
        raise ParseError(_("Give the number of the row, or 0 where there is none."), "header_row")
    return source


@require_http_methods(["GET", "POST"])
def columns(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, run, known = _waiting(request, pk)
    if run is None:
        return redirect("import", known.pk)
    access = actor.access(registry[run.params["type"]])
    problem = ""
    if request.method == "POST":
        form = ColumnForm(access, run, request.POST)
        try:
            _describe(run, actor, form)
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            return redirect("import-values", run.pk)
    else:
        form = ColumnForm(access, run)
    try:
        with on_disk(StoredFile.objects.get(pk=run.params["file"])) as path:
            rows = form.rows(path)
    except UnreadableFile as error:
        rows, problem = [], str(error.message)
    context = {
        "heading": run.title,
        "run": run,
        "type": access.rtype,
        "rows": rows,
        "options": option_fields(access, run, form.options()),
        "problem": problem,
        "remembered": run.params.get("remembered"),
        "steps": steps_of(run, "columns"),
        **_crumbs(),
    }
    return render(request, "transfer/columns.html", context, status=422 if problem else 200)


def _describe(run: Run, actor: Actor, form: ColumnForm) -> None:
    entries = mapping.read_mapping(form.access, run.params["header"], form.entries())
    if imports.needs_money_unit(form.access, entries) and "money_unit" not in (form.posted or ()):
        raise ValidationError(_("Say whether the amounts of the file are in Toman or in Rial."))
    run.params["is_described"] = True
    imports.describe(run, actor, entries, form.options())
    imports.ready(run, actor)


@require_http_methods(["GET", "POST"])
def values(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Their words that are none of ours. What stays open here is asked again while the import runs."""
    actor, run, known = _waiting(request, pk)
    if run is None or not run.params["mapping"]:
        return redirect("import", known.pk)
    with on_disk(StoredFile.objects.get(pk=run.params["file"])) as path:
        look = Look(run, actor, path)
        if request.method == "GET" and "again" in request.GET:
            _forget_values(run)
            look = Look(run, actor, path)
        unresolved = [item.as_json(look.access) for item in look.unresolved()[:60]]
    questions = questions_of(run, actor, unresolved)
    if request.method == "POST":
        _keep(run, read_answers(request.POST, questions))
        return redirect("import-preview", run.pk)
    if not questions:
        return redirect("import-preview", run.pk)
    context = {
        "heading": run.title,
        "run": run,
        "questions": questions,
        "steps": steps_of(run, "values"),
        **_crumbs(),
    }
    return render(request, "transfer/values.html", context)


def _forget_values(run: Run) -> None:
    for item in run.params["mapping"]:
        item["values"] = {}
    run.params["answers"] = {}
    run.save(update_fields=["params"])


def _keep(run: Run, answers: list[dict[str, Any]]) -> None:
    """Words for records and choices belong to the mapping, and are remembered with it; the others are answers."""
    entries: dict[str, Entry] = {entry.field: entry for entry in mapping.load(run.params["mapping"])}
    for answer in answers:
        name, key = answer["field"], sort_key(answer["value"]) if "value" in answer else "*"
        if answer["action"] == "use" and name in entries:
            entries[name].values[key] = answer["id"]
        elif answer["action"] in ("create", "empty"):
            kept = {"create": True, "within": answer["id"]} if answer["action"] == "create" else {"value": ""}
            run.params["answers"].setdefault(name, {})[key] = kept
    run.params["mapping"] = mapping.dump(entries.values())
    run.save(update_fields=["params"])


@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor, run, known = _waiting(request, pk)
    if run is None or not run.params["mapping"]:
        return redirect("import", known.pk)
    problem = ""
    if request.method == "POST":
        try:
            imports.begin(run, actor)
        except ValidationError as error:
            problem = " ".join(error.messages)
        else:
            return redirect("import", run.pk)
    shown = None
    try:
        with on_disk(StoredFile.objects.get(pk=run.params["file"])) as path:
            shown = Look(run, actor, path).preview()
    except ParseError as error:
        problem = str(error.message)
    context = {
        "heading": run.title,
        "run": run,
        "type": registry[run.params["type"]],
        "preview": shown,
        "problem": problem,
        "steps": steps_of(run, "preview"),
        **_crumbs(),
    }
    return render(request, "transfer/preview.html", context, status=422 if problem else 200)
