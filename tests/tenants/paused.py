"""Run as a program: makes a tenant and stands still at a named place until it is killed. Says so on its output.

python paused.py PLACE DATABASE PLATFORM_DATABASE SUBDOMAIN
"""

import sys
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings


def pausing(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, and then a stop: nobody ever writes into the pipe that is read here."""

    def done(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        sys.stdout.write("here\n")
        sys.stdout.flush()
        sys.stdin.read()
        return answer

    return done


def main(place: str, database: str, platform: str, subdomain: str) -> None:
    settings.DATABASES["default"]["NAME"], settings.DATABASES["platform"]["NAME"] = database, platform
    django.setup()
    from tenants import owner, provisioning

    if place in ("reserve", "replay"):
        setattr(provisioning, place, pausing(getattr(provisioning, place)))
    elif place == "settle":
        owner.settle = pausing(owner.settle)
    else:
        provisioning.STEPS = [pausing(s) if s.__name__ == place else s for s in provisioning.STEPS]
    provisioning.provision(subdomain, "Willow & Co", f"vera@{subdomain}.example", owner_name="Vera")


if __name__ == "__main__":
    main(*sys.argv[1:])
