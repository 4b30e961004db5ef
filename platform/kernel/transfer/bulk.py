"""Changing every record of a selection, as a run: counted beforehand, in chunks, each record told that was refused.

The selection is gone through by id. A row that somebody changed meanwhile so that it is no longer meant is left alone
and counted; each row is locked when it is looked at, so nobody's change is overwritten unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from kernel.access.actor import Access, Actor
from kernel.events.names import tell
from kernel.events.noting import note
from kernel.lib.ids import uuid7
from kernel.records.bulk import BATCH, Item, change_many
from kernel.records.selection import Selection
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import Work, carry_out, runner, start
from kernel.transfer.models import Problem
from kernel.transfer.rows import reasons_of
from kernel.transfer.wishes import Wish

KIND = "bulk"
COUNTS = ("changed", "unchanged", "refused", "skipped")
AT_ONCE = 200
A_MOMENT = timedelta(seconds=0.8)
LISTED = 20

tell("bulk.finished", gettext_lazy("%(who)s changed many records"))


@dataclass
class Preview:
    """What would come of a wish. `refused` and `unchanged` are None where there are too many records to try it."""

    total: int
    without_right: int
    refused: int | None = None
    unchanged: int | None = None
    reasons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def changing(self) -> int:
        return self.total - self.without_right - (self.refused or 0) - (self.unchanged or 0)


class _Tried(Exception):
    """Everything was tried, and is taken back."""


def preview(access: Access, selection: Selection, wish: Wish) -> Preview:
    """Few records are changed for real and rolled back, so that it says what will be."""
    rows = selection.rows(access)
    total = rows.order_by().count()
    allowed = access.records(wish.needs(access)).filter(pk__in=rows.order_by().values("pk")).count() if total else 0
    if total > AT_ONCE:
        return Preview(total, total - allowed)
    found = Preview(total, 0, 0, 0)
    try:
        with transaction.atomic():
            items = change_rows(access, list(_locked(rows)[:AT_ONCE]), wish, uuid7())
            raise _Tried  # noqa: TRY301 - rolls back what was tried
    except _Tried:
        pass
    for item in items:
        if item.error is not None:
            found.refused = (found.refused or 0) + 1
            if len(found.reasons) < LISTED:
                found.reasons.append((item.label, " ".join(reasons_of(item.error, access))))
        elif not item.is_changed:
            found.unchanged = (found.unchanged or 0) + 1
    return found


@dataclass
class Row(Item):
    """A record of the selection, by what it was when it was looked at."""

    pk: UUID | None = None
    label: str = ""


def change_rows(access: Access, rows: Sequence[Any], wish: Wish, change_set: UUID) -> list[Row]:
    act: Callable[[Any], Any] = partial(wish.carry_out, access)
    items = [Row({}, record, act=act, pk=record.pk, label=record.label) for record in rows]
    change_many(access, items, change_set=change_set)
    return items


def _locked(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.only("id", "label", "deleted_at").select_for_update(of=("self",))


def begin(actor: Actor, slug: str, selection: Selection, wish: Wish) -> Run:
    """Start it. Little of it is done when this returns, in the caller's transaction."""
    access = actor.access(registry[slug])
    few = selection.rows(access).order_by().values("pk")[: AT_ONCE + 1].count() <= AT_ONCE
    params = {"type": slug, "selection": selection.as_json(), "wish": wish.as_json(access)}
    title = f"{access.rtype.label_plural}: {wish.title(access)}"[:200]
    if not few:
        return start(KIND, actor, title, params)
    run = Run.objects.create(
        kind=KIND, title=title, member=actor.member, role=actor.role, via=actor.via, params=params
    )  # fmt: skip
    return carry_out(run, actor, A_MOMENT)


@runner(KIND)
def change_selected(work: Work) -> None:
    try:
        _change_selected(work)
    except PermissionDenied as error:
        raise ValidationError(str(error)) from error


def _change_selected(work: Work) -> None:
    run = work.run
    access = work.actor.access(registry[work.params["type"]])
    selection = Selection.read(work.params["selection"])
    for name in COUNTS:
        run.counts.setdefault(name, 0)
    if run.total is None:
        with work.chunk():
            run.total = selection.count(access)
    is_last = False
    while not is_last:
        with work.chunk():
            wish = Wish.load(access, work.params["wish"])
            # What was made since the run began was not selected.
            rows = selection.rows(access).filter(created_at__lte=run.created_at)
            if last := work.state.get("last"):
                rows = rows.filter(pk__gt=last)
            batch = list(_locked(rows)[:BATCH])
            items = change_rows(access, batch, wish, run.pk)
            _count(run, access, items)
            is_last = len(batch) < BATCH
            if batch:
                work.state["last"] = str(batch[-1].pk)
    with work.chunk():
        run.counts["skipped"] = max(0, (run.total or 0) - run.done)
        _tell(work, access)


def _count(run: Run, access: Access, items: Sequence[Row]) -> None:
    run.done += len(items)
    refused = [item for item in items if item.error is not None]
    changed = sum(item.is_changed for item in items if item.error is None)
    run.counts["changed"] += changed
    run.counts["refused"] += len(refused)
    run.counts["unchanged"] += len(items) - len(refused) - changed
    Problem.objects.bulk_create(
        Problem(run=run, reasons=reasons_of(item.error, access), cells=[item.label, str(item.pk)])
        for item in refused
        if item.error is not None
    )


def _tell(work: Work, access: Access) -> None:
    run = work.run
    changes = {"wish": [None, run.params["wish"]], "counts": [None, run.counts]}
    note(work.actor, "bulk.finished", access.rtype.slug, changes, change_set=run.pk)
