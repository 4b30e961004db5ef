"""The newest state of a tenant's schema: which migrations it takes, and one hash that stands for them all."""

import hashlib
import inspect
from functools import cache
from importlib import import_module
from typing import Any

from django.db.migrations.loader import MigrationLoader

from kernel.tenancy.router import tenant_app_labels


@cache
def _loader() -> MigrationLoader:
    return MigrationLoader(None, ignore_no_migrations=True)


def head_targets() -> list[tuple[str, str]]:
    """The last migration of each tenant-side app."""
    labels = tenant_app_labels()
    return sorted(node for node in _loader().graph.leaf_nodes() if node[0] in labels)


def head_migrations() -> list[tuple[str, str]]:
    """Every migration that a schema at the head has, in an order they can be applied in."""
    graph, ordered = _loader().graph, dict[tuple[str, str], None]()
    for target in head_targets():
        ordered.update(dict.fromkeys(graph.forwards_plan(target)))
    return list(ordered)


@cache
def head_hash() -> str:
    """Changes with the set of migrations and with what any of them says."""
    digest = hashlib.sha256()
    for label, name in sorted(head_migrations()):
        module: Any = import_module(_loader().get_migration(label, name).__module__)
        digest.update(f"{label}.{name}\n{inspect.getsource(module)}".encode())
    return digest.hexdigest()
