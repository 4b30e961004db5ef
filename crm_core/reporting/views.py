from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_core.reporting.funnel import lines_of, may_funnel
from crm_core.reporting.runs import start_report
from crm_core.reporting.won import GROUPINGS, SPANS, may_report, read_question
from kernel.access.actor import Actor
from kernel.files.links import download_url
from kernel.files.models import StoredFile
from kernel.runs.models import Run
from kernel.runs.work import cancel
from kernel.ui.charts import BarChart, Chart, HorizontalBars, Series, Slice
from kernel.ui.fields import Field, Option

MOST_BARS = 24
SPAN_LABELS = {
    "": lambda: _("All time"),
    "this_month": lambda: _("This month"),
    "last_month": lambda: _("Last month"),
    "this_quarter": lambda: _("This quarter"),
    "last_quarter": lambda: _("Last quarter"),
    "this_year": lambda: _("This year"),
    "last_year": lambda: _("Last year"),
}


@require_http_methods(["GET", "POST"])
def reports(request: HttpRequest) -> HttpResponse:
    """The report's questions, and what I asked lately."""
    actor = _actor(request)
    asked = request.POST if request.method == "POST" else request.GET
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            run = start_report(actor, read_question(request.POST.dict(), actor))
        except ValidationError as error:
            errors = error.message_dict
        else:
            return redirect("report", run.pk)
    mine = Run.objects.filter(kind="report", member=actor.member).order_by("-pk")[:20]
    context = {
        "heading": _("Reports"),
        "fields": _fields(asked, actor, errors),
        "may_funnel": may_funnel(actor),
        "runs": [{"run": run, "period": _period(run, actor)} for run in mine],
    }
    return render(request, "reporting/reports.html", context, status=422 if errors else 200)


@require_GET
def sources(request: HttpRequest) -> HttpResponse:
    """Leads by source: at once, for it is four figures a source."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not may_funnel(actor):
        raise PermissionDenied
    asked = request.GET.get("period", "")
    span: dict[str, str] = {}
    if asked in SPANS:
        found = actor.format.period(asked)
        span = {"created_at__gte": found.start.isoformat(), "created_at__lte": found.last.isoformat()}
    options = [Option(name, SPAN_LABELS[name]()) for name in ("", *SPANS)]
    context = {
        "heading": _("Leads by source"),
        "crumbs": [{"label": _("Reports"), "url": "/reports"}],
        "field": Field("period", _("Period in which the leads came"), "select", asked if span else "", options=options),
        "lines": lines_of(actor, span),
    }
    return render(request, "reporting/sources.html", context)


@require_GET
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = _actor(request)
    run = _run(actor, pk)
    context = {"run": run, "heading": run.title, "crumbs": [{"label": _("Reports"), "url": "/reports"}]}
    context |= {"period": _period(run, actor)}
    if run.status == Run.Status.DONE:
        context |= _answer(run, actor)
    return render(request, "reporting/report.html", context)


@require_GET
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress bar, asked for each second; the whole page once there is an end."""
    run = _run(_actor(request), pk)
    response = render(request, "reporting/_progress.html", {"run": run})
    if not run.is_open:
        response.headers["HX-Refresh"] = "true"
    return response


@require_POST
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = _run(_actor(request), pk)
    cancel(run)
    return redirect("report", run.pk)


@require_GET
def download(request: HttpRequest, pk: UUID, extension: str) -> HttpResponse:
    actor = _actor(request)
    run = _run(actor, pk)
    file = StoredFile.objects.filter(pk=run.result.get("files", {}).get(extension)).first()
    if file is None:
        raise Http404
    return redirect(download_url(file, actor.member))


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if not may_report(actor):
        raise PermissionDenied
    return actor


def _run(actor: Actor, pk: UUID) -> Run:
    """A report holds what its asker may see, and so is shown to nobody else."""
    run = Run.objects.filter(pk=pk, kind="report", member=actor.member).first()
    if run is None:
        raise Http404
    return run


def _fields(asked: Any, actor: Actor, errors: dict[str, list[str]]) -> list[Field]:
    calendars = [Option("gregorian", _("Gregorian")), Option("jalali", _("Jalali"))]
    spans = [Option(name, SPAN_LABELS[name]()) for name in ("", *SPANS)]
    return [
        Field(
            "by", _("Group by"), "select", asked.get("by", "owner"),
            options=[Option(name, grouping.label) for name, grouping in GROUPINGS.items()], errors=errors.get("by", ()),
        ),
        Field("period", _("Period"), "select", asked.get("period", ""), options=spans, errors=errors.get("period", ())),
        Field("from", _("From"), "date", asked.get("from", ""), errors=errors.get("from", ())),
        Field("to", _("To"), "date", asked.get("to", ""), errors=errors.get("to", ())),
        Field(
            "calendar", _("Months of the calendar"), "select", asked.get("calendar", actor.format.calendar),
            options=calendars, errors=errors.get("calendar", ()),
        ),
    ]  # fmt: skip


def _period(run: Run, actor: Actor) -> str:
    question = read_question({**run.params}, actor) if run.params.get("by") in GROUPINGS else None
    if question is None or not (question.first or question.last):
        return _("All time")
    ends = {
        "first": actor.format.date(question.first) if question.first else "…",
        "last": actor.format.date(question.last) if question.last else "…",
    }
    return _("%(first)s to %(last)s") % ends


def _answer(run: Run, actor: Actor) -> dict[str, Any]:
    lines = [
        {"label": label, "count": count, "amount": Decimal(amount), "url": url}
        for label, count, amount, url in run.result["lines"]
    ]
    _label, count, amount, url = run.result["total"]
    return {
        "grouping": GROUPINGS[run.params["by"]],
        "lines": lines,
        "total": {"count": count, "amount": Decimal(amount), "url": url},
        "chart": _chart(run, actor, lines) if lines else None,
    }


def _chart(run: Run, actor: Actor, lines: list[dict[str, Any]]) -> Chart:
    def show(value: Any) -> str:
        return actor.format.money(value, compact=True)

    grouping = GROUPINGS[run.params["by"]]
    if run.params["by"] == "month":
        shown = lines[-MOST_BARS:]
        return BarChart(
            grouping.title,
            labels=[line["label"] for line in shown],
            series=[Series(_("Won"), [line["amount"] for line in shown])],
            urls=[line["url"] for line in shown],
            time=True,
            show=show,
            heading=grouping.label,
        )
    slices = [Slice(line["label"], line["amount"], line["url"]) for line in lines[:MOST_BARS]]
    return HorizontalBars(grouping.title, slices, show=show, heading=grouping.label)
