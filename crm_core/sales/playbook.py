"""The playbook: entering a stage, a deal is given the tasks that stand there, each once, however often it comes back.

Written in the transaction of the move and with its change set, so that taking the move back takes them back. What an
import brings has been dealt with elsewhere, and what is taken back has been there before: neither is given any.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from crm_core.activities.models import Task
from crm_core.sales.models import Deal, StageTask
from crm_core.sales.rules import stages_of
from kernel.access.actor import Access, format_for, operator
from kernel.access.models import Member
from kernel.events.models import Event
from kernel.lib.planning import at
from kernel.records.afterwards import after_change
from kernel.records.bulk import BATCH, Item, change_many
from kernel.records.types import registry

logger = logging.getLogger(__name__)


@after_change
def give_tasks(access: Access, changed: Sequence[tuple[Any, Event]]) -> None:
    if access.rtype.slug != "deals":
        return
    entering = {record.pk: record for record, event in changed if _enters(record, event)}
    if not entering:
        return
    with_tasks = {stage.pk for stage in stages_of(access.actor).by_id.values() if stage.has_tasks}
    stages = with_tasks & {deal.stage_id for deal in entering.values()}
    if not stages:
        return
    steps: dict[UUID, list[StageTask]] = defaultdict(list)
    for step in StageTask.objects.alive().filter(stage__in=stages).order_by("due_days", "pk"):
        steps[step.stage_id].append(step)
    items = list(_items(entering, steps))
    tasks = operator("job").access(registry["tasks"])
    for start in range(0, len(items), BATCH):
        change_many(tasks, items[start : start + BATCH], change_set=changed[0][1].change_set)
    for item in items:
        if item.error:
            logger.warning("A task of a playbook could not be made: %s", " ".join(item.error.messages))
    due = dict(Deal.objects.filter(pk__in=entering).values_list("pk", "next_step_at"))
    for pk, deal in entering.items():
        deal.next_step_at = due[pk]


def _enters(deal: Deal, event: Event) -> bool:
    is_history = event.via == "import" or event.cause is not None
    return "stage" in event.changes and deal.deleted_at is None and not is_history


def _items(entering: Mapping[UUID, Deal], steps: Mapping[UUID, Sequence[StageTask]]) -> Iterator[Item]:
    given = set(
        Task.objects.alive()
        .filter(about_id__in=entering, planned_by__isnull=False)
        .values_list("about_id", "planned_by")
    )
    owners = {step.assignee_id for rows in steps.values() for step in rows} | {d.owner_id for d in entering.values()}
    members = Member.objects.in_bulk([pk for pk in owners if pk])
    for deal in entering.values():
        for step in steps.get(deal.stage_id, ()):
            if (deal.pk, step.pk) in given:
                continue
            owner = step.assignee_id or deal.owner_id
            fmt = format_for(members.get(owner) if owner else None)
            values = {
                "subject": step.subject, "about": {"type": "deals", "id": str(deal.pk)}, "priority": step.priority,
                "due_at": at(fmt.today() + dt.timedelta(days=step.due_days), dt.time(), fmt.timezone),
            }  # fmt: skip
            if owner:
                values["owner"] = owner
            elif deal.team_id:
                values["team"] = deal.team_id
            yield Item(values, Task(planned_by=step.pk))
