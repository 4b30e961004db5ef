"""Reports over the API: POST /api/v1/report-runs {"report": "won", "by": "owner", "period": "this_year"}."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase

from crm_core.reporting.catalogue import REPORTS, SPANS, may_report, read_question
from crm_core.reporting.reports import MONEY
from crm_core.reporting.runs import FORMATS, KIND, start_report
from kernel.api.endpoint import Endpoint
from kernel.api.resources import Runs, add_runs
from kernel.files.links import attachment
from kernel.files.models import StoredFile
from kernel.runs.models import Run
from kernel.tenancy.context import get_tenant


def start(endpoint: Endpoint) -> Run:
    if not may_report(endpoint.actor):
        raise PermissionDenied
    question = read_question(endpoint.body(), endpoint.actor)
    if not question.report.may(endpoint.actor):
        raise PermissionDenied
    return start_report(endpoint.actor, question)


def file_of(extension: str) -> Any:
    def give(endpoint: Endpoint, run: Run) -> HttpResponseBase | None:
        file = StoredFile.objects.filter(pk=run.result.get("files", {}).get(extension)).first()
        return attachment(file) if file else None

    return give


def describe(run: Run) -> Mapping[str, Any]:
    """The lines, once they are there: [{label, and a figure by the name of each column}], and the total. The result as
    a file is the CSV."""
    if "columns" not in run.result:
        return {"columns": None, "lines": None, "total_line": None}
    columns = run.result["columns"]
    return {
        "columns": columns,
        "lines": [_line(columns, line) for line in run.result["lines"]],
        "total_line": _line(columns, run.result["total"]),
        "result_url": f"/api/v1/report-runs/{run.pk}/csv",
    }


def _line(columns: list[dict[str, Any]], line: dict[str, Any]) -> dict[str, Any]:
    currency = get_tenant().currency
    figures = {
        column["name"]: {"amount": figure, "currency": currency}
        if column["kind"] == MONEY and figure is not None
        else figure
        for column, figure in zip(columns, line["figures"], strict=True)
    }
    return {"label": line["label"], **figures}


DAY = {"type": ["string", "null"], "format": "date"}
add_runs(
    Runs(
        slug="report-runs",
        kind=KIND,
        start=start,
        files={extension: file_of(extension) for extension in FORMATS},
        has_file=lambda extension, run: extension in run.result.get("files", {}),
        describe=describe,
        summary="Figures as a table: " + "; ".join(f"{r.code} by {', '.join(r.groupings)}" for r in REPORTS.values()),
        request={
            "type": "object",
            "properties": {
                "report": {"type": "string", "enum": list(REPORTS)},
                "by": {"type": "string", "enum": sorted({by for r in REPORTS.values() for by in r.groupings})},
                "period": {"type": "string", "enum": ["", *SPANS]},
                "from": DAY,
                "to": DAY,
                "calendar": {"type": "string", "enum": ["gregorian", "jalali"]},
            },
        },
    )
)
