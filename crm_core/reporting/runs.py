"""A report as a run: figures first, then the files."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from crm_core.reporting.catalogue import read_question
from crm_core.reporting.reports import MONEY, Line, Question
from kernel.access.actor import Actor
from kernel.files.storing import store
from kernel.runs.models import Run
from kernel.runs.work import Work, runner, start
from kernel.transfer.writers import CsvWriter, TableWriter, XlsxWriter

KIND = "report"
STEPS = 3
KEPT = timedelta(days=30)
FORMATS: dict[str, tuple[Any, str]] = {
    "csv": (CsvWriter, "text/csv; charset=utf-8"),
    "xlsx": (XlsxWriter, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def start_report(actor: Actor, question: Question) -> Run:
    return start(KIND, actor, str(question.grouping.title), question.kept(), total=STEPS)


def runs_of(actor: Actor) -> QuerySet[Run]:
    """A report holds what its asker may see, and so is shown to nobody else."""
    mine = Run.objects.filter(kind=KIND, member=actor.member)
    return mine.exclude(Q(status=Run.Status.DONE) & ~Q(result__has_key="columns"))  # of an earlier shape


@runner(KIND)
def report(work: Work) -> None:
    """Three steps, each kept when it is done: a worker that takes over goes on with the next."""
    if "lines" not in work.state:
        with work.chunk() as run:
            _figures(run, work.actor)
    for extension in FORMATS:
        if extension not in work.state["files"]:
            with work.chunk() as run:
                run.state["files"][extension] = _write(run, extension, work.actor)
                run.done += 1
    work.run.rules = work.actor.rules.said()
    work.run.result = {name: work.state[name] for name in ("columns", "lines", "total", "files")}


def _figures(run: Run, actor: Actor) -> None:
    question = read_question(run.params, actor)
    answer = question.report.answer(question, actor)
    run.state["columns"] = [{"name": c.name, "label": str(c.label), "kind": c.kind} for c in answer.columns]
    run.state["lines"] = [_kept(line) for line in answer.lines]
    run.state["total"] = _kept(answer.total)
    run.state["files"] = {}
    run.done = 1


def _kept(line: Line) -> dict[str, Any]:
    figures = [str(figure) if isinstance(figure, Decimal) else figure for figure in line.figures]
    return {"label": line.label, "url": line.url, "figures": figures, "urls": list(line.urls)}


def _write(run: Run, extension: str, actor: Actor) -> str:
    writer, content_type = FORMATS[extension]
    with TemporaryFile() as file:
        table = writer(file) if extension == "csv" else writer(file, language=actor.format.language)
        _fill(table, str(read_question(run.params, actor).grouping.label), run.state, actor.format.currency)
        kept = store(file, f"{run.title}.{extension}", content_type=content_type, member=run.member, keep=KEPT)
    return str(kept.pk)


def _fill(table: TableWriter, by: str, state: dict[str, Any], currency: str) -> None:
    columns = state["columns"]
    table.write_row([by, *(column["label"] for column in columns), _("Currency")])
    for line in [*state["lines"], state["total"]]:
        figures = [
            Decimal(figure) if column["kind"] == MONEY and figure is not None else figure
            for column, figure in zip(columns, line["figures"], strict=True)
        ]
        table.write_row([line["label"], *figures, currency])
    table.close()
