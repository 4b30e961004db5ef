"""Which records are one person, what hangs on them, what points at them; and who may answer for all of that.

Nothing here names a type: a type says that its records are people (`is_person`) and by which relation another record is
the same one (`same_person`), and the rest follows from its fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils.translation import gettext as _

from kernel.access.actor import Actor, operator
from kernel.records.legal_holds import RIGHT
from kernel.records.merge import pointing, taken_in
from kernel.records.types import RecordType, registry

BATCH = 500
Ids = dict[str, list[UUID]]


def sees_all(actor: Actor) -> bool:
    """Whether this actor sees every record and every field: an answer to a person about themselves that leaves out
    what some role hides would be false, and would tell that something was hidden."""
    for rtype in registry.values():
        access = actor.access(rtype)
        if not rtype.is_setting and (access.scope("view") != "all" or access.readable().keys() != rtype.specs().keys()):
            return False
    return True


def may_answer(actor: Actor) -> bool:
    return actor.may_system(RIGHT) and actor.viewer is None and sees_all(actor)


def check_may_answer(actor: Actor) -> None:
    actor.check_system(RIGHT)
    if not may_answer(actor):
        raise PermissionDenied(_("This takes a role that sees every record and every field."))


def person_types() -> list[RecordType]:
    return [rtype for rtype in registry.values() if rtype.is_person]


def records_of(rtype: RecordType, pk: UUID) -> Ids:
    """Every record of the person that this one is: the lead they came as, what was merged into them."""
    found: dict[str, set[UUID]] = {rtype.slug: {pk}}
    asked: set[tuple[str, UUID]] = set()
    while ask := [(slug, pk) for slug, ids in found.items() for pk in ids if (slug, pk) not in asked]:
        asked.update(ask)
        for slug, one in ask:
            found[slug].update(taken_in(registry[slug], one))
            for other, name in _links():
                rows: Any = other.model._default_manager
                column = other.specs()[name].path
                if other.specs()[name].related == slug:
                    found.setdefault(other.slug, set()).update(
                        rows.filter(**{column: one}).values_list("pk", flat=True)
                    )
                if other.slug == slug:
                    up = rows.filter(pk=one).values_list(column, flat=True).first()
                    if up is not None:
                        found.setdefault(other.specs()[name].related, set()).add(up)
    return {slug: sorted(ids) for slug, ids in found.items() if ids}


def _links() -> Iterator[tuple[RecordType, str]]:
    for rtype in person_types():
        for name in rtype.same_person:
            yield rtype, name


def flat(ids: Ids) -> list[UUID]:
    return [pk for found in ids.values() for pk in found]


def hanging_on(ids: Ids) -> Ids:
    """What hangs on these records, and on that: notes, and the file in a field of a task. In the trash too."""
    found: Ids = {}
    level = ids
    while level:
        below: Ids = {}
        for child in registry.values():
            if not child.parent:
                continue
            for slug, above in level.items():
                hanging: dict[str, Any] = {"about_type": slug, "about_id__in": above}
                rows: Any = child.model._default_manager.filter(**hanging)
                if pks := list(rows.order_by("pk").values_list("pk", flat=True)):
                    below.setdefault(child.slug, []).extend(pks)
        for slug, pks in below.items():
            found.setdefault(slug, []).extend(pks)
        level = below
    return found


def pointing_at(ids: Ids) -> Ids:
    """Records of any type with a relation to one of these that neither are one nor hang on one: deals, meetings."""
    able, own = operator("job"), {slug: set(found) for slug, found in ids.items()}
    hanging = {slug: set(found) for slug, found in hanging_on(ids).items()}
    found: Ids = {}
    for rtype in registry.values():
        access, asked = able.access(rtype), Q(pk__in=[])
        for slug, pks in own.items():
            for spec, condition in pointing(access, slug, pks):
                if spec.kind.name != "about":
                    asked |= condition
        rows: Any = rtype.model._default_manager.filter(asked) if asked else rtype.model._default_manager.none()
        without = own.get(rtype.slug, set()) | hanging.get(rtype.slug, set())
        if pks_found := [pk for pk in rows.order_by("pk").values_list("pk", flat=True) if pk not in without]:
            found[rtype.slug] = pks_found
    return found
