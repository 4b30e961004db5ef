"""Taking back a whole import: what it created goes to the trash, what it changed gets its old values back."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from kernel.events.models import Event
from kernel.records.types import registry
from kernel.records.undo import Conflict, events_of, undo
from kernel.runs.models import Run
from kernel.runs.work import Work, runner
from kernel.transfer.models import Problem

COUNTS = ("undone", "conflicts")


@runner("undo")
def undo_import(work: Work) -> None:
    run, imported = work.run, UUID(work.params["run"])
    work.actor.via = "import"
    for name in COUNTS:
        run.counts.setdefault(name, 0)
    if run.total is None:
        with work.chunk():
            run.total = Event.objects.filter(change_set=imported).exclude(record_id=None).count()
    while True:
        with work.chunk():
            events = events_of(imported, UUID(work.state["after"]) if "after" in work.state else None)
            if not events:
                break
            conflicts = list(undo(work.actor, events, run.pk))
            Problem.objects.bulk_create(_problem(run, conflict) for conflict in conflicts)
            run.counts["undone"] += len(events) - len(conflicts)
            run.counts["conflicts"] += len(conflicts)
            run.done += len(events)
            work.state["after"] = str(events[-1].pk)


def _problem(run: Run, conflict: Conflict) -> Problem:
    rtype = registry[conflict.slug]
    specs = rtype.specs()
    labels = [str(specs[name].label) if name in specs else name for name in conflict.fields]
    reasons = [conflict.reason] if conflict.reason else [_kept(labels)]
    return Problem(
        run=run, reasons=reasons, cells=[str(rtype.label), conflict.label, str(conflict.pk), ", ".join(labels)]
    )


def _kept(labels: list[str]) -> str:
    return _("Changed since, and kept as it is now: %(fields)s") % {"fields": ", ".join(labels)}
