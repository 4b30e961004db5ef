"""What every tenant must have for a feature to work: given to new ones when they are made, to older ones by
`manage.py upgrade` and `tenant migrate`, once for each code of the starters (`starters_hash`).

    @starter
    def start(tenant): ...

A starter may run any number of times: it looks whether its rows are there, and leaves alone what the tenant changed.
"""

import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from kernel.tenancy.context import in_tenant

Starter = Callable[[Any], object]
_starters: list[Starter] = []


def starter(start: Starter) -> Starter:
    if start not in _starters:
        _starters.append(start)
    return start


@cache
def starters_hash() -> str:
    """Changes with what any starter says: with the code of the apps they stand in. Rather once too often than not at
    all, since a starter that finds everything there writes nothing."""
    digest = hashlib.sha256()
    for folder in sorted({Path(inspect.getfile(start)).parent for start in _starters}):
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.relative_to(folder).as_posix().encode() + b"\n" + path.read_bytes())
    return digest.hexdigest()


def start_all(tenant: Any) -> None:
    """In one transaction of the tenant."""
    with in_tenant(tenant):
        for start in _starters:
            start(tenant)
