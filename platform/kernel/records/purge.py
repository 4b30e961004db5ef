"""Out of the trash for good: by hand, or by itself after thirty days.

What hangs on a purged record (notes, files with their bytes, child rows) goes with it, and relations to it are emptied.
Its history stays, and says at the end what it was called. What people choose from (stages, reasons) is never purged:
it keeps its name where it was chosen. A record that others cannot do without stays in the trash.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor, operator
from kernel.access.models import Share
from kernel.events.subscribers import publish
from kernel.lib.ids import uuid7
from kernel.records.change import event_row
from kernel.records.legal_holds import check_free, lasting
from kernel.records.models import Redirect
from kernel.records.types import RecordType, registry
from kernel.runs.models import Run
from kernel.runs.work import Work, start
from kernel.tenancy.pending import sweeper

KIND = "empty-trash"
KEPT = timedelta(days=30)
MERGED = timedelta(days=90)
AT_ONCE = 100
TRIED = 500


def may_purge(access: Access) -> bool:
    """Whoever may delete every record of the type may also do so for good."""
    return access.rtype.can_purge and access.scope("delete") == "all" and access.scope("view") == "all"


def purge(access: Access, records: Iterable[Any]) -> int:
    """Take these out of the trash for good, each or not at all; answers how many could not go: others need them, or
    they are under legal hold."""
    if not may_purge(access):
        raise PermissionDenied(_("Your role does not allow this."))
    change_set, refused = uuid7(), 0
    for record in records:
        try:
            check_free(access, [record])
            with transaction.atomic():
                _purge_one(access, record, change_set)
        except (ProtectedError, ValidationError):
            refused += 1
    return refused


def _purge_one(access: Access, record: Any, change_set: Any) -> None:
    rtype = access.rtype
    rows = rtype.model.objects.deleted().filter(pk=record.pk)
    if not rows.select_for_update(of=("self",)).exists():
        return  # restored meanwhile, or purged by somebody else
    event = event_row(f"{rtype.name}.purged", record, access, _last_words(rtype, record), change_set=change_set)
    _purge_hanging(rtype.slug, [record.pk], access.actor)
    Share.objects.filter(record_type=rtype.slug, record_id=record.pk).delete()
    rtype.purge(rows, access.actor)
    event.save(force_insert=True)
    publish([event])


def _purge_hanging(slug: str, ids: list[UUID], actor: Actor) -> None:
    """What hangs on these records, and what hangs on that: the file in a field of a task."""
    for child in registry.values():
        if child.parent:
            hanging: dict[str, Any] = {"about_type": slug, "about_id__in": ids}
            rows = child.model.objects.filter(**hanging)
            if below := list(rows.values_list("pk", flat=True)):
                _purge_hanging(child.slug, below, actor)
                child.purge(rows, actor)


def _last_words(rtype: RecordType, record: Any) -> dict[str, list[Any]]:
    return {rtype.label_field: [record.label, None]}


def purge_by_hand(access: Access, record: Any) -> None:
    """One record. Raises ValidationError where others cannot do without it, or where it is under legal hold."""
    if may_purge(access):
        check_free(access, [record])
    if purge(access, [record]):
        problem = _("Other records still need “%(label)s”, so it stays in the trash.") % {"label": record.label}
        raise ValidationError(problem, code="in_use")


def empty(access: Access) -> Run | None:
    """The whole trash of a type: at once where it holds little, else as a run."""
    rows = access.records(deleted=True)
    count = rows.order_by().values("pk")[: AT_ONCE + 1].count()
    if count <= AT_ONCE:
        purge(access, list(rows))
        return None
    if not may_purge(access):
        raise PermissionDenied(_("Your role does not allow this."))
    title = _("Emptying the trash: %(type)s") % {"type": access.rtype.label_plural}
    return start(KIND, access.actor, title[:200], {"type": access.rtype.slug, "until": timezone.now().isoformat()})


def empty_all(work: Work) -> None:
    """The run: what was in the trash when it was started, chunk by chunk."""
    access = work.actor.access(registry[work.params["type"]])
    while True:
        with work.chunk() as run:
            rows = access.records(deleted=True).filter(deleted_at__lte=work.params["until"]).order_by("pk")
            if last := work.state.get("last"):
                rows = rows.filter(pk__gt=last)
            batch = list(rows[:AT_ONCE])
            if not batch:
                return
            work.state["last"] = str(batch[-1].pk)
            refused = purge(access, batch)
            run.done += len(batch)
            run.counts = {
                "purged": run.counts.get("purged", 0) + len(batch) - refused,
                "refused": run.counts.get("refused", 0) + refused,
            }


@sweeper
def sweep_trash() -> bool:
    """What has been in the trash for thirty days, some of it at a time. True while more is to go."""
    actor: Actor = operator("job")
    left = AT_ONCE
    for rtype in list(registry.values()):
        access = actor.access(rtype)
        if not may_purge(access):
            continue
        old = rtype.model.objects.filter(deleted_at__lt=timezone.now() - KEPT).order_by("deleted_at")
        if rtype.duplicate_keys:  # what was merged may still be taken apart
            old = old.exclude(pk__in=Redirect.objects.filter(at__gte=timezone.now() - MERGED).values("old"))
        for record in old.exclude(pk__in=lasting().values("record_id"))[:TRIED]:
            left -= not purge(access, [record])
            if left <= 0:
                return True
    return False
