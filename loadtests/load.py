"""`make load`: people signing up, people at work and programs on one instance at once, for a bounded time.

Ends with a table of what each did, how often, and how long the middle one and the slowest twentieth waited. Exit
status 1 when a budget is missed or anything failed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from loadtests.bench import prepare
from loadtests.measuring import ROOT, SUBDOMAIN, server
from loadtests.signing_up import proved

# Seconds between two of anybody's steps; whoever signs up fills in a form of nine fields.
THINKS = {"signing up": (10, 20), "at work": (1, 3), "programs": (0.2, 0.6)}
# Milliseconds: the middle one, and the slowest twentieth.
BUDGETS = {
    "sign up": (500, 1000),
    "list": (200, 600),
    "board": (300, 900),
    "get": (100, 400),
    "create": (150, 500),
    "report": (600, 2000),
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--deals", type=int, default=20_000)
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--signing-up", type=int, default=20, help="people with the last form open at once")
    asked = options.parse_args()
    people = {"signing up": asked.signing_up, "at work": 10, "programs": 4}
    _schema, key = prepare(asked.deals)
    with tempfile.TemporaryDirectory() as folder, worker(), server("config.wsgi", {}) as port:
        file = Path(folder) / "prepared.json"
        file.write_text(json.dumps(prepared(key, people, asked.seconds)))
        found = measured(port, file, people, asked.seconds)
    remove_made()
    return report(found, people, asked)


def prepared(key: str, people: Mapping[str, int], seconds: int) -> Mapping[str, Any]:
    """What the scenarios need to know: a session, a key, some deals, and addresses that were proved by their code."""
    from django.conf import settings
    from django.db import connections

    from crm_core.sales.models import Deal
    from kernel.accounts.models import Identity
    from kernel.accounts.sessions import SessionStore
    from kernel.tenancy.context import in_tenant
    from tenants.models import Tenant

    tenant = Tenant.objects.get(subdomain=SUBDOMAIN)
    owner = Identity.objects.get(email="owner@bench.example")
    session = SessionStore()
    session.update({"identity": str(owner.pk), "tenant": str(tenant.pk), "epoch": owner.session_epoch})
    session.update({"ip": "127.0.0.1", "agent": "load"})
    session.create()
    cookies = proved(people["signing up"] * (seconds // int(THINKS["signing up"][0]) + 2))
    with in_tenant(tenant):
        deals = [str(pk) for pk in Deal.objects.alive().values_list("pk", flat=True)[:500]]
    connections.close_all()
    return {
        "host": f"{SUBDOMAIN}.{settings.BASE_DOMAIN}", "public": settings.BASE_DOMAIN, "key": key, "deals": deals,
        "cookie": settings.SESSION_COOKIE_NAME, "session": session.session_key, "proved": cookies,
        "people": people, "thinks": THINKS,
    }  # fmt: skip


def measured(port: int, file: Path, people: Mapping[str, int], seconds: int) -> dict[str, dict[str, Any]]:
    """Locust's own figures, by scenario."""
    users = str(sum(people.values()))
    command = [
        sys.executable, "-m", "locust", "--locustfile", str(ROOT / "loadtests/locustfile.py"), "--headless", "--json",
        "--host", f"http://127.0.0.1:{port}", "--users", users, "--spawn-rate", users,
        "--run-time", f"{seconds}s", "--stop-timeout", "10", "--loglevel", "WARNING", "--exit-code-on-error", "0",
    ]  # fmt: skip
    environment = {**os.environ, "LOAD_PREPARED": str(file)}
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return {entry["name"]: entry for entry in json.loads(done.stdout)}


@contextlib.contextmanager
def worker() -> Iterator[None]:
    """Reports are made by a worker, as everywhere; it begins without what an earlier run left in the queue."""
    from config.celery import app

    command = [
        sys.executable,
        "-m",
        "celery",
        "--quiet",
        "-A",
        "config",
        "worker",
        "--pool",
        "solo",
        "--loglevel",
        "error",
    ]
    app.control.purge()
    process = subprocess.Popen([*command, "--without-gossip", "--without-mingle"], cwd=ROOT)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def remove_made() -> None:
    """The workspaces that were signed up for are gone afterwards."""
    from tenants.lifecycle import remove
    from tenants.models import Tenant

    for tenant in Tenant.objects.filter(subdomain__startswith="load-"):
        remove(tenant)


def waited(entry: Mapping[str, Any], share: float) -> int:
    """Milliseconds within which so large a share of the answers came."""
    times = sorted((int(float(ms)), count) for ms, count in entry["response_times"].items())
    wanted, seen = share * sum(count for _ms, count in times), 0
    for ms, count in times:
        seen += count
        if seen >= wanted:
            return ms
    return 0


def report(found: Mapping[str, Mapping[str, Any]], people: Mapping[str, int], asked: argparse.Namespace) -> int:
    who = ", ".join(f"{count} {name}" for name, count in people.items())
    print(f"\n{who}; {asked.seconds} s; {asked.deals:,} deals\n")
    print(f"{'':<12}{'times':>8}{'failed':>8}{'p50 ms':>8}{'budget':>8}{'p95 ms':>8}{'budget':>8}")
    is_missed = False
    for name, (half, most) in BUDGETS.items():
        entry = found.get(name)
        if entry is None:
            print(f"{name:<12}  never done")
            is_missed = True
            continue
        p50, p95, failed = waited(entry, 0.5), waited(entry, 0.95), entry["num_failures"]
        is_over = p50 > half or p95 > most or failed > 0
        is_missed = is_missed or is_over
        verdict = "  missed" if is_over else ""
        print(f"{name:<12}{entry['num_requests']:>8}{failed:>8}{p50:>8}{half:>8}{p95:>8}{most:>8}{verdict}")
    return int(is_missed)


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    sys.exit(main())
