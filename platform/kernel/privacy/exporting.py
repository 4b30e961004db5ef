"""Everything that is kept about a person, as one archive: a page to read, the same as JSON, and the files.

Begun only by whoever sees all there is (`people.may_answer`), and read through their Access all the same.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import ForeignKey, Q
from django.utils import timezone, translation
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.actor import Actor
from kernel.attachments.models import FileVersion
from kernel.events.models import Event
from kernel.events.names import sentences, tell
from kernel.files.storing import open_file, safe_name, store
from kernel.privacy.keys import expression, patterns_of
from kernel.privacy.people import BATCH, check_may_answer, flat, hanging_on, pointing_at, records_of
from kernel.privacy.tables import goes_whole, plain_models, rows_about, window
from kernel.records.change import event_row
from kernel.records.show import Labels, Shown
from kernel.records.types import RecordType, registry
from kernel.runs import work as runs
from kernel.runs.models import Run
from kernel.runs.work import ShiftEnded, Work, runner
from kernel.tenancy.context import get_tenant

KIND = "export-person"
KEEP = timedelta(days=7)
PIECE = 64 * 1024
STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2430}"
    "table{border-collapse:collapse;width:100%;margin:0 0 1.5rem}"
    "th,td{border-block-end:1px solid #d9dee7;padding:.35rem .5rem;text-align:start;vertical-align:top}"
    "th{width:14rem;font-weight:600}pre{white-space:pre-wrap;margin:0;font:inherit}"
)

tell("privacy.exported", gettext_lazy("%(who)s exported everything about this person"))


@dataclass(frozen=True)
class Line:
    """One row of the answer: as pairs for a reader, as JSON for a program."""

    title: str
    pairs: list[tuple[str, str]]
    json: dict[str, Any]


def start(actor: Actor, rtype: RecordType, record: Any) -> Run:
    check_may_answer(actor)
    params = {"type": rtype.slug, "record": str(record.pk), "language": translation.get_language()}
    return runs.start(KIND, actor, _("Everything about a person"), params)


@runner(KIND)
def export_person(work: Work) -> None:
    try:
        language = work.params.get("language") or work.actor.format.language
        with tempfile.TemporaryFile() as file, translation.override(language):
            Answering(work).write(file)
            _keep(work, file)
    except PermissionDenied as error:
        raise ValidationError(str(error)) from error
    except ShiftEnded:
        raise ValidationError(_("This took too long. Try again later.")) from None


def _keep(work: Work, file: IO[bytes]) -> None:
    params, actor = work.params, work.actor
    rtype = registry[params["type"]]
    with work.chunk() as run:
        record = rtype.model._default_manager.get(pk=params["record"])
        name = f"person-{timezone.now():%Y-%m-%d}.zip"
        kept = store(file, name, content_type="application/zip", member=actor.member, keep=KEEP)
        run.result, run.rules = {"file": str(kept.pk)}, actor.rules.said()
        event = event_row("privacy.exported", record, actor.access(rtype), {}, change_set=run.pk)
        event.fanned_out_at = timezone.now()
        event.save(force_insert=True)


class Answering:
    """One archive, from its first part to its last. A worker that is killed leaves nothing: the next begins anew."""

    def __init__(self, work: Work) -> None:
        self.work, self.actor = work, work.actor

    def write(self, file: IO[bytes]) -> None:
        params = self.work.params
        rtype = registry[params["type"]]
        with self.work.chunk():
            check_may_answer(self.actor)
            record = rtype.model._default_manager.filter(pk=params["record"]).first()
            if record is None:
                raise ValidationError(_("This record is gone."))
            self.ids = records_of(rtype, record.pk)
            self.hanging, self.pointing = hanging_on(self.ids), pointing_at(self.ids)
            self.expression = expression(patterns_of(self.ids))
            label = record.label
        self.contents: list[str] = []
        with tempfile.TemporaryFile() as body, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            self.archive, self.body = archive, body
            for ids in (self.ids, self.hanging, self.pointing):
                for slug, pks in ids.items():
                    self._part(slug, str(registry[slug].label_plural), self._records(slug, pks))
            self._part("mentions", _("Mentioned in"), self._mentions())
            for model in plain_models():
                if goes_whole(model):
                    name = model._meta.model_name or ""
                    self._part(name, str(capfirst(model._meta.verbose_name_plural)), self._rows(model))
            self._part("history", _("History"), self._events())
            self._files()
            self._page(label, body)

    def _part(self, code: str, label: str, pieces: Iterator[list[Line]]) -> None:
        """A section of the page and a member of the archive, written piece by piece; nothing where there is nothing."""
        first, is_over = self._next(pieces)
        if is_over:
            return
        name = f"data/{code}.json"
        while name in self.archive.namelist():
            name = name.replace(".json", "-more.json")
        self._say(format_html('<h2 id="{}">{}</h2>', code, capfirst(label)))
        self.contents.append(capfirst(label))
        with self.archive.open(name, "w", force_zip64=True) as member:
            lines, separator = first, b"[\n"
            while not is_over:
                for line in lines:
                    member.write(separator + json.dumps(line.json, ensure_ascii=False, default=str).encode())
                    separator = b",\n"
                    self._say(_table(line))
                lines, is_over = self._next(pieces)
            member.write(b"\n]\n" if separator == b",\n" else b"[]\n")

    def _next(self, pieces: Iterator[list[Line]]) -> tuple[list[Line], bool]:
        """The next piece that says something, each in a transaction of its own."""
        while True:
            with self.work.chunk():
                lines = next(pieces, None)
            if lines or lines is None:
                return lines or [], lines is None

    def _say(self, html: str) -> None:
        self.body.write(html.encode())

    # -- what there is

    def _records(self, slug: str, pks: list[Any]) -> Iterator[list[Line]]:
        access = self.actor.access(registry[slug])
        for start in range(0, len(pks), BATCH):
            rows = list(access.rtype.model._default_manager.filter(pk__in=pks[start : start + BATCH]).order_by("pk"))
            shown = Shown(access, rows, access.readable().values())
            yield [self._line(shown, row) for row in rows]

    def _line(self, shown: Shown, row: Any) -> Line:
        specs = shown.specs
        pairs = [(str(capfirst(spec.label)), _cell(shown, row, spec)) for spec in specs]
        values = {spec.name: shown.json(row, spec) for spec in specs}
        told = {"id": str(row.pk), "type": shown.access.rtype.slug, "in_trash": row.deleted_at is not None, **values}
        return Line(row.label, [(label, text) for label, text in pairs if text], told)

    def _mentions(self) -> Iterator[list[Line]]:
        """Other records whose texts name the person, as a whole: what they say of somebody else is for whoever answers
        to take out."""
        if not self.expression:
            return
        known = {*flat(self.ids), *flat(self.hanging), *flat(self.pointing)}
        for rtype in registry.values():
            after, is_over = None, rtype.is_setting
            while not is_over:
                found, after = window(rtype.model, self.expression, after)
                is_over = after is None
                yield from self._records(rtype.slug, [pk for pk in found if pk not in known])
                yield []

    def _rows(self, model: Any) -> Iterator[list[Line]]:
        rows = rows_about(model, self.ids)
        if rows is None:
            return
        fields = [f for f in model._meta.concrete_fields if not (f.primary_key or isinstance(f, ForeignKey))]
        after = None
        while batch := list((rows.filter(pk__gt=after) if after else rows).order_by("pk")[:BATCH]):
            after = batch[-1].pk
            lines = []
            for row in batch:
                values = {field.name: field.value_from_object(row) for field in fields}
                pairs = [(capfirst(str(f.verbose_name)), _plain(values[f.name])) for f in fields]
                lines.append(Line("", [(label, text) for label, text in pairs if text], {"id": str(row.pk), **values}))
            yield lines

    def _events(self) -> Iterator[list[Line]]:
        ids, after = flat(self.ids), None
        asked = Q(record_id__in=ids) | Q(about_id__in=ids)
        while True:
            rows = Event.objects.filter(asked)
            batch = list((rows.filter(pk__gt=after) if after else rows).order_by("pk")[:BATCH])
            if not batch:
                return
            after = batch[-1].pk
            labels = Labels(self.actor)
            labels.load({"members": {event.member_id for event in batch if event.member_id}})
            yield [self._event(event, labels) for event in batch]

    def _event(self, event: Event, labels: Labels) -> Line:
        who = labels.get("members", event.member_id) or "Peyvand"
        sentence = str(sentences.get(event.name) or _("%(who)s changed this")) % {"who": who}
        rtype = registry.get(event.record_type)
        names = {name: str(capfirst(spec.label)) for name, spec in rtype.specs().items()} if rtype else {}
        pairs = [(_("When"), self.actor.format.datetime(event.at))]
        pairs += [(names.get(name, name), _plain(value)) for name, value in event.changes.items()]
        told = {"id": str(event.pk), "name": event.name, "at": event.at, "type": event.record_type}
        return Line(sentence, pairs, {**told, "record": str(event.record_id or ""), "changes": event.changes})

    def _files(self) -> None:
        """All versions of all files that hang on them."""
        pks = self.hanging.get("files", [])
        for start in range(0, len(pks), BATCH):
            with self.work.chunk():
                asked = FileVersion.objects.filter(file__in=pks[start : start + BATCH]).select_related("stored")
                versions = list(asked.order_by("pk"))
            for version in versions:
                with self.work.chunk():
                    name = f"files/{version.file_id}/{version.number}-{safe_name(version.stored.name)}"
                    try:
                        stream = open_file(version.stored)
                    except FileNotFoundError:
                        continue
                    with stream, self.archive.open(name, "w", force_zip64=True) as member:
                        shutil.copyfileobj(stream, member, PIECE)

    def _page(self, label: str, body: IO[bytes]) -> None:
        language = translation.get_language() or "en"
        with self.archive.open("index.html", "w", force_zip64=True) as page:
            wrapper = io.TextIOWrapper(page, encoding="utf-8", write_through=True)
            wrapper.write(
                format_html(
                    '<!doctype html><html lang="{}" dir="{}"><head><meta charset="utf-8"><title>{}</title>'
                    "<style>{}</style></head><body><h1>{}</h1><p>{}</p><p>{}</p>",
                    language, "rtl" if translation.get_language_bidi() else "ltr", label, STYLE, label,
                    _("What %(workspace)s keeps about this person, on %(day)s.")
                    % {"workspace": get_tenant().name, "day": self.actor.format.datetime(timezone.now())},
                    _("The same stands in the folder “data” for programs, and the files lie in “files”."),
                )
            )  # fmt: skip
            body.seek(0)
            shutil.copyfileobj(body, page, PIECE)
            wrapper.write("</body></html>\n")
            wrapper.detach()


def _cell(shown: Shown, row: Any, spec: Any) -> str:
    if spec.rows:
        rows = shown.json(row, spec) or []
        return "\n".join(_plain(list(filter(None, item.values()))) for item in rows)
    return shown.text(row, spec)


def _plain(value: Any) -> str:
    """A value as it is kept, for a reader: a change is what it was and what it is."""
    if value in (None, "", [], {}):
        return ""
    if isinstance(value, dict):
        return "\n".join(f"{name}: {_plain(inner)}" for name, inner in value.items() if inner not in (None, "", [], {}))
    if isinstance(value, list):
        return " → ".join(_plain(inner) or "–" for inner in value)
    return re.sub(r"\s+\n", "\n", str(value))


def _table(line: Line) -> str:
    pairs: Iterable[tuple[str, str]] = line.pairs
    rows = format_html_join("", "<tr><th>{}</th><td dir=auto><pre>{}</pre></td></tr>", pairs)
    title = format_html("<h3 dir=auto>{}</h3>", line.title) if line.title else ""
    return format_html("{}<table>{}</table>\n", title, rows)
