"""Reports over the API: POST /api/v1/report-runs {"by": "owner", "period": "this_year"}."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase

from crm_core.reporting.runs import FORMATS, start_report
from crm_core.reporting.won import GROUPINGS, SPANS, may_report, read_question
from kernel.api.endpoint import Endpoint
from kernel.api.resources import Runs, add_runs
from kernel.files.links import attachment
from kernel.files.models import StoredFile
from kernel.runs.models import Run
from kernel.tenancy.context import get_tenant


def start(endpoint: Endpoint) -> Run:
    if not may_report(endpoint.actor):
        raise PermissionDenied
    return start_report(endpoint.actor, read_question(endpoint.body(), endpoint.actor))


def file_of(extension: str) -> Any:
    def give(endpoint: Endpoint, run: Run) -> HttpResponseBase | None:
        file = StoredFile.objects.filter(pk=run.result.get("files", {}).get(extension)).first()
        return attachment(file) if file else None

    return give


def describe(run: Run) -> Mapping[str, Any]:
    """The lines, once they are there: [{label, count, amount}], and the total. The result as a file is the CSV."""
    if "lines" not in run.result:
        return {"lines": None, "total_line": None}
    lines = [_line(line) for line in run.result["lines"]]
    url = f"/api/v1/report-runs/{run.pk}/csv"
    return {"lines": lines, "total_line": _line(run.result["total"]), "result_url": url}


def _line(line: list[Any]) -> dict[str, Any]:
    label, count, amount, _url = line
    return {"label": label, "count": count, "amount": {"amount": amount, "currency": get_tenant().currency}}


DAY = {"type": ["string", "null"], "format": "date"}
add_runs(
    Runs(
        slug="report-runs",
        kind="report",
        start=start,
        files={extension: file_of(extension) for extension in FORMATS},
        has_file=lambda extension, run: extension in run.result.get("files", {}),
        describe=describe,
        summary="Won amount and count by owner, team, product or month",
        request={
            "type": "object",
            "properties": {
                "by": {"type": "string", "enum": list(GROUPINGS)},
                "period": {"type": "string", "enum": ["", *SPANS]},
                "from": DAY,
                "to": DAY,
                "calendar": {"type": "string", "enum": ["gregorian", "jalali"]},
            },
        },
    )
)
