"""Taking back a whole change set: an import, a change of many records, or somebody's last step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.events.models import Event
from kernel.records.change_sets import ChangeSet
from kernel.records.holds import hold
from kernel.records.types import registry
from kernel.records.undo import Conflict, events_of, put_back, undo
from kernel.runs.models import Run
from kernel.runs.work import Work, carry_out, runner, wake
from kernel.transfer.models import Problem

KIND = "undo"
COUNTS = ("undone", "conflicts")
AT_ONCE = 200
A_MOMENT = timedelta(seconds=0.8)


def start_undo(changes: ChangeSet) -> Run:
    """Take it back, once: at once where it is little. Raises PermissionDenied and ValidationError."""
    actor = changes.actor
    hold(f"undo:{changes.pk}")
    changes.check()
    run = Run.objects.create(
        kind=KIND, title=title_of(changes), member=actor.member, role=actor.role, via=actor.via,
        params={"change_set": str(changes.pk)},
    )  # fmt: skip
    Run.objects.filter(pk=changes.pk).update(undone_at=timezone.now())
    if Event.objects.filter(change_set=changes.pk).order_by().values("pk")[: AT_ONCE + 1].count() <= AT_ONCE:
        return carry_out(run, actor, A_MOMENT)
    wake(run)
    return run


def title_of(changes: ChangeSet) -> str:
    what = changes.run.title if changes.run else ", ".join(str(part.rtype.label_plural) for part in changes.parts)
    return what[:200]


@runner(KIND)
def take_back(work: Work) -> None:
    run = work.run
    if "run" in work.params:
        work.actor.via = "import"
    done = UUID(work.params.get("run") or work.params["change_set"])
    for name in COUNTS:
        run.counts.setdefault(name, 0)
    if run.total is None:
        with work.chunk():
            run.total = Event.objects.filter(change_set=done).exclude(record_id=None).count()
    while True:
        with work.chunk():
            events = events_of(done, UUID(work.state["after"]) if "after" in work.state else None)
            if not events:
                break
            conflicts = undo(work.actor, events, run.pk)
            Problem.objects.bulk_create(_problem(run, work.actor, one) for one in _told(work.actor, conflicts))
            run.counts["undone"] += len(events) - len(conflicts)
            run.counts["conflicts"] += len(conflicts)
            run.done += len(events)
            work.state["after"] = str(events[-1].pk)


def _told(actor: Actor, conflicts: Iterable[Conflict]) -> list[Conflict]:
    """Those about records that whoever takes it back may see; the others are counted, and not named."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for conflict in conflicts:
        wanted[conflict.slug].add(conflict.pk)
    seen: set[UUID] = set()
    for slug, ids in wanted.items():
        access = actor.access(registry[slug])
        if access.may("view"):
            for deleted in (False, True):
                seen.update(access.records(deleted=deleted).filter(pk__in=ids).values_list("pk", flat=True))
    return [conflict for conflict in conflicts if conflict.pk in seen]


def _problem(run: Run, actor: Actor, conflict: Conflict) -> Problem:
    """Told of the fields that whoever takes it back may read."""
    rtype = registry[conflict.slug]
    readable = actor.access(rtype).readable()
    labels = [str(readable[name].label) for name in conflict.fields if name in readable]
    reasons = [conflict.reason] if conflict.reason else [_kept(labels)]
    kept = {"type": conflict.slug, "id": str(conflict.pk), "values": conflict.values}
    cells: list[Any] = [str(rtype.label), conflict.label, str(conflict.pk), ", ".join(labels), kept]
    return Problem(run=run, reasons=reasons, cells=cells)


def _kept(labels: list[str]) -> str:
    return _("Changed since, and kept as it is now: %(fields)s") % {"fields": ", ".join(labels)}


# -- what was kept, field by field


def conflicts_of(run: Run, after: int = 0, limit: int = 50) -> list[Problem]:
    return list(Problem.objects.filter(run=run, pk__gt=after).order_by("pk")[:limit])


def restore_anyway(actor: Actor, run: Run, problem: Problem, names: set[str], change_set: UUID) -> None:
    """Put these fields of one conflict back to what they were, and strike them off."""
    kept = problem.cells[4]
    access: Access = actor.access(registry[kept["type"]])
    values = {name: kept["values"][name][0] for name in names & kept["values"].keys()}
    put_back(access, UUID(kept["id"]), values, change_set)
    kept["values"] = {name: value for name, value in kept["values"].items() if name not in values}
    if kept["values"]:
        problem.save(update_fields=["cells"])
        return
    problem.delete()
    run.counts["conflicts"] -= 1
    Run.objects.filter(pk=run.pk).update(counts=run.counts)
