"""Bringing what records are compared by in line with what the code compares them by, of records that are there already.

Each write derives a record's keys. When the code begins to compare by something else, the records of all tenants are
gone through once, in pieces, by the sweep of pending work; which keys a type stands at is told by `DuplicateKeys`.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from types import FunctionType
from typing import Any
from uuid import UUID

from kernel.records.duplicates import keys_of
from kernel.records.models import DuplicateKeys
from kernel.records.types import RecordType, registry
from kernel.tenancy.pending import mark_pending, sweeper
from kernel.tenancy.starters import starter

CHUNK = 500
SECONDS = 1.0  # of one sweep: the rows of a piece are held until it is committed


def derive_keys(rtype: RecordType) -> int:
    """Bring the keys of all records in line, where they are not; answers how many were not. Nothing else changes."""
    changed, after = 0, None
    while True:
        count, after = _derive_piece(rtype, after)
        changed += count
        if after is None:
            _state(rtype, after=None, digest=digest_of(rtype.slug))
            return changed


def _derive_piece(rtype: RecordType, after: UUID | None) -> tuple[int, UUID | None]:
    """The next records: how many were not in line, and where to go on; None at the end."""
    model: Any = rtype.model
    rows = model.objects.order_by("pk").select_for_update(of=("self",))
    records = list((rows.filter(pk__gt=after) if after else rows)[:CHUNK])
    for spec in rtype.declared().values():
        if spec.rows:
            spec.kind.load_into(spec, records)  # type: ignore[attr-defined]
    behind = [record for record in records if record.duplicate_keys != keys_of(rtype, record)]
    for record in behind:
        record.duplicate_keys = keys_of(rtype, record)
    model.objects.bulk_update(behind, ["duplicate_keys"])
    return len(behind), records[-1].pk if len(records) == CHUNK else None


@starter
def look_at_keys(tenant: Any) -> None:
    """After an upgrade each tenant is swept, also one in which nobody is at work."""
    mark_pending()


@sweeper
def derive_what_is_behind() -> bool:
    """Go on with a type whose keys are of another code; a killed sweep is taken up where it was. True while there is
    more to do."""
    until = time.monotonic() + SECONDS
    known = {row.record_type: row for row in DuplicateKeys.objects.all()}
    for slug, rtype in registry.items():
        state, digest = known.get(slug), digest_of(slug) if rtype.duplicate_keys else ""
        if not digest or (state and state.digest == digest):
            continue
        after = state.after if state and state.towards == digest else None
        while time.monotonic() < until:
            _count, after = _derive_piece(rtype, after)
            if after is None:
                _state(rtype, after=None, digest=digest)
                break
        else:
            _state(rtype, after=after, towards=digest)
            return True
    return False


def _state(rtype: RecordType, **values: Any) -> None:
    DuplicateKeys.objects.update_or_create(record_type=rtype.slug, defaults=values)


@cache
def digest_of(slug: str) -> str:
    """Changes with what the keys of a type are, and with the code that makes them."""
    digest = hashlib.sha256()
    for key in registry[slug].duplicate_keys:
        digest.update(f"{key.code}\n{''.join(_sources(key.values))}".encode())
    return digest.hexdigest()


def _sources(made: Callable[..., Any]) -> list[str]:
    """The code of a function and of what it calls of ours: of its own module those functions, others as a whole."""
    functions, modules, found = [made], [made.__module__], []
    for function in functions:
        if not isinstance(function, FunctionType):
            continue
        found.append(inspect.getsource(function))
        called = [function.__globals__.get(name) for name in function.__code__.co_names]
        functions += _new((each for each in called if getattr(each, "__module__", "") == made.__module__), functions)
        modules += _new((each.__module__ for each in called if _is_ours(each)), modules)
    for name in islice(modules, 1, None):
        found.append(inspect.getsource(sys.modules[name]))
        modules += _new((each.__module__ for each in vars(sys.modules[name]).values() if _is_ours(each)), modules)
    return found


def _is_ours(value: Any) -> bool:
    return isinstance(value, FunctionType) and value.__module__.startswith(("kernel.", "crm_core."))


def _new(values: Iterable[Any], known: list[Any]) -> list[Any]:
    return [value for value in dict.fromkeys(values) if value not in known]
