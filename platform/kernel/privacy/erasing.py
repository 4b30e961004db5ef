"""Erasing a person: everywhere, for good, and so that a killed worker's run is taken up where it was.

What names the person in other places goes first, while it is known what they are found by; then what hangs on them, the
values of their events, and last their own records, of which an empty one stays. Each piece may be done twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.actor import Actor
from kernel.attachments.models import File, FileVersion, Upload
from kernel.attachments.uploads import abort
from kernel.events.erasing import Remaining, erase_values, nothing
from kernel.events.models import Event
from kernel.events.names import tell
from kernel.files.models import StoredFile
from kernel.lib.ids import uuid7
from kernel.lib.text import fold
from kernel.privacy.certificates import digest_of
from kernel.privacy.keys import cut, expression, patterns_of
from kernel.privacy.models import Erasure
from kernel.privacy.people import BATCH, Ids, check_may_answer, flat, pointing_at, records_of
from kernel.privacy.preview import kept_files
from kernel.privacy.tables import goes_whole, key_of, plain_models, record_models, rows_about, scrub, texts_of, window
from kernel.privacy.wiping import nobody, wipe
from kernel.records import vocabulary
from kernel.records.deriving import stamp
from kernel.records.legal_holds import check_free, held_among
from kernel.records.models import Redirect
from kernel.records.statements import write
from kernel.records.tasks import gather_words
from kernel.records.types import RecordType, registry
from kernel.runs import work as runs
from kernel.runs.models import Run
from kernel.runs.work import Work, cancel, runner
from kernel.tenancy.context import get_tenant, on_commit

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
        problem = _("An import, an export or a change of many records is at work. Try again when it is done.")
        raise ValidationError(problem, code="busy")


@runner(KIND)
def erase_person(work: Work) -> None:
    Erasing(work).all()


class Erasing:
    def __init__(self, work: Work) -> None:
        self.work, self.state = work, work.state

    def all(self) -> None:
        with self.work.chunk():
            self._begin()
        steps: list[Callable[[], Iterator[None]]] = [
            self._texts, self._rows_naming, self._tables, self._events_elsewhere, self._rows_about, self._hanging,
            self._history, self._records, self._kept_files,
        ]  # fmt: skip
        for number, step in enumerate(steps):
            if number < self.state.get("step", 0):
                continue
            pieces = step()
            is_over = False
            while not is_over:
                with self.work.chunk():
                    is_over = next(pieces, self) is self
                    if is_over:
                        self.state.update(step=number + 1, after=None, table=0)
                self._drop_bytes()
        with self.work.chunk() as run:
            self._certify(run)
        self.state.clear()

    # -- what is known of them

    @cached_property
    def ids(self) -> Ids:
        return {slug: [UUID(pk) for pk in pks] for slug, pks in self.state["ids"].items()}

    @cached_property
    def expression(self) -> str:
        return expression(self._patterns)

    @cached_property
    def _patterns(self) -> list[str]:
        return patterns_of(self.ids)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.expression or r"(?!)", re.IGNORECASE)

    @cached_property
    def instead(self) -> str:
        with translation.override(get_tenant().language):
            return _("[erased]")

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

    def _count(self, what: str, number: int) -> None:
        if number:
            counts = Counter(self.state["counts"])
            counts[what] += number
            self.state["counts"] = dict(counts)

    # -- where others name them

    def _texts(self) -> Iterator[None]:
        """Long texts everywhere, subjects of activities, and names of records that point at them: cut out. Fields of
        other people and companies stay, for a number may be theirs too."""
        if not self.expression:
            return
        own, pointing = set(flat(self.ids)), set(flat(pointing_at(self.ids)))
        for model, found in self._windows(record_models()):
            rtype = next(r for r in registry.values() if r.model is model)
            if not rtype.is_setting:
                rows = model._default_manager.filter(pk__in=[pk for pk in found if pk not in own])
                for record in rows.select_for_update(of=("self",)):
                    self._count("texts", self._cut(rtype, record, is_pointing=record.pk in pointing))
            yield

    def _cut(self, rtype: RecordType, record: Any, *, is_pointing: bool) -> bool:
        was, is_changed = record.search, False
        for spec in rtype.specs().values():
            is_free = spec.kind.name == "long_text" or (spec.kind.name == "text" and (rtype.parent or is_pointing))
            if is_free and not spec.read_only and isinstance(value := spec.value(record), str):
                told = self.pattern.sub(self.instead, value)
                if told != value:
                    spec.assign(record, told[: spec.max_length])
                    is_changed = True
        if is_changed:
            updated = record.updated_at
            stamp(rtype, record)
            record.updated_at = updated
            write(record)
            vocabulary.unlearn([was])
        return is_changed

    def _rows_naming(self) -> Iterator[None]:
        """What says more of them than their name wherever it names them: answers, refused rows, notifications."""
        everything = expression([*self._patterns, *map(str, flat(self.ids))])
        whole = [model for model in plain_models() if goes_whole(model)]
        for model, found in self._windows(whole, everything):
            self._count("rows", model._default_manager.filter(pk__in=found).delete()[0])
            yield

    def _tables(self) -> Iterator[None]:
        """What else is kept beside records: views, runs, the mapping of an import."""
        if self.expression:
            rest = [model for model in plain_models() if not goes_whole(model) and texts_of(model)]
            for model, found in self._windows(rest):
                keys = [pk for pk in found if pk != self.work.run.pk]
                self._count("rows", scrub(model, keys, self.pattern, self.instead))
                yield

    def _windows(self, tables: list[type[models.Model]], expression: str = "") -> Iterator[tuple[Any, list[Any]]]:
        """Through all rows of these tables, window by window, going on where a run was left."""
        for number in range(self.state.get("table", 0), len(tables)):
            model, is_over = tables[number], False
            while not is_over:
                after = key_of(model, self.state.get("after"))
                found, last = window(model, expression or self.expression, after)
                is_over = last is None
                self.state.update(table=number + is_over, after=None if is_over else str(last))
                yield model, found

    def _events_elsewhere(self) -> Iterator[None]:
        """Fields of events of other records in which they are named."""
        if not self.expression:
            return
        own = set(flat(self.ids))
        for _model, found in self._windows([Event]):
            for event in Event.objects.filter(pk__in=found).exclude(pk=self.state["event"]):
                if event.record_id not in own and event.about_id not in own:
                    self._empty([event], self._unnamed)
            yield

    def _unnamed(self, event: Event) -> dict[str, Any]:
        """The fields of an event in which they are not named."""
        return {name: value for name, value in event.changes.items() if cut(value, self.pattern, "") == value}

    def _empty(self, events: Iterable[Event], remaining: Remaining = nothing) -> None:
        events = list(events)
        vocabulary.unlearn(fold(text) for event in events for text in _words(event.changes))
        because = Event.objects.get(pk=self.state["event"])
        # The address of a machine may be the visitor's who filled in a form.
        ids = [event.pk for event in events]
        self._count("events", erase_values(ids, because, remaining, with_addresses=remaining is nothing))

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


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _words(inner)
