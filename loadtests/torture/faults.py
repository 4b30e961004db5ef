"""Messages nobody sent, sign-ups in a crowd, and processes that are killed in the midst of them."""

from __future__ import annotations

import datetime
import http.client
import os
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.core import signing
from django.db import connections
from django.utils import timezone

from config.celery import app
from kernel.access.actor import operator
from kernel.accounts import codes
from kernel.accounts.models import EmailCode
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant
from kernel.tenancy.tasks import HEADER, seal
from loadtests.torture.ground import PREFIX, ROOT, Outcome, Workspace, new_workspace, until
from tenants.lifecycle import remove, resume, suspend
from tenants.models import Provisioning, SpareSchema, Tenant
from tenants.signup import progress
from tenants.tasks import sweep_provisioning

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
CROWD = 50


def messages(log: Path, spaces: list[Workspace]) -> Outcome:
    """Raw messages to a worker: without a tenant, with a forged, an unknown, a removed and a suspended one."""
    outcome = Outcome("messages without a good tenant")
    here, there = spaces
    gone = new_workspace("gone")
    remove(gone.tenant)
    with in_tenant(here.tenant):
        actor = operator("torture")
        run = Run.objects.create(kind="export", title="never", via=actor.via)
    suspend(there.tenant, "for a while")
    ids = [str(uuid4()) for _ in range(5)]
    headers = [
        ({}, "missing"),
        ({HEADER: f"{here.tenant.pk}:forged"}, "forged"),
        ({HEADER: seal(uuid4(), work.name, ids[2])}, "unknown"),
        ({HEADER: seal(gone.tenant.pk, work.name, ids[3])}, "(unknown|deleting)"),
        ({HEADER: seal(there.tenant.pk, work.name, ids[4])}, "suspended"),
    ]
    for task_id, (header, _why) in zip(ids, headers, strict=True):
        app.send_task(work.name, [str(run.pk)], task_id=task_id, headers=header)
    for task_id, (_header, why) in zip(ids, headers, strict=True):
        line = re.compile(rf"\[{task_id}\] was not executed: its tenant is {why}")
        is_told = until(lambda line=line: line.search(log.read_text()), 20)  # type: ignore[misc]
        outcome.expect(bool(is_told), f"no line said: {line.pattern}")
    resume(there.tenant)
    with in_tenant(here.tenant):
        run.refresh_from_db()
        outcome.expect(run.status == "queued" and run.attempt == 0, f"the run was touched: {run.status}")
        run.delete()
    return outcome


def crowd(port: int) -> Outcome:
    """Fifty people send the last form of signing up for one address at once, each spelled in one of five ways."""
    outcome = Outcome(f"{CROWD} sign-ups for one address")
    name = f"{PREFIX}willow"
    spellings = [name, name.upper(), name.title(), name.replace("l", "1", 1), name.replace("i", "і")]
    before = walls()
    cookies = []
    for number in range(CROWD):
        code = codes.new_code(f"p{number}-{os.getpid()}@{PREFIX}crowd.example", "en")
        EmailCode.objects.filter(pk=code.pk).update(verified_at=timezone.now())
        cookies.append(signing.dumps(str(code.pk), salt=progress.SALT))
    connections.close_all()

    def sign_up(number: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        headers = {"Host": settings.BASE_DOMAIN, "Cookie": f"signup={cookies[number]}"}
        connection.request("GET", "/signup/workspace", headers=headers)
        answer = connection.getresponse()
        token, page = answer.headers["Set-Cookie"].partition(";")[0], answer.read()
        values = {
            "csrfmiddlewaretoken": TOKEN.search(page)[1].decode(),  # type: ignore[index]
            "company": name, "subdomain": spellings[number % 5], "name": "Sam", "password": "a long torture password",
            "language": "en", "calendar": "gregorian", "currency": "USD", "timezone": "UTC",
        }  # fmt: skip
        headers["Cookie"] += f"; {token}"
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request("POST", "/signup/workspace", urlencode(values), headers)
        status = connection.getresponse().status
        connection.close()
        return status

    with ThreadPoolExecutor(CROWD) as pool:
        statuses = list(pool.map(sign_up, range(CROWD)))
    won = sum(status in (302, 303) for status in statuses)
    outcome.tried = CROWD - 1
    outcome.expect(won == 1, f"{won} of them won")
    told = {status for status in statuses if status not in (302, 303)}
    outcome.expect(told <= {409, 422}, f"the others were answered {told}")
    made = Tenant.objects.filter(subdomain__in=[spelling.lower() for spelling in spellings])
    outcome.expect(made.count() == 1, f"{made.count()} tenants were made")
    made_schemas = {tenant.schema_name for tenant in made}
    outcome.expect(walls() == (before[0] | made_schemas, before[1] | made_schemas), "schemas or roles without a tenant")
    outcome.note = f"{won} won, the others were told 422"
    return outcome


def killed_sign_ups(times: int) -> Outcome:
    """A tenant is begun by a process that is killed after a random while; then the reaper comes."""
    outcome = Outcome("kill -9 at any moment of a sign-up")
    dice, left, whole = random.Random(7), 0, _begun(f"{PREFIX}killed", None)
    for number in range(times):
        name = f"{PREFIX}killed-{number}"
        _begun(name, dice.uniform(0, whole))
        left += Provisioning.objects.filter(tenant__subdomain=name).count()
        Provisioning.objects.update(lease_until=timezone.now() - datetime.timedelta(seconds=1))
        sweep_provisioning()
        statuses = list(Tenant.objects.filter(subdomain=name).values_list("status", flat=True))
        outcome.expect(statuses in ([], ["active"]), f"{name} was left {statuses}")
    outcome.expect(not Provisioning.objects.exists(), "something is still being made")
    known = set(Tenant.objects.values_list("schema_name", flat=True))
    outcome.expect(walls() == (known, known), "schemas or roles without a tenant are left")
    outcome.note = f"{left} were caught half made"
    return outcome


def _begun(name: str, seconds: float | None) -> float:
    """Begin a tenant in a process of its own, killed after so many seconds; answers how long it was at it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "loadtests.torture.signing", name], cwd=ROOT, stdout=subprocess.PIPE, env=os.environ
    )
    assert process.stdout is not None
    process.stdout.readline()
    began = time.monotonic()
    if seconds is None:
        process.stdout.readline()
    else:
        time.sleep(seconds)
    process.kill()
    process.communicate()
    return time.monotonic() - began


def walls() -> tuple[set[str], set[str]]:
    """The tenants' schemas and roles that PostgreSQL knows, but for those made ahead."""
    spare = set(SpareSchema.objects.values_list("schema_name", flat=True))
    connection: Any = connections["default"]
    with connection.bare(), connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, 't_')")
        schemas = {name for (name,) in cursor.fetchall()} - spare
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^t_[a-z0-9]{12}$'")
        return schemas, {name for (name,) in cursor.fetchall()} - spare
