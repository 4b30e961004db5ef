"""Exporting a list: begin from its page, wait, fetch the file by a signed link."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kernel.access.actor import Actor
from kernel.files.links import download_url
from kernel.files.models import StoredFile
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import cancel
from kernel.transfer import exporting
from kernel.transfer.import_pages import progress_note, run_of
from kernel.ui.polling import polled


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """From a list: `type` and `format`. Its filters are in the address it was asked from, which htmx keeps up."""
    slug = request.POST.get("type", "")
    query = _question(request, slug)
    try:
        run = exporting.start(
            request.actor,
            slug,
            file_format=request.POST.get("format", "csv"),
            query={name: ",".join(values) for name, values in query.lists()},
            headers=request.POST.get("headers", "labels"),
        )
    except ValidationError as error:
        label, url = exporting.about(slug) if slug in registry or slug in exporting.others else ("", "")
        context: dict[str, Any] = {"heading": _("Export"), "problem": " ".join(error.messages), "run": None}
        context["crumbs"] = [{"label": label, "url": url}] if url else []
        return render(request, "transfer/export.html", context, status=422)
    return redirect("export", run.pk)


def _question(request: HttpRequest, slug: str) -> QueryDict:
    came_from = urlsplit(request.headers.get("Referer", ""))
    is_list = came_from.path == f"/r/{slug}" and came_from.netloc == request.get_host()
    # An address that asks nothing shows the view that the list opens with; the page then says what that asks.
    return QueryDict(came_from.query if is_list and came_from.query else request.POST.get("query", ""))


def _export_of(request: HttpRequest, pk: UUID) -> Run:
    """Its file lies there for days: whoever has lost the right meanwhile does not get it any more."""
    actor: Actor = request.actor
    actor.check_system("export")
    run = run_of(actor, pk, "export")
    exporting.check_right(actor, run.params["type"])
    return run


@require_GET
def show(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor: Actor = request.actor
    run = _export_of(request, pk)
    label, url = exporting.about(run.params["type"])
    context = {
        "heading": _("Export of %(records)s") % {"records": label},
        "crumbs": [{"label": label, "url": url}],
        "run": run,
        "format_name": run.params["format"].upper(),
        "note": progress_note(run, actor),
        "file": StoredFile.objects.filter(pk=run.result["file"]).first() if run.result.get("file") else None,
    }
    return render(request, "transfer/export.html", context)


@require_GET
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = _export_of(request, pk)
    context = {"run": run, "note": progress_note(run, request.actor)}
    return polled(render(request, "transfer/_export_progress.html", context), run)


@require_POST
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = _export_of(request, pk)
    cancel(run)
    return redirect("export", run.pk)


@require_GET
def download(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Only for whoever asked for it: the file holds what that member may see."""
    actor: Actor = request.actor
    run = _export_of(request, pk)
    file = StoredFile.objects.filter(pk=run.result["file"]).first() if run.result.get("file") else None
    if file is None or run.member_id != (actor.member and actor.member.pk):
        raise Http404
    return redirect(download_url(file, actor.member))
