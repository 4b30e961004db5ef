"""Every table of a workspace, and what of a person may stand in it: found from the models, so that a new one is in."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Q

from kernel.access.models import Record
from kernel.events.models import Event
from kernel.privacy.keys import cut
from kernel.privacy.models import Erasure
from kernel.privacy.people import Ids, flat
from kernel.records.models import KnownWord, Redirect
from kernel.records.statements import quoted
from kernel.records.types import registry
from kernel.tenancy.router import TENANT, side

WINDOW = 5_000  # rows of a table that one statement looks through
# What has a way of its own (kernel.privacy.erasing).
_OTHERWISE: tuple[type[models.Model], ...] = (Event, Erasure, KnownWord, Redirect)
TEXTS = (models.CharField, models.TextField, models.JSONField)


def plain_models() -> list[type[models.Model]]:
    """Tables whose rows are no records of any type."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if side(model._meta.app_label) == TENANT
        and not issubclass(model, Record)
        and not hasattr(model, "APPEND_ONLY")
        and model not in _OTHERWISE
    ]


def texts_of(model: type[models.Model]) -> list[Any]:
    """The columns that may hold words."""
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, TEXTS) or (isinstance(field, ArrayField) and isinstance(field.base_field, TEXTS))
    ]


def window(model: type[models.Model], expression: str, after: Any) -> tuple[list[Any], Any]:
    """Of the rows after this key, the first `WINDOW`: the keys of those whose texts match, and the last key of all,
    None where there are no more."""
    table, key = quoted(model._meta.db_table), quoted(model._meta.pk.column)  # type: ignore[union-attr]
    columns = [quoted(field.column) for field in texts_of(model)]
    if not columns:
        return [], None
    start, params = (f"WHERE {key} > %s", [after]) if after is not None else ("", [])
    rows_of_it = f"SELECT * FROM {table} {start} ORDER BY {key} LIMIT {WINDOW}"  # noqa: S608 - only our own names
    asked = f"concat_ws(E'\\n', {', '.join(f'{column}::text' for column in columns)}) ~* %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {asked} FROM ({rows_of_it}) w ORDER BY {key}",  # noqa: S608 - as above
            [expression, *params],
        )
        rows = cursor.fetchall()
    return [key for key, is_met in rows if is_met], rows[-1][0] if len(rows) == WINDOW else None


def rows_about(model: type[models.Model], ids: Ids) -> models.QuerySet[Any] | None:
    """The rows of a plain table that are about these records: by a key to their table, or by type and id."""
    names = {field.name for field in model._meta.concrete_fields}
    asked = Q(pk__in=[])
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            for slug, pks in ids.items():
                if field.related_model is registry[slug].model:
                    asked |= Q(**{f"{field.name}__in": pks})
    for kind in ("record", "about"):
        if {f"{kind}_type", f"{kind}_id"} <= names:
            asked |= Q(**{f"{kind}_id__in": flat(ids)})
    return model._default_manager.filter(asked) if asked else None


def goes_whole(model: type[models.Model]) -> bool:
    """Whether a row that names the person goes as a whole, for it says more of them than the words it is found by."""
    return bool(getattr(model, "GOES_WITH_A_PERSON", False))


def scrub(model: type[models.Model], keys: list[Any], pattern: re.Pattern[str], instead: str) -> int:
    """Cut what the person is known by out of these rows."""
    fields, count = texts_of(model), 0
    for row in model._default_manager.filter(pk__in=keys):
        values = {field.attname: cut(getattr(row, field.attname), pattern, instead) for field in fields}
        changed = {name: value for name, value in values.items() if value != getattr(row, name)}
        if changed:
            longest = {f.attname: f.max_length for f in fields if f.max_length}
            kept = {n: v[: longest[n]] if n in longest and isinstance(v, str) else v for n, v in changed.items()}
            model._default_manager.filter(pk=row.pk).update(**kept)
            count += 1
    return count


def key_of(model: type[models.Model], text: str | None) -> Any:
    """A key as it was kept in the state of a run."""
    if text is None:
        return None
    return UUID(text) if isinstance(model._meta.pk, models.UUIDField) else int(text)
