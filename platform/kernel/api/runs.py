"""Runs over the API: started with 202, followed at their status_url, cancelled, undone, resolved."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from kernel.api.bodies import read_cursor, read_id, read_whole
from kernel.api.endpoint import Endpoint, reply
from kernel.api.problems import Problem
from kernel.api.resources import Runs, run_resources
from kernel.records.people import as_seen
from kernel.runs.models import Run
from kernel.runs.work import cancel


def run_json(resource: Runs, run: Run) -> dict[str, Any]:
    url = f"/api/v1/{resource.slug}/{run.pk}"
    return {
        "id": str(run.pk),
        "kind": run.kind,
        "title": run.title,
        "status": run.status,
        "progress": round(run.progress, 4),
        "done": run.done,
        "total": run.total,
        "counts": run.counts,
        "error": run.error or None,
        "created_at": _moment(run.created_at),
        "started_at": _moment(run.started_at),
        "finished_at": _moment(run.finished_at),
        "undone_at": _moment(run.undone_at),
        "status_url": url,
        "problems_url": None,
        "result_url": None,
        **{f"{name}_url": f"{url}/{name}" if resource.has_file(name, run) else None for name in resource.files},
        **resource.describe(run),
    }


def _moment(value: Any) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None


class RunEndpoint(Endpoint):
    resource: Any = None  # a Runs, given to as_view

    def runs(self) -> QuerySet[Run]:
        mine = Run.objects.filter(kind=self.resource.kind)
        if self.actor.role:
            # What a key with a role of its own may see is less than its member may: so are the runs.
            mine = mine.filter(role=self.actor.role, member=self.actor.member)
        return mine if self.actor.may_system("*") else mine.filter(member=self.actor.member)

    def run(self, pk: str) -> Run:
        run = self.runs().filter(pk=read_id(pk)).first()
        if run is None:
            raise Problem(404)
        return as_seen(self.actor, run)

    def answer(self, run: Run, status: int = 200) -> HttpResponseBase:
        run.refresh_from_db()
        data = run_json(self.resource, as_seen(self.actor, run))
        return reply(data, status, **({"Location": data["status_url"]} if status == 202 else {}))


class RunList(RunEndpoint):
    def get(self, request: Any) -> HttpResponseBase:
        limit = read_whole(request.GET, "limit", 50, 200)
        rows = self.runs().order_by("-pk")
        if request.GET.get("cursor"):
            rows = rows.filter(pk__lt=read_cursor(request.GET["cursor"]))
        found = list(rows[: limit + 1])
        more, found = len(found) > limit, found[:limit]
        results = [run_json(self.resource, as_seen(self.actor, run)) for run in found]
        return reply({"results": results, "next": str(found[-1].pk) if more else None, "count": None})

    def post(self, request: Any) -> HttpResponseBase:
        return self.answer(self.resource.start(self), 202)


class RunDetail(RunEndpoint):
    def get(self, request: Any, pk: str) -> HttpResponseBase:
        return self.answer(self.run(pk))


class RunPart(RunEndpoint):
    """…/cancel, the resource's verbs, and its files."""

    def get(self, request: Any, pk: str, part: str) -> HttpResponseBase:
        run = self.run(pk)
        give = self.resource.files.get(part)
        if give is None:
            raise Problem(405 if part == "cancel" or part in self.resource.verbs else 404)
        file = give(self, run)
        if file is None:
            raise Problem(404, _("There is no such file, or not yet."))
        return file

    def post(self, request: Any, pk: str, part: str) -> HttpResponseBase:
        run = self.run(pk)
        if part == "cancel":
            cancel(run)
        elif part in self.resource.verbs:
            run = self.resource.verbs[part](self, run)
        else:
            raise Problem(405 if part in self.resource.files else 404)
        return self.answer(run)


def views(resource: Runs) -> tuple[Any, Any, Any]:
    return (
        RunList.as_view(resource=resource),
        RunDetail.as_view(resource=resource),
        RunPart.as_view(resource=resource),
    )


__all__ = ["run_json", "run_resources", "views"]
