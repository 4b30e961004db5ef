"""A worker is killed in the midst of a run: once its child alone, once all of it."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management import call_command

from kernel.access.actor import actor_for
from kernel.access.models import Member
from kernel.files.models import StoredFile
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant
from kernel.transfer import exporting
from loadtests.torture.ground import Outcome, Workspace, children_of, new_workspace, until, worker

RESUMES_WITHIN = 30.0
DEALS = 20_000


def big_workspace() -> Workspace:
    space = new_workspace("big")
    with open(os.devnull, "w") as nowhere:
        sizes = {"deals": DEALS, "contacts": 2000, "without_history": True}
        call_command("demo", "seed", space.tenant.subdomain, stdout=nowhere, **sizes)
    return space


def killed_workers(at: Path, env: dict[str, str], space: Workspace) -> list[Outcome]:
    with worker(at, env) as running:
        first = _begun(space)
        for pid in children_of(running.pid):
            os.kill(pid, signal.SIGKILL)
        child = _followed("kill -9 of a worker's child amid a run", space, first)
        second = _begun(space)
        for pid in [running.pid, *children_of(running.pid)]:
            os.kill(pid, signal.SIGKILL)
    with worker(at, env):
        return [child, _followed("kill -9 of a whole worker amid a run", space, second)]


def _begun(space: Workspace) -> Any:
    """An export of every deal with all its columns, by its administrator, of which a part is done."""
    with in_tenant(space.tenant):
        member = Member.objects.get(email=f"admin@{space.tenant.subdomain}.example")
        run = exporting.start(actor_for(member, "api"), "deals")
    until(lambda: _now(space, run).done, 60, 0.02)
    return run


def _now(space: Workspace, run: Any) -> Any:
    with in_tenant(space.tenant):
        return Run.objects.get(pk=run.pk)


def _followed(name: str, space: Workspace, run: Any) -> Outcome:
    """From the kill to the end."""
    outcome, began = Outcome(name), time.monotonic()
    before = _now(space, run)
    is_amid = before.status == "running" and 0 < before.done < before.total
    outcome.expect(is_amid, f"nothing was killed: {before.status}")
    resumed, last, drops = None, before.done, Counter[int]()
    while (now := _now(space, run)).is_open and time.monotonic() < began + 120:
        if now.attempt > before.attempt and resumed is None:
            resumed = time.monotonic() - began
        drops[now.attempt] += now.done < last
        last = now.done
        time.sleep(0.05)
    # Whoever takes it up begins the file anew; from there on it only goes forward.
    outcome.expect(drops[before.attempt] == 0 and max(drops.values()) <= 1, "progress went back within an attempt")
    outcome.expect(now.status == "done", f"it ended as {now.status}: {now.error}")
    outcome.expect(now.done == now.total == now.result.get("rows"), f"{now.done} of {now.total} rows are in it")
    outcome.expect(resumed is not None and resumed <= RESUMES_WITHIN, f"it was resumed after {resumed} s")
    with in_tenant(space.tenant):
        files = StoredFile.objects.filter(created_at__gte=run.created_at).count()
    outcome.expect(files == 1, f"{files} files came of it")
    outcome.note = f"resumed after {resumed or 0:.0f} s, done after {time.monotonic() - began:.0f} s"
    return outcome
