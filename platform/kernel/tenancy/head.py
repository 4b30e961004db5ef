"""The newest state of each side's tables: which migrations it takes, and one hash that stands for them all."""

import hashlib
import inspect
from functools import cache
from importlib import import_module
from typing import Any

from django.db.migrations.loader import MigrationLoader

from kernel.tenancy.router import TENANT, app_labels


@cache
def _loader() -> MigrationLoader:
    return MigrationLoader(None, ignore_no_migrations=True)


def head_targets(alias: str = TENANT) -> list[tuple[str, str]]:
    """The last migration of each app of a side."""
    labels = app_labels(alias)
    return sorted(node for node in _loader().graph.leaf_nodes() if node[0] in labels)


def head_migrations(alias: str = TENANT) -> list[tuple[str, str]]:
    """Every migration that makes a side's tables, in an order they can be applied in."""
    graph, ordered = _loader().graph, dict[tuple[str, str], None]()
    for target in head_targets(alias):
        ordered.update(dict.fromkeys(graph.forwards_plan(target)))
    return list(ordered)


@cache
def head_hash(alias: str = TENANT) -> str:
    """Changes with the set of migrations and with what any of them says."""
    digest = hashlib.sha256()
    for label, name in sorted(head_migrations(alias)):
        module: Any = import_module(_loader().get_migration(label, name).__module__)
        digest.update(f"{label}.{name}\n{inspect.getsource(module)}".encode())
    return digest.hexdigest()
