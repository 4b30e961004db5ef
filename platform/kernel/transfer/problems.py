"""The rows that a run refused, as a file: row number, reasons, then the cells as they stood."""

from __future__ import annotations

import io
from collections.abc import Iterator

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from kernel.runs.models import Run
from kernel.tenancy.context import get_tenant, stream
from kernel.transfer.models import Problem
from kernel.transfer.writers import CsvWriter

PIECE = 1000


def has_problems(run: Run) -> bool:
    return bool(run.counts.get("refused") or run.counts.get("incomplete") or run.counts.get("conflicts"))


def problems_file(run: Run) -> StreamingHttpResponse:
    """A CSV of the run's problems, made while it is sent."""
    name = f"{_('refused rows')} {run.title}".rpartition(".")[0] or _("refused rows")
    response = StreamingHttpResponse(
        stream(get_tenant(), _pieces(run, _header(run))), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = content_disposition_header(True, f"{name}.csv") or ""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _header(run: Run) -> list[str]:
    if run.kind == "undo":
        return [_("Reason"), _("Type"), _("Record"), "ID", _("Fields")]
    if run.kind == "bulk":
        return [_("Reason"), _("Record"), "ID"]
    return [_("Row"), _("Reason"), *run.params["header"]]


def _pieces(run: Run, header: list[str]) -> Iterator[bytes]:
    buffer = io.BytesIO()
    writer = CsvWriter(buffer)
    writer.write_row(header)
    after = 0
    while True:
        problems = list(Problem.objects.filter(run=run, pk__gt=after).order_by("pk")[:PIECE])
        for problem in problems:
            number = [problem.row] if run.kind == "import" else []
            cells = [cell for cell in problem.cells if not isinstance(cell, dict)]
            writer.write_row([*number, " ".join(problem.reasons), *cells])
        if not problems:
            break
        after = problems[-1].pk
        yield _take(writer, buffer)
    writer.close()
    yield buffer.getvalue()


def _take(writer: CsvWriter, buffer: io.BytesIO) -> bytes:
    writer.flush()
    data = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return data
