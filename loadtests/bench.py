"""`make bench`: the product beside the database's own ceiling and a bare framework's floor, in one run.

For each task three figures, as requests per second with two clients: **raw** (the SQL through psycopg, no HTTP: the
ceiling), **floor** (a bare Django view doing that SQL, answering JSON) and **Peyvand** (its API: key, rights, tenancy,
events). The three are measured in turns, so that a machine whose speed drifts moves all of them. The budget is a
ratio: at most three times the floor's time for a request. What rights cost is measured beside (`access.py`). Exit
status 1 when a budget is missed.
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
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from loadtests import access
from loadtests.measuring import (
    CLIENTS,
    ROOT,
    SUBDOMAIN,
    WORKERS,
    Call,
    api,
    ask,
    get,
    http_call,
    psycopg_call,
    rate,
    server_for_each,
)

BUDGET = 3.0


@dataclass
class Task:
    """`sql` is what the floor and the ceiling do, `call` what is asked of the product."""

    name: str
    sql: list[str]
    call: Call
    note: str = ""
    raw: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Our time over the floor's, round by round."""
        return statistics.median(floor / ours for floor, ours in zip(self.floor, self.ours, strict=True))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deals", type=int, default=100_000)
    options.add_argument("--seconds", type=float, default=2.0, help="for each figure and round")
    options.add_argument("--rounds", type=int, default=3)
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
            export = timed_run(connection, key, "exports", {"type": "deals", "format": "csv", "query": {"q": "1"}})
    is_missed = report(tasks, asked.deals, export, new_tenant_seconds())
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


# -- the tasks


def tasks_of(dsn: str, key: str) -> list[Task]:
    import psycopg

    with psycopg.connect(dsn) as db:
        ids = [row[0] for row in db.execute("SELECT id FROM sales_deal WHERE status = 'open' ORDER BY id LIMIT 200")]
        stages = [
            row[0] for row in db.execute("SELECT id FROM sales_stage WHERE kind = 'open' ORDER BY position LIMIT 2")
        ]
        owner = db.execute("SELECT owner_id FROM sales_deal WHERE owner_id IS NOT NULL LIMIT 1").fetchone()[0]  # type: ignore[index]
    one, stage = ids[0], stages[0]
    columns = "id, version, label, name, amount, currency, status, stage_id, company_id, owner_id, created_at"
    fields = "fields=id,version,name,amount,status,stage,company,owner,created_at"
    filtered = f"deleted_at IS NULL AND status = 'open' AND owner_id = '{owner}'"
    search = "SELECT {} FROM sales_deal WHERE deleted_at IS NULL AND search LIKE '%harbor%' AND search LIKE '%rollout%'"
    return [
        Task("get", [f"SELECT {columns} FROM sales_deal WHERE id = '{one}'"], api(key, "GET", f"/deals/{one}")),
        Task(
            "list",
            [f"SELECT {columns} FROM sales_deal WHERE {filtered} ORDER BY amount DESC, id DESC LIMIT 50"],
            api(key, "GET", f"/deals?status=open&owner={owner}&sort=-amount&count=0&{fields}"),
        ),
        Task(
            "list-total",
            [
                f"SELECT {columns} FROM sales_deal WHERE {filtered} ORDER BY amount DESC, id DESC LIMIT 50",
                f"SELECT count(*) FROM sales_deal WHERE {filtered}",
            ],
            api(key, "GET", f"/deals?status=open&owner={owner}&sort=-amount&{fields}"),
        ),
        Task(
            "search",
            [search.format(columns) + " ORDER BY created_at DESC, id DESC LIMIT 50"],
            api(key, "GET", f"/deals?q=harbor+rollout&count=0&{fields}"),
        ),
        Task("create", creates(stage), api(key, "POST", "/deals", {"name": "Bench deal", "amount": "1200"})),
        Task(
            "move",
            [
                f"SELECT {columns} FROM sales_deal WHERE id = '{ids[1]}' FOR UPDATE",
                f"UPDATE sales_deal SET stage_id = '{stage}', version = version + 1 WHERE id = '{ids[1]}'",
                event(),
            ],
            mover(key, ids, stages),
        ),
        Task(
            "report",
            [
                "SELECT owner_id, sum(amount), count(*) FROM sales_deal "
                "WHERE deleted_at IS NULL AND status = 'won' GROUP BY owner_id ORDER BY 2 DESC"
            ],
            api(key, "GET", "/deals/aggregate?measure=sum:amount,count&group=owner&status=won"),
        ),
    ]


def creates(stage: Any) -> list[str]:
    return [
        "INSERT INTO sales_deal (id, version, created_at, updated_at, label, label_key, search, text_keys, custom, "
        "tags, name, status, amount, amount_typed, currency, pipeline_id, stage_id) "
        f"SELECT gen_random_uuid(), 1, now(), now(), 'Bench deal', 'bench deal', 'bench deal', '{{}}', '{{}}', '{{}}', "
        f"'Bench deal', 'open', 1200, false, 'USD', pipeline_id, id FROM sales_stage WHERE id = '{stage}'",
        event(),
    ]


def event() -> str:
    return (
        "INSERT INTO events_event (id, name, record_type, record_id, about_type, via, changes, change_set, at, "
        "fanned_out_at, salt) VALUES (gen_random_uuid(), 'bench', 'deals', gen_random_uuid(), '', 'api', '{}', "
        "gen_random_uuid(), now(), now(), gen_random_uuid())"
    )


def mover(key: str, ids: list[UUID], stages: list[UUID]) -> Call:
    turns = iter(range(10_000_000))

    def call(connection: http.client.HTTPConnection) -> None:
        turn = next(turns)
        path = f"/deals/{ids[turn % len(ids)]}"
        ask(connection, key, "PATCH", path, {"stage": str(stages[turn // len(ids) % 2])})

    return call


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


def report(tasks: list[Task], deals: int, export: tuple[int, float], tenant: float) -> int:
    print(f"\n{deals:,} deals in one tenant, {WORKERS} workers, {CLIENTS} clients")
    print("requests per second, the median of all rounds\n")
    print(f"{'task':<12}{'raw SQL':>10}{'floor':>10}{'Peyvand':>10}{'times the floor':>18}")
    for task in tasks:
        raw, floor, ours = (statistics.median(rates) for rates in (task.raw, task.floor, task.ours))
        verdict = "" if task.ratio <= BUDGET else "  over the budget"
        print(f"{task.name:<12}{raw:>10.0f}{floor:>10.0f}{ours:>10.0f}{task.ratio:>18.2f}{verdict}")
    rows, seconds = export
    print(f"\nexport of {rows:,} deals as CSV: {seconds:.2f} s · new tenant: {tenant:.2f} s")
    return int(any(task.ratio > BUDGET for task in tasks))


if __name__ == "__main__":
    import django

    from config.collecting import collect_seldom

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.update(LOG_LEVEL="WARNING", API_REQUESTS_PER_MINUTE="100000000")
    django.setup()
    collect_seldom()  # as the worker does, in whose place the export is worked on here
    sys.exit(main())
