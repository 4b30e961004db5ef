"""Records that stand below others of their type (a company's parent, a team's) form a tree and never a ring."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from kernel.records.holds import hold
from kernel.records.types import RecordType


def keep_still(rtype: RecordType, given: Container[str]) -> None:
    """Where a place in the tree is about to change: nobody else changes one until the transaction ends."""
    if rtype.tree and rtype.tree in given:
        hold(f"tree:{rtype.slug}")


def check_place(rtype: RecordType, record: Any, before: Mapping[str, Any]) -> None:
    """Refuse a record below itself. Its new place was assigned and not saved yet."""
    if not rtype.tree:
        return
    spec = rtype.specs()[rtype.tree]
    if spec.canonical(record) != before.get(rtype.tree):
        problem = rings(rtype, {record.pk: spec.value(record)}).get(record.pk)
        if problem:
            raise problem


def rings(rtype: RecordType, places: Mapping[UUID, UUID | None]) -> dict[UUID, ValidationError]:
    """Of these records and what each is put below: those that would stand below themselves. They keep their places.

    One statement, however many there are.
    """
    wanted = {pk: above for pk, above in places.items() if above}
    parents = _above(rtype, set(wanted.values())) if wanted else {}
    problems: dict[UUID, ValidationError] = {}
    for pk, above in wanted.items():
        before = parents.get(pk)
        parents[pk] = above
        if _leads_to(parents, above, pk):
            parents[pk] = before
            problems[pk] = _problem(rtype, pk, above)
    return problems


def _above(rtype: RecordType, ids: set[UUID]) -> dict[UUID, UUID | None]:
    """What these records stand below, and those, up to the top."""
    table = connection.ops.quote_name(rtype.model._meta.db_table)
    column = connection.ops.quote_name(f"{rtype.specs()[rtype.tree].path}_id")
    sql = f"""
        WITH RECURSIVE up (id, above) AS (
            SELECT id, {column} FROM {table} WHERE id = ANY(%s)
            UNION SELECT t.id, t.{column} FROM {table} t JOIN up ON t.id = up.above
        ) SELECT id, above FROM up"""  # noqa: S608 - only our own names
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids)])
        return dict(cursor.fetchall())


def _leads_to(parents: Mapping[UUID, UUID | None], start: UUID, wanted: UUID) -> bool:
    seen: set[UUID] = set()
    at: UUID | None = start
    while at and at not in seen:
        if at == wanted:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def _problem(rtype: RecordType, pk: UUID, above: UUID) -> ValidationError:
    kind = str(rtype.label).lower()
    if pk == above:
        sentence = _("A %(type)s cannot stand below itself. Choose another.") % {"type": kind}
    else:
        label = rtype.model.objects.values_list("label", flat=True).get(pk=above)  # type: ignore[attr-defined]
        sentence = _("“%(name)s” is already below this %(type)s. Choose another.") % {"name": label, "type": kind}
    return ValidationError({rtype.tree: ValidationError(sentence, code="cycle")})
