from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_core.reporting.catalogue import SPANS, may_report, read_question, reports_for
from crm_core.reporting.reports import MONEY, SHARE, Question, Report
from crm_core.reporting.runs import runs_of, start_report
from kernel.access.actor import Actor
from kernel.files.links import download_url
from kernel.files.models import StoredFile
from kernel.records.people import as_seen
from kernel.runs.models import Run
from kernel.runs.work import cancel
from kernel.ui.charts import BarChart, Chart, HorizontalBars, Series, Slice
from kernel.ui.fields import Field, Option
from kernel.ui.polling import polled

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
    """What each report asks, and what I asked lately."""
    actor = _actor(request)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            question = read_question(request.POST.dict(), actor)
            if not question.report.may(actor):
                raise PermissionDenied
            run = start_report(actor, question)
        except ValidationError as error:
            errors = error.message_dict
        else:
            return redirect("report", run.pk)
    asked = request.POST.get("report") or request.GET.get("report", "")
    forms = []
    for report in reports_for(actor):
        is_asked = asked == report.code or (not asked and report.code == "won")
        posted = request.POST if is_asked and request.method == "POST" else request.GET if is_asked else {}
        forms.append({"report": report, "fields": _fields(report, posted, actor, errors if is_asked else {})})
    mine = runs_of(actor).order_by("-pk")[:20]
    context = {
        "heading": _("Reports"),
        "forms": forms,
        "runs": [{"run": run, "period": _period(_question(run, actor), actor)} for run in mine],
    }
    return render(request, "reporting/reports.html", context, status=422 if errors else 200)


@require_GET
def report(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = _actor(request)
    run = _run(actor, pk)
    question = _question(run, actor)
    if question is None:
        raise Http404
    context = {"run": run, "heading": run.title, "crumbs": [{"label": _("Reports"), "url": "/reports"}]}
    context |= {"period": _period(question, actor), "grouping": question.grouping, "report": question.report}
    if run.result:
        context |= _answer(run, question, actor)
    return render(request, "reporting/report.html", context)


@require_GET
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress bar, asked for each second; the whole page once there is an end."""
    run = _run(_actor(request), pk)
    return polled(render(request, "reporting/_progress.html", {"run": run}), run)


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
    run = runs_of(actor).filter(pk=pk).first()
    if run is None:
        raise Http404
    return as_seen(actor, run)


def _question(run: Run, actor: Actor) -> Question | None:
    """What was asked; None for what is no longer asked so."""
    try:
        return read_question(run.params, actor)
    except ValidationError:
        return None


def _fields(report: Report, asked: Any, actor: Actor, errors: dict[str, list[str]]) -> list[Field]:
    fields = []
    if len(report.groupings) > 1:
        by = [Option(name, grouping.label) for name, grouping in report.groupings.items()]
        chosen = asked.get("by") or next(iter(report.groupings))
        fields.append(_field(report, "by", _("Group by"), "select", chosen, errors, by))
    if report.has_months:
        calendars = [Option("gregorian", _("Gregorian")), Option("jalali", _("Jalali"))]
        held = asked.get("calendar", actor.format.calendar)
        fields.append(_field(report, "calendar", _("Months of the calendar"), "select", held, errors, calendars))
    if report.spans:
        spans = [Option(name, SPAN_LABELS[name]()) for name in ("", *SPANS)]
        fields += [
            _field(report, "period", _("Period"), "select", asked.get("period", ""), errors, spans),
            _field(report, "from", _("From"), "date", asked.get("from", ""), errors),
            _field(report, "to", _("To"), "date", asked.get("to", ""), errors),
        ]
    return fields


def _field(
    report: Report, name: str, label: str, widget: str, value: Any, errors: dict[str, list[str]], options: Any = ()
) -> Field:
    return Field(
        name, label, widget, value, options=options, errors=errors.get(name, ()), id=f"{report.code}-{name}"
    )  # fmt: skip


def _period(question: Question | None, actor: Actor) -> str:
    if question is None or not question.report.spans:
        return ""
    if not (question.first or question.last):
        return _("All time")
    ends = {
        "first": actor.format.date(question.first) if question.first else "…",
        "last": actor.format.date(question.last) if question.last else "…",
    }
    return _("%(first)s to %(last)s") % ends


def _answer(run: Run, question: Question, actor: Actor) -> dict[str, Any]:
    columns = run.result["columns"]
    lines = [_line(columns, line, actor) for line in run.result["lines"]]
    return {
        "columns": columns,
        "lines": lines,
        "total": _line(columns, run.result["total"], actor),
        "chart": _chart(run, question, actor) if lines else None,
    }


def _line(columns: list[dict[str, Any]], kept: dict[str, Any], actor: Actor) -> dict[str, Any]:
    urls = kept["urls"] or [""] * len(columns)
    cells = [
        {"text": _shown(column["kind"], figure, actor), "url": url if figure and Decimal(figure) else ""}
        for column, figure, url in zip(columns, kept["figures"], urls, strict=True)
    ]
    return {"label": kept["label"], "url": kept["url"], "cells": cells}


def _shown(kind: str, figure: Any, actor: Actor, *, compact: bool = False) -> str:
    if figure is None:
        return "–"
    if kind == MONEY:
        return actor.format.money(Decimal(figure), compact=compact)
    return actor.format.percent(figure) if kind == SHARE else actor.format.number(figure)


def _chart(run: Run, question: Question, actor: Actor) -> Chart:
    place, column = next(
        (place, column) for place, column in enumerate(run.result["columns"]) if column["name"] == question.report.chart
    )
    lines = [(line["label"], Decimal(line["figures"][place] or 0), line["url"]) for line in run.result["lines"]]
    title, heading = question.grouping.title, question.grouping.label

    def show(value: Any) -> str:
        return _shown(column["kind"], value if column["kind"] == MONEY else int(value), actor, compact=True)

    if question.by == "month":
        shown = lines[-MOST_BARS:]
        return BarChart(
            title,
            labels=[label for label, _value, _url in shown],
            series=[Series(_("Won"), [value for _label, value, _url in shown])],
            urls=[url for _label, _value, url in shown],
            time=True,
            show=show,
            heading=heading,
        )
    return HorizontalBars(title, [Slice(*line) for line in lines[:MOST_BARS]], show=show, heading=heading)
