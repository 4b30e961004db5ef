"""Statements that nearly every request asks, spelled once for a model in place of being built from a query each time.

What a query builder costs is more than what the database does here. Rights stay where they are: a statement takes its
condition from `Access.condition`, and whoever has none is answered by a query.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db import connection, connections, models
from django.db.models.base import ModelState
from django.utils.functional import Promise

from kernel.access.actor import Access

if TYPE_CHECKING:
    from kernel.records.specs import FieldSpec

# Under these names a transaction remembers what was read last under a lock, and what it keeps from being deleted.
HELD, KEPT = "held", "kept"


def rows_of(statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement whose plan the server may keep."""
    return cast(Any, connections["default"]).rows_of(statement, params)  # type: ignore[no-any-return]


def array(ids: Iterable[UUID]) -> str:
    """For `ANY(%s::uuid[])`: spelled here, which takes a fraction of what it takes to find out what a list holds."""
    return f"{{{','.join(map(str, ids))}}}"


def quoted(name: Any) -> str:
    return connection.ops.quote_name(name)


class Table:
    """How a model's rows are read: its columns, and how their values become those of Python."""

    def __init__(self, model: type[models.Model]) -> None:
        self.model = model
        self.name = quoted(model._meta.db_table)
        fields: list[Any] = list(model._meta.concrete_fields)
        self.attributes = [field.attname for field in fields]
        self.columns = ", ".join(quoted(field.column) for field in fields)
        self.converters: list[tuple[int, Callable[..., Any], Any]] = [
            (place, convert, field.cached_col)
            for place, field in enumerate(fields)
            for convert in field.get_db_converters(connection)
        ]

        self._columns = {field.attname: quoted(field.column) for field in fields}
        self._converting = [(self.attributes[place], convert, column) for place, convert, column in self.converters]
        self.insert = f"INSERT INTO {self.name} ({self.columns}) VALUES ({', '.join(['%s'] * len(fields))})"  # noqa: S608 - only our own names
        rest = [field for field in fields if not field.primary_key]
        sets = ", ".join(f"{quoted(field.column)} = %s" for field in rest)
        self.update = f"UPDATE {self.name} SET {sets} WHERE {quoted(model._meta.pk.column)} = %s"  # type: ignore[union-attr] # noqa: S608
        self.fields, self.changing = fields, [*rest, model._meta.pk]

    def column(self, attribute: str) -> str:
        """Named with its table, for use beside conditions that a query compiled."""
        return f"{self.name}.{self._columns[attribute]}"

    @property
    def key(self) -> str:
        return self.column(cast(Any, self.model._meta.pk).attname)

    def rows(self, names: Sequence[str], tail: str, params: Sequence[Any], last: str) -> list[Any]:
        """Records of which only these attributes are read; the last one is kept under a name of its own."""
        asked = ", ".join(map(self.column, names))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {asked} FROM {self.name} {tail}", params)  # noqa: S608 - only our own names
            found: list[Any] = cursor.fetchall()
        converting = [(names.index(name), *how) for name, *how in self._converting if name in names]
        if converting:
            here = connections["default"]
            found = [list(row) for row in found]
            for row in found:
                for place, convert, column in converting:
                    row[place] = convert(row[place], column, here)
        keys = (*names[:-1], last)
        return [partial(self.model, keys, row) for row in found]

    def count(self, where: str, params: Sequence[Any], most: int) -> int:
        """How many rows there are; no further than `most`."""
        some = f"SELECT 1 FROM {self.name} WHERE {where} LIMIT {most:d}"  # noqa: S608 - only our own names
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({some}) AS found", params)  # noqa: S608 - as above
            return int(cursor.fetchone()[0])

    def writing(self, record: Any) -> tuple[str, list[Any]]:
        """The statement that keeps this record, and its values."""
        adding = record._state.adding
        fields = self.fields if adding else self.changing
        here = connections["default"]  # by its proxy it would be looked up for each field several times
        values = [field.get_db_prep_save(field.pre_save(record, adding), here) for field in fields]
        return self.insert if adding else self.update, values

    def record(self, row: Sequence[Any]) -> Any:
        here, values = connections["default"], list(row)
        for place, convert, column in self.converters:
            values[place] = convert(values[place], column, here)
        return self.model.from_db("default", self.attributes, values)


table = cache(Table)


def attributes_of(access: Access, specs: Iterable[FieldSpec]) -> tuple[str, ...]:
    """What must be read of a row to show these fields; empty for all of it, where one of them is not a column's."""
    known = table(access.rtype.model).attributes
    asked = {"id": None, "version": None}
    for spec in specs:
        # Not every type with amounts keeps a currency beside them.
        asked |= dict.fromkeys(
            name for name in spec.kind.columns(spec) if name in known or name not in spec.kind.beside
        )
    return tuple(asked) if asked.keys() <= set(known) else ()


