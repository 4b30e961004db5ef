"""The report as a run: figures first, then the files."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

from django.utils.translation import gettext as _

from crm_core.reporting.won import GROUPINGS, Question, answer, read_question
from kernel.access.actor import Actor
from kernel.files.storing import store
from kernel.runs.models import Run
from kernel.runs.work import Work, runner, start
from kernel.transfer.writers import CsvWriter, TableWriter, XlsxWriter

STEPS = 3
KEPT = timedelta(days=30)
FORMATS: dict[str, tuple[Any, str]] = {
    "csv": (CsvWriter, "text/csv; charset=utf-8"),
    "xlsx": (XlsxWriter, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def start_report(actor: Actor, question: Question) -> Run:
    return start("report", actor, str(GROUPINGS[question.by].title), question.kept(), total=STEPS)


@runner("report")
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
    work.run.result = {name: work.state[name] for name in ("lines", "total", "files")}


def _figures(run: Run, actor: Actor) -> None:
    lines, total = answer(read_question(run.params, actor), actor)
    run.state["lines"] = [[line.label, line.count, str(line.amount), line.url] for line in lines]
    run.state["total"] = [total.label, total.count, str(total.amount), total.url]
    run.state["files"] = {}
    run.done = 1


def _write(run: Run, extension: str, actor: Actor) -> str:
    writer, content_type = FORMATS[extension]
    grouping = GROUPINGS[run.params["by"]]
    with TemporaryFile() as file:
        table = writer(file) if extension == "csv" else writer(file, language=actor.format.language)
        _fill(table, [str(grouping.label), _("Deals"), _("Amount"), _("Currency")], run.state, actor.format.currency)
        kept = store(file, f"{run.title}.{extension}", content_type=content_type, member=run.member, keep=KEPT)
    return str(kept.pk)


def _fill(table: TableWriter, header: Sequence[str], state: dict[str, Any], currency: str) -> None:
    table.write_row(header)
    for label, count, amount, _url in [*state["lines"], state["total"]]:
        table.write_row([label, count, Decimal(amount), currency])
    table.close()
