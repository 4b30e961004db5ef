"""Run as a program: makes tenants, each in a process of its own that stands still at a named place until it is killed.

python paused.py DATABASE PLATFORM_DATABASE

For each line "PLACE SUBDOMAIN" of its input it says the number of the process that stands there, and when that has
ended its exit code. All is loaded once, before the first is forked.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def pausing(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, and then a stop."""

    def done(*args: Any, **kwargs: Any) -> None:
        function(*args, **kwargs)
        say(os.getpid())
        signal.pause()

    return done


def begin(place: str, subdomain: str) -> None:
    from tenants import owner, provisioning

    if place in ("reserve", "replay"):
        setattr(provisioning, place, pausing(getattr(provisioning, place)))
    elif place == "settle":
        owner.settle = pausing(owner.settle)
    else:
        provisioning.STEPS = [pausing(s) if s.__name__ == place else s for s in provisioning.STEPS]
    provisioning.provision(subdomain, "Willow & Co", f"vera@{subdomain}.example", owner_name="Vera")


def main(database: str, platform: str) -> None:
    settings.DATABASES["default"]["NAME"], settings.DATABASES["platform"]["NAME"] = database, platform
    django.setup()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            begin(*line.split())
            os._exit(0)
        _child, status = os.waitpid(child, 0)
        say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
