"""All records of a type that may be the same, as far as one actor may see them: groups that share a key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from kernel.access.actor import Access
from kernel.records.duplicates import known_keys
from kernel.records.models import DuplicateDismissal
from kernel.records.statements import quoted

PAGE, SHOWN = 20, 10


@dataclass(frozen=True)
class Group:
    """Records that share these keys; `more` is how many there are beyond those shown."""

    records: list[Any]
    why: list[str]
    more: int


def groups(access: Access, offset: int = 0) -> list[Group]:
    """A page of groups and one more, if there is one. Pairs that somebody called different are left out."""
    known = known_keys(access)
    codes = [code for code, key in known.items() if not key.is_weak]
    condition = access.condition()
    if not codes or condition is None:
        return []
    where, params = condition
    table, dismissed = quoted(access.rtype.model._meta.db_table), quoted(DuplicateDismissal._meta.db_table)
    statement = f"""
        WITH keyed AS (
            SELECT id, k FROM {table}, unnest(duplicate_keys) k WHERE {where} AND split_part(k, ':', 1) = ANY(%s)
        ), shared AS (
            SELECT k, array_agg(id ORDER BY id) AS ids FROM keyed GROUP BY k HAVING count(*) > 1
        ), grouped AS (
            SELECT ids, array_agg(DISTINCT split_part(k, ':', 1)) AS codes FROM shared GROUP BY ids
        )
        SELECT ids[1:%s], cardinality(ids), codes FROM grouped g
        WHERE (
            SELECT count(*) FROM {dismissed} d WHERE d.one = ANY(g.ids) AND d.other = ANY(g.ids)
        ) < cardinality(ids) * (cardinality(ids) - 1) / 2
        ORDER BY cardinality(codes) DESC, ids LIMIT %s OFFSET %s"""  # noqa: S608 - only our own names
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, codes, SHOWN, PAGE + 1, offset])
        rows = cursor.fetchall()
    records = access.records().in_bulk({pk for ids, _count, _codes in rows for pk in ids})
    return [
        Group(
            [records[pk] for pk in ids if pk in records],
            [str(known[code].label) for code in known if code in shared],
            count - len(ids),
        )
        for ids, count, shared in rows
    ]


def dismiss(access: Access, pairs: Iterable[tuple[UUID, UUID]]) -> None:
    member = access.actor.member
    rows = [
        DuplicateDismissal(record_type=access.rtype.slug, one=one, other=other, member=member) for one, other in pairs
    ]
    DuplicateDismissal.objects.bulk_create(rows, ignore_conflicts=True)
