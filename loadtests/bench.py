"""`make bench`: the product beside the database's own ceiling and a bare framework's floor, in one run.

For each task three figures, as requests per second with two clients: **raw** (the SQL through psycopg, no HTTP: the
ceiling), **floor** (a bare Django view doing that SQL, answering JSON) and **Peyvand** (its API: key, rights, tenancy,
events). The three are measured in turns, so that a machine whose speed drifts moves all of them. The budget is a
ratio: at most three times the floor's time for a request. What rights cost is measured beside (`access.py`), and how
long signing up takes. Exit status 1 when a budget is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

from loadtests import access
from loadtests.measuring import (
    CLIENTS,
    ROOT,
    SUBDOMAIN,
    WORKERS,
    ask,
    get,
    http_call,
    psycopg_call,
    rate,
    server_for_each,
)
from loadtests.tasks import LIST_FIELDS, Task, dearest, tasks_of

BUDGET = 3.0
SIGN_UPS, SIGN_UP_BUDGET = 40, 1.0  # how many one after another, and seconds for the slowest twentieth of them


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deals", type=int, default=100_000)
    options.add_argument("--seconds", type=float, default=0.7, help="for each figure and round")
    options.add_argument("--rounds", type=int, default=8)
    options.add_argument("--scale", help="instead, how tasks grow with a tenant's records: 10000,100000,1000000")
    options.add_argument("--write", action="store_true", help="with --scale: the figures into loadtests/README.md")
    asked = options.parse_args()
    if asked.scale:
        from loadtests import scale

        return scale.main([int(size) for size in asked.scale.split(",")], write=asked.write)
    schema, key = prepare(asked.deals)
    dsn = tenant_dsn(schema)
    tasks = tasks_of(dsn, key)
    lists = access.lists(key)
    with server_for_each("config.wsgi", {}) as ours, server_for_each("loadtests.floor", floor_env(dsn, tasks)) as floor:
        for _round in range(asked.rounds):
            for task in tasks:
                task.raw.append(rate(lambda _: psycopg_call(dsn, task.sql), asked.seconds))  # noqa: B023
                task.floor.append(rate(lambda n: http_call(floor[n], get(f"/{task.name}")), asked.seconds))  # noqa: B023
                task.ours.append(rate(lambda n: http_call(ours[n], task.call), asked.seconds))  # noqa: B023
            for listing in lists * access.TURNS:
                listing.rates.append(rate(lambda n: http_call(ours[n], listing.call), asked.seconds / access.TURNS))  # noqa: B023
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", ours[0], timeout=120)) as connection:
            exports = [
                timed_run(connection, key, "exports", {"type": "deals", "format": "csv"} | which)
                for which in ({"query": {"q": "1"}}, {"query": dearest(dsn, 10_000), "fields": LIST_FIELDS})
            ]
        signed_up = sign_ups(ours[0])
    is_missed = report(tasks, asked.deals, exports, new_tenant_seconds(), signed_up)
    return access.report(lists) | is_missed


# -- the tenant that is measured


def prepare(deals: int) -> tuple[str, str]:
    """A tenant with so many deals, kept between runs; its schema and a new key."""
    from django.db import connection

    from kernel.access.models import ApiKey, Member
    from kernel.tenancy.context import as_owner, in_tenant
    from tenants.models import Tenant
    from tenants.provisioning import provision

    manage("upgrade")
    tenant = Tenant.objects.filter(subdomain=SUBDOMAIN).first()
    if tenant is None:
        tenant = provision(SUBDOMAIN, "Bench", "owner@bench.example", password="bench password", currency="USD")  # noqa: S106
    with in_tenant(tenant):
        from crm_core.sales.models import Deal

        missing = deals - Deal.objects.count()
    if missing > 0:
        manage("demo", "seed", SUBDOMAIN, "--deals", str(missing), "--contacts", str(missing // 4), "--without-history")
    with as_owner(), in_tenant(tenant), connection.cursor() as cursor:
        _key, secret = ApiKey.issue(name="bench", member=Member.objects.order_by("created_at")[0])
        cursor.execute("ANALYZE")
    connection.close()
    return str(tenant.schema_name), secret


def manage(*words: str) -> None:
    subprocess.run([sys.executable, str(ROOT / "platform/manage.py"), *words], check=True, stdout=subprocess.DEVNULL)


def tenant_dsn(schema: str) -> str:
    from django.conf import settings
    from psycopg.conninfo import make_conninfo

    values = settings.DATABASES["default"]
    return make_conninfo(
        host=values["HOST"],
        port=values["PORT"] or None,
        user=values["USER"],
        password=values["PASSWORD"] or None,
        dbname=values["NAME"],
        options=f"-csearch_path={schema},ext",
    )


def floor_env(dsn: str, tasks: list[Task]) -> dict[str, str]:
    return {"BENCH_DSN": dsn, "BENCH_TASKS": json.dumps({task.name: task.sql for task in tasks})}


def timed_run(connection: http.client.HTTPConnection, key: str, slug: str, body: Any) -> tuple[int, float]:
    """A run from the request to its end, worked on here in place of a worker: rows, seconds."""
    from kernel.runs.work import work
    from kernel.tenancy.context import in_tenant, tenant_only
    from tenants.models import Tenant

    began = time.perf_counter()
    run = ask(connection, key, "POST", f"/{slug}", body)
    with tenant_only(Tenant.objects.get(subdomain=SUBDOMAIN)) as tenant:
        work(run["id"])
        with in_tenant(tenant):
            from kernel.runs.models import Run

            kept = Run.objects.get(pk=run["id"])
    if kept.status != "done":
        raise SystemExit(f"The run ended as {kept.status}: {kept.error}")
    return kept.done, time.perf_counter() - began


def new_tenant_seconds() -> float:
    from tenants.lifecycle import remove
    from tenants.provisioning import provision

    seconds = []
    for number in range(3):
        began = time.perf_counter()
        tenant = provision(f"bench-new-{number}", "New", "owner@bench.example")
        seconds.append(time.perf_counter() - began)
        remove(tenant)
    return statistics.median(seconds)


def sign_ups(port: int) -> list[float]:
    """Seconds from the form's submission to the first page of the workspace, one after another."""
    from django.conf import settings

    from loadtests.signing_up import proved, sign_up
    from tenants.lifecycle import remove
    from tenants.models import Tenant

    at = f"http://127.0.0.1:{port}"
    names = [f"bench-signs-{number}" for number in range(SIGN_UPS)]
    try:
        ways = zip(proved(SIGN_UPS), names, strict=True)
        return [sign_up(at, settings.BASE_DOMAIN, cookie, name) for cookie, name in ways]
    finally:
        for tenant in Tenant.objects.filter(subdomain__in=names):
            remove(tenant)