def partial(model: type[models.Model], names: Sequence[str], values: Sequence[Any]) -> Any:
    """A record of which only this was read. As one of Django's deferred fields, the rest is asked for when it is used;
    made directly, because half the time of a list went into Django's way to do it."""
    record = model.__new__(model)
    record.__dict__.update(zip(names, values, strict=True))
    record._state = ModelState()
    record._state.adding, record._state.db = False, "default"
    return record


def write(*records: Any) -> None:
    """Insert what is new and update what is not, all in one statement. The caller holds the rows that there are
    already."""
    _memo().pop(HELD, None)
    statements, values = zip(*(_writing(record) for record in records), strict=True)
    *before, last = statements
    others = ", ".join(f"saved_{number} AS ({statement})" for number, statement in enumerate(before))
    rows_of(f"WITH {others} {last}" if before else last, [*chain.from_iterable(values)])
    for record in records:
        record._state.adding, record._state.db = False, "default"


def _writing(record: models.Model) -> tuple[str, list[Any]]:
    return table(type(record)).writing(record)


def write_many(records: Sequence[Any]) -> None:
    """As `write`, for records of one model that are all new or all there: one statement, as long for many as for few,
    with the rows in one value. To spell each value in the statement took longer than the server needed for it.
    """
    if not records:
        return
    _memo().pop(HELD, None)
    model: type[models.Model] = type(records[0])
    source, adding = table(model), records[0]._state.adding
    rows = [{field.column: field.pre_save(record, adding) for field in source.fields} for record in records]
    values = f"json_populate_recordset(NULL::{source.name}, %s::json) v"
    if adding:
        statement = f"INSERT INTO {source.name} ({source.columns}) SELECT {source.columns} FROM {values}"  # noqa: S608 - only our own names
    else:
        names = [quoted(field.column) for field in source.changing]
        sets = ", ".join(f"{name} = v.{name}" for name in names[:-1])
        statement = f"UPDATE {source.name} r SET {sets} FROM {values} WHERE r.{names[-1]} = v.{names[-1]}"  # noqa: S608 - only our own names
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(rows, default=_in_json, ensure_ascii=False)])
    for record in records:
        record._state.adding, record._state.db = False, "default"


def _in_json(value: Any) -> str:
    """As the server reads it again for a column of its type."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal | Promise):
        return str(value)
    raise TypeError(f"No column of ours holds a {type(value).__name__}.")


def count_of(access: Access, ids: Iterable[UUID], *, keeping: bool = False) -> int:
    """How many of these ids are rows in reach; `keeping`, as in `keep`."""
    condition = access.condition()
    if condition is None:
        return access.records().filter(pk__in=list(ids)).count()
    where, params = condition
    if keeping:
        return keep(access.rtype.model, ids, where, params)
    statement = f"SELECT count(*) FROM {table(access.rtype.model).name} WHERE {where} AND id = ANY(%s::uuid[])"  # noqa: S608 - only our own names
    return int(rows_of(statement, [*params, array(ids)])[0][0])


def keep(
    model: type[models.Model], ids: Iterable[UUID], where: str = "deleted_at IS NULL", params: Sequence[Any] = ()
) -> int:
    """How many of these ids are rows, which nobody deletes from here to the end of the transaction."""
    statement = f"SELECT id FROM {table(model).name} WHERE {where} AND id = ANY(%s::uuid[]) FOR SHARE"  # noqa: S608 - only our own names
    rows = rows_of(statement, [*params, array(ids)])
    _memo().setdefault(KEPT, set()).update(pk for (pk,) in rows)
    return len(rows)


def is_kept(pk: UUID) -> bool:
    return pk in _memo().get(KEPT, ())


def one(access: Access, pk: Any, verb: str = "view", *, lock: bool = False) -> Any | None:
    """The live row of this id in reach of `verb`, or None."""
    condition = access.condition(verb)
    if condition is None:
        rows = access.records(verb).filter(pk=pk)
        record = (rows.select_for_update(of=("self",)) if lock else rows).first()
    else:
        where, params = condition
        source = table(access.rtype.model)
        tail = " FOR UPDATE" if lock else ""
        found = rows_of(f"SELECT {source.columns} FROM {source.name} WHERE {where} AND id = %s{tail}", [*params, pk])  # noqa: S608 - only our own names
        record = source.record(found[0]) if found else None
    if lock and record is not None:
        _memo()[HELD] = record
    return record


def take_held(record: Any) -> bool:
    """Whether this very object was read last under a lock that still holds, so that it need not be read once more."""
    return _memo().pop(HELD, None) is record


def _memo() -> dict[Any, Any]:
    memo: dict[Any, Any] = connection.memo  # type: ignore[attr-defined]
    return memo
