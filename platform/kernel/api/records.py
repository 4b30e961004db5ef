"""Every record type over the API: list, create, read, change, delete, its verbs, its timeline, its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.api import conflicts
from kernel.api.bodies import read_cursor, read_id, read_whole
from kernel.api.endpoint import Endpoint, empty, reply
from kernel.api.problems import Problem, errors_of
from kernel.api.shapes import (
    etag,
    read_names,
    read_version,
    record_json,
    records_json,
    stale_of,
    take_asked,
    take_values,
    version_of,
)
from kernel.records.aggregate import Group, Measure, aggregate, read_group, read_measures, total
from kernel.records.change import Stale, create, delete, edit, restore
from kernel.records.duplicates import WARN, action_of, asking, candidates
from kernel.records.find import MOST, PAGE, find, get
from kernel.records.kinds.base import read_flag
from kernel.records.merge import can_merge, survivor_of
from kernel.records.reading import note_reading
from kernel.records.statements import attributes_of
from kernel.records.timeline import Timeline
from kernel.records.types import Verb


class RecordEndpoint(Endpoint):
    def record(self, access: Access, pk: str, *, deleted: bool = False, lock: bool = False) -> Any:
        """The record at this address, in reach; the answer for one out of reach is that there is none."""
        access.check("view")
        found = get(access, read_id(pk), deleted=deleted, lock=lock)
        if found is None:
            raise Problem(404, _("There is no such record, or it is not yours to see."))
        return found

    def merged_into(self, access: Access, pk: str) -> UUID | None:
        """Of a record that is gone, the one that it went into."""
        if not can_merge(access.rtype) or not access.may("view") or get(access, read_id(pk)) is not None:
            return None
        return survivor_of(access, read_id(pk))

    def answer(self, access: Access, record: Any, status: int = 200, **headers: str) -> HttpResponse:
        return reply(record_json(access, record), status, ETag=etag(record), **headers)

    def seen(self, access: Access, record: Any, raw: Mapping[str, Any]) -> int | None:
        return version_of(self.request.headers.get("If-Match", ""), access, record, raw)


class RecordList(RecordEndpoint):
    def get(self, request: Any, slug: str) -> HttpResponse:
        access, params = self.access(slug), request.GET
        found = find(access, params)
        names = read_names(access, params.get("fields", ""))
        shown = access.shown()
        asked = shown.values() if names is None else [shown[name] for name in names if name in shown]
        columns = attributes_of(access, asked)
        page = found.page(read_whole(params, "limit", PAGE, MOST), params.get("cursor"), columns)
        note_reading(found, len(page.rows), is_first=not params.get("cursor"))
        count = found.count() if read_flag(params.get("count") or "true") else None
        return reply({"results": records_json(access, page.rows, names), "next": page.next, "count": count})

    def post(self, request: Any, slug: str) -> HttpResponse:
        access = self.access(slug)
        access.check("create")
        values = take_values(access, self.body(), record=access.rtype.model())
        with asking(not insists(request.GET)):
            record = create(access, values)
        return self.answer(
            access, record, 201, Location=f"/api/v1/{slug}/{record.pk}", **links_to_alike(access, record)
        )


def insists(params: Mapping[str, str]) -> bool:
    """Whether the caller wants a record though there is one like it, where the tenant's rule leaves that to them."""
    said = params.get("duplicates", "ask")
    if said not in ("ask", "allow"):
        message = _("Choose one of: %(allowed)s.") % {"allowed": "ask, allow"}
        raise Problem(400, errors=[{"field": "duplicates", "code": "choice", "message": message}])
    return said == "allow"


def links_to_alike(access: Access, record: Any) -> dict[str, str]:
    """Where the tenant's rule is to warn: the records in reach that a new one is like."""
    if not access.rtype.duplicate_keys or action_of(access) != WARN:
        return {}
    found = candidates(access, record.duplicate_keys, [record.pk], weak=False).shown
    links = [f'</api/v1/{access.rtype.slug}/{item.record.pk}>; rel="duplicate"' for item in found]
    return {"Link": ", ".join(links)} if links else {}


class RecordDetail(RecordEndpoint):
    def get(self, request: Any, slug: str, pk: str) -> HttpResponse:
        access = self.access(slug)
        names = read_names(access, request.GET.get("fields", ""))
        if (kept := self.merged_into(access, pk)) is not None:
            return reply({"id": str(kept)}, 301, Location=f"/api/v1/{slug}/{kept}")
        record = self.record(access, pk)
        if names is not None:
            return reply(records_json(access, [record], names)[0], ETag=etag(record))
        return self.answer(access, record)

    def patch(self, request: Any, slug: str, pk: str) -> HttpResponse:
        access = self.access(slug)
        record = self.record(access, pk, lock=True)
        access.check("edit", record)
        raw = self.body()
        in_body = read_version(raw.pop("version", None))
        values = take_values(access, raw, record=record)
        version = self.seen(access, record, raw) or in_body
        try:
            return self.answer(access, edit(access, record, values, version))
        except Stale as error:
            raise stale_of(error, access, version, raw) from error

    def delete(self, request: Any, slug: str, pk: str) -> HttpResponse:
        access = self.access(slug)
        record = self.record(access, pk, lock=True)
        access.check("delete", record)
        version = self.seen(access, record, {})
        try:
            delete(access, record, version)
        except Stale as error:
            raise stale_of(error, access, version, {}) from error
        return empty()