def report(
    tasks: list[Task], deals: int, exports: list[tuple[int, float]], tenant: float, signed_up: list[float]
) -> int:
    print(f"\n{deals:,} deals in one tenant, {WORKERS} workers, {CLIENTS} clients")
    print("requests per second, the median of all rounds\n")
    print(f"{'task':<12}{'raw SQL':>10}{'floor':>10}{'Peyvand':>10}{'times the floor':>18}")
    for task in tasks:
        raw, floor, ours = (statistics.median(rates) for rates in (task.raw, task.floor, task.ours))
        verdict = "" if task.ratio <= BUDGET else "  over the budget"
        print(f"{task.name:<12}{raw:>10.0f}{floor:>10.0f}{ours:>10.0f}{task.ratio:>18.2f}{verdict}")
    for (rows, seconds), which in zip(exports, ("all fields", "a list's columns"), strict=True):
        print(f"\nexport of {rows:,} deals with {which} as CSV: {seconds:.2f} s")
    print(f"new tenant: {tenant:.2f} s")
    half, most = statistics.median(signed_up), statistics.quantiles(signed_up, n=20)[-1]
    verdict = "" if most <= SIGN_UP_BUDGET else "  over the budget"
    print(f"signing up, from the form to the first page: p50 {half:.2f} s, p95 {most:.2f} s{verdict}")
    return int(any(task.ratio > BUDGET for task in tasks) or bool(verdict))


if __name__ == "__main__":
    import django

    from config.collecting import collect_seldom

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.update(LOG_LEVEL="WARNING", API_REQUESTS_PER_MINUTE="100000000")
    django.setup()
    collect_seldom()  # as the worker does, in whose place the export is worked on here
    sys.exit(main())
