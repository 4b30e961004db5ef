"""Erasing a person: everywhere, for good, and so that a killed worker's run is taken up where it was.

What names the person in other places goes first, while it is known what they are found by; then what hangs on them, the
values of their events, and last their own records, of which an empty one stays. Each piece may be done twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.actor import Actor
from kernel.attachments.models import File, FileVersion, Upload
from kernel.attachments.uploads import abort
from kernel.events.models import Event
from kernel.events.names import tell
from kernel.files.models import StoredFile
from kernel.lib.ids import uuid7
from kernel.privacy.certificates import digest_of
from kernel.privacy.models import Erasure
from kernel.privacy.naming import Naming
from kernel.privacy.people import BATCH, Ids, check_may_answer, flat, pointing_at, records_of
from kernel.privacy.preview import kept_files
from kernel.privacy.tables import plain_models, rows_about
from kernel.privacy.wiping import nobody, wipe
from kernel.records import vocabulary
from kernel.records.legal_holds import check_free, held_among
from kernel.records.models import Redirect
from kernel.records.tasks import gather_words
from kernel.records.types import RecordType, registry
from kernel.runs import work as runs
from kernel.runs.models import Run
from kernel.runs.work import Work, cancel, runner
from kernel.tenancy.context import on_commit

KIND = "erase-person"
OPEN = (Run.Status.QUEUED, Run.Status.RUNNING)

tell("privacy.erased", gettext_lazy("%(who)s erased the personal data of this person"))


def start(actor: Actor, rtype: RecordType, record: Any) -> Run:
    """Begin. Raises PermissionDenied, and ValidationError where a legal hold or other work stands in the way."""
    check_may_answer(actor)
    ids = records_of(rtype, record.pk)
    check_erasable(actor, ids)
    if Run.objects.filter(status__in=OPEN, kind=KIND, params__record=str(record.pk)).exists():
        raise ValidationError(_("This person is being erased already."), code="begun")
    return runs.start(KIND, actor, _("Erasing a person"), {"type": rtype.slug, "record": str(record.pk)})


def check_erasable(actor: Actor, ids: Ids) -> None:
    """What is under legal hold, or points at them and is, keeps a person from being erased."""
    for found in (ids, pointing_at(ids)):
        for slug, pks in found.items():
            rtype = registry[slug]
            held = pks if rtype.parent else held_among(pks)
            check_free(actor.access(rtype), rtype.model._default_manager.filter(pk__in=held))
    if Run.objects.filter(status__in=OPEN).exclude(kind=KIND).exists():
        problem = _("An import, an export or a change of many records is still running. Try again when it is done.")
        raise ValidationError(problem, code="busy")


@runner(KIND)
def erase_person(work: Work) -> None:
    Erasing(work).all()


class Erasing(Naming):
    def all(self) -> None:
        with self.work.chunk():
            self._begin()
        steps: list[Callable[[], Iterator[None]]] = [
            self._texts, self._rows_naming, self._tables, self._events_elsewhere, self._rows_about, self._hanging,
            self._history, self._records,
            # What was written down or changed meanwhile: an empty record takes no change that was begun before.
            self._rows_about, self._hanging, self._history, self._kept_files,
        ]  # fmt: skip
        for number, step in enumerate(steps):
            if number < self.state.get("step", 0):
                continue
            pieces = step()
            is_over = False
            while not is_over:
                with self.work.chunk():
                    self._check_not_held()
                    is_over = next(pieces, self) is self
                    if is_over:
                        self.state.update(step=number + 1, after=None, table=0)
                self._drop_bytes()
        with self.work.chunk() as run:
            self._certify(run)
        self.state.clear()

    def _begin(self) -> None:
        params, actor = self.work.params, self.work.actor
        check_may_answer(actor)
        rtype, pk = registry[params["type"]], UUID(params["record"])
        if "ids" not in self.state:
            ids = records_of(rtype, pk)
            check_erasable(actor, ids)
            self.state["ids"] = {slug: list(map(str, pks)) for slug, pks in ids.items()}
            erasure = Erasure(record_type=rtype.slug, record_id=pk, member=actor.member, run=self.work.run.pk)
            event = Event(
                name="privacy.erased", record_type=rtype.slug, record_id=pk, member=actor.member, via=actor.via,
                changes={"certificate": [None, str(erasure.pk)]}, fanned_out_at=timezone.now(), change_set=uuid7(),
            )  # fmt: skip
            event.save(force_insert=True)
            erasure.event = event.pk
            erasure.save(force_insert=True)
            self.state.update(erasure=str(erasure.pk), event=str(event.pk), counts={}, bytes=[])

    def _check_not_held(self) -> None:
        """A hold that comes meanwhile stops it: what is there by then stays."""
        for slug, pks in self.ids.items():
            check_free(self.work.actor.access(registry[slug]), registry[slug].model._default_manager.filter(pk__in=pks))

    # -- what is theirs

    def _rows_about(self) -> Iterator[None]:
        self._forget_rows(self.ids)
        Redirect.objects.filter(models.Q(old__in=flat(self.ids)) | models.Q(new__in=flat(self.ids))).delete()
        yield

    def _forget_rows(self, ids: Ids) -> None:
        for upload in Upload.objects.filter(about_id__in=flat(ids)):
            abort(upload)
        for model in plain_models():
            rows = rows_about(model, ids)
            if rows is not None and model is not Run:
                self._count("rows", rows.delete()[0])

    def _hanging(self) -> Iterator[None]:
        """Notes, tasks, files with all their versions, consents: the lowest first."""
        while batch := _lowest(self.ids):
            rtype, pks = batch
            rows = rtype.model._default_manager.filter(pk__in=pks)
            vocabulary.unlearn(rows.values_list("search", flat=True))
            about = models.Q(record_id__in=pks) | models.Q(about_id__in=pks)
            self._empty(Event.objects.filter(about))
            self._forget_rows({rtype.slug: pks})
            if rtype.model is File:
                versions = FileVersion.objects.filter(file__in=pks)
                self._remember_bytes(StoredFile.objects.filter(pk__in=versions.values("stored")))
            rtype.purge(rows, self.work.actor)
            self._count(rtype.slug, len(pks))
            yield

    def _history(self) -> Iterator[None]:
        ids = flat(self.ids)
        while True:
            rows = Event.objects.filter(models.Q(record_id__in=ids) | models.Q(about_id__in=ids))
            rows = rows.exclude(pk=self.state["event"])
            if after := self.state.get("after"):
                rows = rows.filter(pk__gt=after)
            batch = list(rows.order_by("pk")[:BATCH])
            if not batch:
                return
            self._empty([event for event in batch if event.changes])
            self.state["after"] = str(batch[-1].pk)
            yield

    def _records(self) -> Iterator[None]:
        """The one that was asked for, and those of other types, stay as empty ones; what was merged into them goes."""
        for slug, pks in self.ids.items():
            rtype = registry[slug]
            rows: Any = rtype.model._default_manager.filter(pk__in=pks)
            for record in rows.select_for_update(of=("self",)):
                if record.label == nobody():
                    continue
                vocabulary.unlearn([record.search])
                if record.deleted_at is not None and str(record.pk) != self.work.params["record"]:
                    rtype.purge(rows.filter(pk=record.pk), self.work.actor)
                else:
                    wipe(rtype, record)
                self._count(slug, 1)
        yield

    def _kept_files(self) -> Iterator[None]:
        """Files that were imported or made: any may hold them, and none can be searched. Work under way is stopped."""
        others = Run.objects.exclude(pk=self.work.run.pk).exclude(kind=KIND)
        for run in others.filter(status__in=[*OPEN, Run.Status.WAITING]):
            cancel(run)
        files = kept_files()
        self._remember_bytes(files)
        self._count("run_files", files.delete()[0])
        yield

    # -- bytes lie outside of the database: first it is kept which are to go, then they go

    def _remember_bytes(self, files: Any) -> None:
        self.state["bytes"] = [*self.state["bytes"], *files.values_list("key", flat=True)]

    def _drop_bytes(self) -> None:
        if keys := self.state["bytes"]:
            for key in keys:
                default_storage.delete(key)
            with self.work.chunk():
                self.state["bytes"] = []

    def _certify(self, run: Run) -> None:
        erasure = Erasure.objects.get(pk=self.state["erasure"])
        erasure.finished_at, erasure.counts = timezone.now(), self.state["counts"]
        erasure.digest = digest_of(erasure)
        erasure.save()
        run.result = {"certificate": str(erasure.pk)}
        on_commit(gather_words.delay)


def _lowest(ids: Ids) -> tuple[RecordType, list[UUID]] | None:
    """Some of what hangs on these on which nothing hangs itself."""
    for slug, pks in ids.items():
        for child in registry.values():
            if child.parent:
                hanging: dict[str, Any] = {"about_type": slug, "about_id__in": pks}
                rows = child.model._default_manager.filter(**hanging).order_by("pk")
                if found := list(rows.values_list("pk", flat=True)[:BATCH]):
                    return _lowest({child.slug: found}) or (child, found)
    return None
