"""`make torture`: long tests of leaks and faults on real processes behind PgBouncer, bounded in time.

Ends with a table of what was tried and what went wrong; exit status 1 when anything did, or could not be tried.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("LOG_LEVEL", "WARNING")
django.setup()

from django.core.management import call_command  # noqa: E402

from loadtests.torture import crawl, faults, ground, workers  # noqa: E402
from loadtests.torture.ground import Outcome  # noqa: E402

SHOWN = 5


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=60, help="of crawl")
    options.add_argument("--kills", type=int, default=10, help="sign-ups that are killed")
    asked = options.parse_args()
    with open(os.devnull, "w") as nowhere:
        call_command("upgrade", stdout=nowhere)
    ground.clear_away()
    try:
        with ground.folder() as at, ground.pooler(at) as env:
            outcomes = tortured(at, env, asked.seconds, asked.kills)
    finally:
        ground.clear_away()
    return report(outcomes, is_pooled=bool(env), seconds=asked.seconds)


def tortured(at: ground.Path, env: dict[str, str], seconds: int, kills: int) -> list[Outcome]:
    spaces = [ground.new_workspace("a"), ground.new_workspace("b", "fa")]
    info = {**env, "LOG_LEVEL": "INFO"}
    found = []
    with ground.web(at, info) as port, ground.worker(at, info), ground.beat(at, env):
        for space in spaces:
            crawl.fill(port, space)
        walk = crawl.Crawl(port, spaces)
        say(f"Crawling for {seconds} s.")
        walk.run(seconds)
        found += [walk.crawled, walk.strangers, crawl.exported(port, spaces)]
        say("Messages, and a crowd at the door.")
        found.append(faults.messages(at / "worker.log", spaces))
        found.append(faults.crowd(port))
        found.append(crawl.leftovers(at, spaces))
    with ground.web(at, {**env, "DJANGO_SETTINGS_MODULE": "loadtests.torture.unguarded"}) as port:
        found.append(crawl.unguarded(port, spaces))
    say("Killing sign-ups.")
    found.append(faults.killed_sign_ups(kills))
    say("Killing workers.")
    with ground.beat(at, env):
        found += workers.killed_workers(at, env, workers.big_workspace())
    return found


def say(line: str) -> None:
    print(line, flush=True)


def report(outcomes: list[Outcome], *, is_pooled: bool, seconds: int) -> int:
    print(f"\n{'behind PgBouncer in transaction mode' if is_pooled else 'without PgBouncer'}; {seconds} s of crawl\n")
    print(f"{'':<66}{'tried':>8}{'wrong':>8}")
    for outcome in outcomes:
        print(f"{outcome.name:<66}{outcome.tried:>8,}{len(outcome.wrong):>8,}")
        if outcome.note:
            print(f"    {outcome.note}")
        for complaint in list(dict.fromkeys(outcome.wrong))[:SHOWN]:
            print(f"    ! {complaint}")
    if not is_pooled:
        print("\nPgBouncer is not installed and could not be: what a pooler does to transactions was not tried.")
    return int(not is_pooled or any(outcome.wrong for outcome in outcomes))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
