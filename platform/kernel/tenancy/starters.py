"""What every tenant must have for a feature to work: given to new ones when they are made, to older ones by
`manage.py upgrade` and `tenant migrate`, after the migrations that brought the feature.

    @starter
    def start(tenant): ...

A starter may run any number of times: it looks whether its rows are there, and leaves alone what the tenant changed.
"""

from collections.abc import Callable
from typing import Any

from kernel.tenancy.context import in_tenant

Starter = Callable[[Any], object]
_starters: list[Starter] = []


def starter(start: Starter) -> Starter:
    if start not in _starters:
        _starters.append(start)
    return start


def start_all(tenant: Any) -> None:
    """In one transaction of the tenant."""
    with in_tenant(tenant):
        for start in _starters:
            start(tenant)
