"""What other apps add to the API. Their `api.py` is imported at start and registers it here:

    from kernel.api.resources import Runs, add_path, add_runs

    add_runs(Runs(slug="imports", kind="import", start=start_import, verbs={"undo": undo, "resolve": resolve},
                  files={"result": result_file, "problems": problems_file}, request=SCHEMA))
    add_path("report-definitions", DefinitionsEndpoint, openapi={"get": {...}})

`add_runs` gives POST /api/v1/SLUG (202 with the run), GET /SLUG, GET /SLUG/ID, POST /SLUG/ID/cancel, one POST for each
of `verbs` and one GET for each of `files`. A run is seen by the member who started it, and by whoever has every system
right. `kernel.transfer.api`, though its app stands below this one, may import this module: nothing imports it in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http.response import HttpResponseBase

from kernel.api.endpoint import Endpoint
from kernel.runs.models import Run


@dataclass(frozen=True)
class Runs:
    """A kind of run as a resource.

    `start(endpoint)` reads `endpoint.request.POST/FILES` or `endpoint.body()`, checks rights with `endpoint.actor`,
    and answers the Run (`kernel.runs.work.start`). `verbs[name](endpoint, run)` acts on one and answers it.
    `files[name](endpoint, run)` answers the file, or None while there is none; the run then has NAME_url: null.
    `has_file(name, run)` tells whether there is one, without making it. `describe(run)` adds keys to the run's JSON.
    `request` is the JSON Schema of the body of POST, `media` its content type; `bodies[name]` that of a verb's body.
    """

    slug: str
    kind: str
    start: Callable[[Endpoint], Run]
    verbs: Mapping[str, Callable[[Endpoint, Run], Run]] = field(default_factory=dict)
    files: Mapping[str, Callable[[Endpoint, Run], HttpResponseBase | None]] = field(default_factory=dict)
    has_file: Callable[[str, Run], bool] = lambda name, run: bool(run.result.get(name))
    describe: Callable[[Run], Mapping[str, Any]] = lambda run: {}
    request: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})
    bodies: Mapping[str, Any] = field(default_factory=dict)
    media: str = "application/json"
    summary: str = ""


@dataclass(frozen=True)
class Path:
    """An endpoint of its own under /api/v1/. `openapi` is the path item of OpenAPI: {"get": {...}}."""

    path: str
    endpoint: type[Endpoint]
    openapi: Mapping[str, Any]


run_resources: dict[str, Runs] = {}
paths: dict[str, Path] = {}


def add_runs(runs: Runs) -> None:
    run_resources[runs.slug] = runs


def add_path(path: str, endpoint: type[Endpoint], *, openapi: Mapping[str, Any]) -> None:
    """`path` as in OpenAPI, without the leading slash: "reports/{id}"; {names} reach the method as text."""
    paths[path] = Path(path, endpoint, openapi)