class RecordVerb(RecordEndpoint):
    """POST /api/v1/deals/ID/win, and …/restore out of the trash."""

    def post(self, request: Any, slug: str, pk: str, name: str) -> HttpResponse:
        access = self.access(slug)
        if name == "restore":
            return self.answer(access, restore(access, self.record(access, pk, deleted=True)))
        verb = access.rtype.verb(name)
        if verb is None:
            raise Problem(404, _("There is no such verb."))
        record = self.record(access, pk, lock=True)
        access.check(verb.permission or verb.name, record)
        raw = self.body()
        in_body = read_version(raw.pop("version", None))
        values = take_asked(access, raw, verb)
        version = self.seen(access, record, raw) or in_body
        if not verb.applies(record):
            raise _refused(verb, access, record)
        try:
            record = verb.action(record, access, version=version, **values)
        except Stale as error:
            if not verb.applies(error.record) and get(access, error.record.pk) is not None:
                raise _refused(verb, access, error.record) from error
            raise stale_of(error, access, version, raw) from error
        if not verb.tells_conflicts:
            return self.answer(access, record)
        left = conflicts.told(self.actor, record.kept)
        return reply({**record_json(access, record), "conflicts": left}, ETag=etag(record))


def _refused(verb: Verb, access: Access, record: Any) -> Problem:
    refusal = verb.refusal(record, access)
    told = errors_of(refusal) if refusal else []
    return Problem(409, "" if told else _("This cannot be done to the record as it is now."), errors=told)


class TimelineList(RecordEndpoint):
    def get(self, request: Any, slug: str, pk: str) -> HttpResponse:
        access, params = self.access(slug), request.GET
        timeline = Timeline(access, self.record(access, pk))
        before = read_cursor(params["cursor"]) if params.get("cursor") else None
        entries, following = timeline.page(read_whole(params, "limit", PAGE, MOST), before)
        results = [
            {
                "id": str(entry.event.pk),
                "name": entry.event.name,
                "at": entry.event.at.isoformat().replace("+00:00", "Z"),
                "sentence": entry.sentence(),
                "member": entry.member,
                "via": entry.event.via,
                "record": {"type": entry.event.record_type, "id": str(entry.event.record_id)},
                "changes": {change.spec.name: change.json() for change in entry.changes},
                "change_set": str(entry.event.change_set),
            }
            for entry in entries
        ]
        return reply({"results": results, "next": following and str(following), "count": None})


class Aggregate(RecordEndpoint):
    """GET /api/v1/deals/aggregate?measure=count,sum:amount&group=owner, with a list's filters."""

    def get(self, request: Any, slug: str) -> HttpResponse:
        access, params = self.access(slug), request.GET
        found = find(access, params)
        if params.get("calendar") not in (None, "", "gregorian", "jalali"):
            message = _("Choose one of: %(allowed)s.") % {"allowed": "gregorian, jalali"}
            raise Problem(400, errors=[{"field": "calendar", "code": "choice", "message": message}])
        measures = read_measures(found, params.get("measure", ""))
        group = read_group(found, params["group"]) if params.get("group") else None
        groups = aggregate(found, measures, group)
        data: dict[str, Any] = {"measures": [m.name for m in measures], "group": params.get("group") or None}
        data["results"] = [self._group(item, measures) for item in groups]
        is_in_rows = group is not None and group.rows and measures[0].spec is None
        if is_in_rows:
            data["totals"] = None
        else:
            whole = groups[0] if group is None else total(found, measures, group, groups)
            data["totals"] = self._figures(whole, measures)
        return reply(data)

    def _group(self, item: Group, measures: list[Measure]) -> dict[str, Any]:
        return {
            "key": item.key,
            "label": item.label,
            "figures": self._figures(item, measures),
            "filters": item.filters,
        }

    def _figures(self, item: Group, measures: list[Measure]) -> dict[str, Any]:
        return {measure.name: self._figure(measure, item.figures[measure.name]) for measure in measures}

    def _figure(self, measure: Measure, value: Any) -> Any:
        if measure.spec is None:
            return value
        text = f"{value:.4f}"
        return {"amount": text, "currency": self.actor.format.currency} if measure.is_money else text
