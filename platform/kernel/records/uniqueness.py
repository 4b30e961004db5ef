"""Custom fields of which no two records may have the same value.

Two writers of one value wait for each other on a lock that is named by field and value, so that the second sees what
the first has written. The unique index over the field (custom_indexes.py) makes the look-up fast, and is the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.lib.text import sort_key
from kernel.records.kinds.text import Formed, Text
from kernel.records.specs import FieldSpec
from kernel.records.storage import MOST_KEY


def compared_by(spec: FieldSpec) -> Any:
    """What two values share that are the same: spelling variants of a text are one."""
    return spec.store.key(spec) if is_folded(spec) else spec.store.ref(spec)


def check_unique(access: Access, records: Iterable[Any], changed: Mapping[Any, set[str]]) -> dict[Any, ValidationError]:
    """What of these records, about to be saved, another one has already; also one among themselves. By record id."""
    unique = [spec for spec in access.rtype.own_specs().values() if spec.extra["unique"]]
    problems: dict[Any, ValidationError] = {}
    for spec in unique:
        wanted: dict[Any, list[UUID]] = {}
        for record in records:
            value = spec.value(record)
            if record.deleted_at is None and value is not None and spec.name in changed[record.pk]:
                wanted.setdefault(_key(spec, value), []).append(record.pk)
        if wanted:
            _wait(spec, wanted)
            for pk, other in _taken(access, spec, wanted).items():
                problems[pk] = ValidationError({spec.name: _said(access, spec, other)})
    return problems


def _key(spec: FieldSpec, value: Any) -> Any:
    return sort_key(value)[:MOST_KEY] if is_folded(spec) else value


def is_folded(spec: FieldSpec) -> bool:
    return isinstance(spec.kind, Text) and not isinstance(spec.kind, Formed)


def _wait(spec: FieldSpec, wanted: Iterable[Any]) -> None:
    """In one order everywhere, so that two batches never wait for each other."""
    names = sorted(f"{spec.extra['field']}:{spec.kind.keep(spec, key)}" for key in wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(h) FROM"
            " (SELECT DISTINCT hashtextextended(name, 0) h FROM unnest(%s::text[]) name ORDER BY 1) sorted",
            [names],
        )
        cursor.fetchall()


def _taken(access: Access, spec: FieldSpec, wanted: Mapping[Any, list[UUID]]) -> dict[UUID, UUID | None]:
    """Those that come too late, each with the record that has the value; None where it is one of these."""
    mine = [pk for ids in wanted.values() for pk in ids]
    rows = access.rtype.model.objects.alive().annotate(_key=compared_by(spec)).filter(_key__in=list(wanted))
    held = dict(rows.exclude(pk__in=mine).values_list("_key", "pk"))
    late: dict[UUID, UUID | None] = {}
    for key, ids in wanted.items():
        late.update(dict.fromkeys(ids if key in held else ids[1:], held.get(key)))
    return late


def _said(access: Access, spec: FieldSpec, other: UUID | None) -> ValidationError:
    """With the other's name, if the actor may see it, and what it has in this field."""
    known = other if spec.name in access.readable() else None
    label = known and access.records().filter(pk=known).values_list("label", flat=True).first()
    if label:
        return ValidationError(_("“%(label)s” has this value already."), code="unique", params={"label": label})
    return ValidationError(_("Another record has this value already."), code="unique")
