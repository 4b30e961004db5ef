"""Next steps: what is planned for a record says when it is due again.

A child type with a `due_field` (a task's `due_at`) has rows that are planned for a moment and open until `done_at`.
A type with a `next_step_field` carries the earliest of them, whatever their type; one with a `last_step_field` carries
the latest done one of the types that `is_contact`. Both are brought in line here whenever such a row changes, in one
statement for each type of parent, however many rows there are. A date typed by hand stands while nothing is planned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Case, F, Max, Min, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils.translation import gettext as _

from kernel.records.types import registry

if TYPE_CHECKING:
    from kernel.records.types import RecordType

Parent = tuple[str, UUID]


@dataclass(frozen=True)
class Step:
    """What matters of a planned row, as it was or as it is."""

    parent: Parent
    due: datetime | None
    done: datetime | None

    @property
    def is_open(self) -> bool:
        return self.done is None


def step_of(rtype: RecordType, record: Any) -> Step | None:
    """None for a row that is none: of another type, about nothing, not yet saved or in the trash."""
    if not rtype.due_field or record.is_new or record.deleted_at or not record.about_id:
        return None
    return Step((record.about_type, record.about_id), getattr(record, rtype.due_field), record.done_at)


def planned_types() -> list[RecordType]:
    return [rtype for rtype in registry.values() if rtype.due_field]


def stepping_types() -> list[RecordType]:
    return [rtype for rtype in registry.values() if rtype.next_step_field]


def settle(changes: Iterable[tuple[Step | None, Step | None]]) -> None:
    """Bring the parents of rows in line, each given as it was and as it is. Runs in the transaction of the change."""
    parents: dict[str, dict[UUID, set[datetime]]] = defaultdict(dict)
    for before, after in changes:
        if before == after:
            continue
        for step in (before, after):
            if step:
                parents[step.parent[0]].setdefault(step.parent[1], set())
        if before and before.is_open and before.due:
            parents[before.parent[0]][before.parent[1]].add(before.due)
    for slug, found in parents.items():
        rtype = registry.get(slug)
        if rtype and (rtype.next_step_field or rtype.last_step_field):
            _bring_in_line(rtype, found)


def _bring_in_line(rtype: RecordType, parents: Mapping[UUID, set[datetime]]) -> None:
    rows = rtype.model.objects.filter(pk__in=parents)
    # Two that plan for one record at once: the second waits here, and then sees what the first has planned.
    list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    values: dict[str, Any] = {}
    if rtype.next_step_field:
        name = rtype.next_step_field
        fallen = Q(pk__in=[])
        for pk, dues in parents.items():
            if dues:
                fallen |= Q(pk=pk, **{f"{name}__in": dues})
        # What stood for a row that is done or gone goes with it; what somebody typed stays.
        typed = Case(When(fallen, then=None), default=F(name)) if any(parents.values()) else F(name)
        values[name] = Coalesce(_earliest(rtype), typed)
    if rtype.last_step_field:
        values[rtype.last_step_field] = Greatest(F(rtype.last_step_field), *_latest(rtype))
    rows.update(**values)


def _earliest(rtype: RecordType) -> Any:
    dues = [
        Subquery(
            _rows_about(child, rtype)
            .filter(done_at=None)
            .values("about_id")
            .annotate(found=Min(child.due_field))
            .values("found")
        )
        for child in planned_types()
    ]
    return Least(*dues) if len(dues) > 1 else dues[0]


def _latest(rtype: RecordType) -> list[Any]:
    contacts = [child for child in planned_types() if child.is_contact]
    return [
        Subquery(_rows_about(child, rtype).values("about_id").annotate(found=Max("done_at")).values("found"))
        for child in contacts
    ]


def _rows_about(child: RecordType, rtype: RecordType) -> Any:
    rows: Any = child.model.objects
    return rows.filter(about_type=rtype.slug, about_id=OuterRef("pk"), deleted_at=None).order_by()


def earliest_of(rtype: RecordType, ids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When the earliest open row about each of these is due; those without one are left out."""
    rows = rtype.model.objects.filter(pk__in=list(ids)).annotate(found=_earliest(rtype))
    return {pk: found for pk, found in rows.values_list("pk", "found") if found}


def check_typed(rtype: RecordType, record: Any, earliest: Mapping[UUID, datetime]) -> None:
    """Refuse a date typed by hand where what is planned says another."""
    name = rtype.next_step_field
    due = earliest.get(record.pk)
    if due and getattr(record, name) != due:
        problem = _("This follows what is planned for the record: change or finish that instead.")
        raise ValidationError({name: ValidationError(problem, code="derived")})
