"""Indexes over the values of custom fields: built when a long list is asked for by one, or two values may not repeat.

Beside the template of a tenant's schema, and known by their names: `cf_` and the field's id. Built and dropped
without a lock on the table (CONCURRENTLY), one statement at a time, outside any transaction.
"""

from __future__ import annotations

import time
from hashlib import sha256
from typing import Any, cast
from uuid import UUID

from django.db import DatabaseError, connections
from psycopg.errors import UniqueViolation

from kernel.events.models import Event
from kernel.records.kinds.choices import Choices, known
from kernel.records.models import CustomField
from kernel.records.own_fields import spec_from
from kernel.records.specs import FieldSpec
from kernel.records.types import registry
from kernel.records.uniqueness import is_folded
from kernel.tenancy.context import get_tenant, in_tenant, on_commit
from kernel.tenancy.pending import mark_pending, sweeper

MANY = 5_000
ASK_AGAIN = 10 * 60.0
NAMES = "cf_"
_asked: dict[tuple[str, UUID], float] = {}


def used(spec: FieldSpec) -> None:
    """A list is filtered or sorted by this field. Costs a look into a dictionary."""
    if not spec.code or not is_indexed(spec):
        return
    key, now = (get_tenant().schema_name, spec.extra["field"]), time.monotonic()
    if now - _asked.get(key, float("-inf")) > ASK_AGAIN:
        _asked[key] = now
        from kernel.records.tasks import index_if_long  # tasks need this module

        on_commit(lambda: index_if_long.delay(str(spec.extra["field"])))


def watch(field: CustomField, event: Event) -> None:
    """What a change of a field asks of its indexes, and of what search finds."""
    from kernel.records.tasks import keep_indexes, search_again

    pk, came_or_went = str(field.pk), event.name.endswith((".deleted", ".restored"))
    if "unique" in event.changes or came_or_went or ("choices" in event.changes and field.index_state):
        on_commit(lambda: keep_indexes.delay(pk))
    if (field.searchable and came_or_went) or (not event.name.endswith(".created") and "searchable" in event.changes):
        on_commit(lambda: search_again.delay(pk))


def is_indexed(spec: FieldSpec) -> bool:
    """Whether an index helps: not where a text is only ever looked into."""
    return spec.kind.is_sortable or isinstance(spec.kind, Choices)


def want_if_long(pk: UUID) -> bool:
    """Note that the field is to have an index, if its type has many records."""
    field = CustomField.objects.alive().filter(pk=pk, index_state="").first()
    if field is None or field.record_type not in registry:
        return False
    model = registry[field.record_type].model
    if model.objects.alive().order_by().values("pk")[: MANY + 1].count() <= MANY:
        return False
    mark_pending()
    return bool(CustomField.objects.filter(pk=pk, index_state="").update(index_state="wanted"))


def keep(pk: UUID) -> None:
    """Bring the indexes of one field in line with what is wanted of it. Opens its own transactions."""
    tenant = get_tenant()
    with in_tenant(tenant):
        field = CustomField.objects.filter(pk=pk).first()
        there = _there(pk)
    if field is None or field.record_type not in registry:
        return
    wanted = _wanted(field)
    for name, is_valid in there.items():
        if name not in wanted or not is_valid:
            _alone(f'DROP INDEX CONCURRENTLY IF EXISTS "{tenant.schema_name}"."{name}"')
    state, problem = "", ""
    table = f'"{tenant.schema_name}"."{registry[field.record_type].model._meta.db_table}"'
    for name, statement in wanted.items():
        if not there.get(name):
            problem = _built(tenant.schema_name, name, f"{table} {statement}")
        state = "failed" if problem else "ready"
        if problem:
            break
    if wanted.keys() - there.keys():
        _alone(f"ANALYZE {table}")  # without figures the planner guesses that few rows are found
    with in_tenant(tenant):
        CustomField.objects.filter(pk=pk).update(index_state=state, index_problem=problem)


def _wanted(field: CustomField) -> dict[str, str]:
    """Names and what they stand on. A type's table is named without its schema."""
    if field.deleted_at is not None:
        return {}
    spec = spec_from(field)
    name, found = f"{NAMES}{field.pk.hex}", {}
    key = expression(spec)
    if field.unique:
        found[f"{name}_u"] = f"({key}) WHERE deleted_at IS NULL AND {key} IS NOT NULL"
    # The planner takes no figures from an index that leaves rows out, so those for lists hold the trash, too.
    if field.index_state in ("wanted", "ready") and is_indexed(spec):
        if isinstance(spec.kind, Choices):
            found[name] = f"USING gin ((custom -> '{spec.code}') jsonb_path_ops)"
        else:
            found[name] = f"({key}, id)"
        if spec.kind.name == "choice":
            ranked = _ranked(spec)
            found[f"{name}_{sha256(ranked.encode()).hexdigest()[:8]}"] = f"(({ranked}), id)"
    return found


def _ranked(spec: FieldSpec) -> str:
    """The place of a choice among the others, as lists are sorted by it. With the choices it changes, and its name."""
    whens = (f"WHEN {expression(spec)} = '{code}' THEN {rank}" for rank, (code, _label) in enumerate(known(spec)))
    return f"CASE {' '.join(whens)} ELSE NULL END"


def expression(spec: FieldSpec) -> str:
    """What lists are sorted by, as PostgreSQL finds it again in their statements."""
    if is_folded(spec):
        return f"(text_keys ->> '{spec.name}')"
    return f"((custom ->> '{spec.code}')::numeric)" if spec.kind.is_numeric else f"(custom ->> '{spec.code}')"


def _there(pk: UUID) -> dict[str, bool]:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT x.relname, i.indisvalid FROM pg_class x JOIN pg_index i ON i.indexrelid = x.oid"
            " WHERE x.relnamespace = current_schema()::regnamespace AND x.relname LIKE %s",
            [f"{NAMES.replace('_', chr(92) + '_')}{pk.hex}%"],
        )
        return dict(cursor.fetchall())


def _built(schema_name: str, name: str, stands_on: str) -> str:
    """Empty, or why it could not be built."""
    is_unique = "UNIQUE " if name.endswith("_u") else ""
    try:
        _alone(f'CREATE {is_unique}INDEX CONCURRENTLY "{name}" ON {stands_on}')
    except DatabaseError as error:
        _alone(f'DROP INDEX CONCURRENTLY IF EXISTS "{schema_name}"."{name}"')
        return "duplicates" if isinstance(error.__cause__, UniqueViolation) else str(error).partition("\n")[0]
    return ""


def _alone(statement: str) -> None:
    """One statement that names its schema, in no transaction."""
    connection = cast(Any, connections["default"])
    with connection.bare(), connection.cursor() as cursor:
        cursor.execute(statement)


@sweeper
def sweep() -> bool:
    """Fields whose index was wanted and not built: a lost message, or a worker that was killed."""
    from kernel.records.tasks import keep_indexes

    left = list(CustomField.objects.filter(index_state="wanted").values_list("pk", flat=True))
    for pk in left:
        keep_indexes.apply_async([str(pk)], expires=60)
    return bool(left)
