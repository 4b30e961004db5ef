"""The only read: from a query string to rows in reach, through `Access`. Pages, API, exports and reports start here.

?stage=ID&amount__gte=1000&owner=me&q=text&sort=-amount      filters (see filters.py), folded search, order
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet, ValidationError
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records import own_indexes
from kernel.records.filters import LAID_OUT, PASSING, Filter, FilterReader, leaves
from kernel.records.kinds.base import Kind
from kernel.records.specs import FieldSpec
from kernel.records.statements import one, partial, table
from kernel.records.views import meant
from kernel.records.words import contains, words_of

PAGE, MOST = 50, 200
COUNTED = 10_000
NOT_FILTERS = PASSING | LAID_OUT
BOUNDS = ("lt", "lte", "gt", "gte")


@dataclass(frozen=True)
class Page:
    """`next` is the cursor to go on from, `previous` the one to go back before; None where there is nothing."""

    rows: list[Any]
    next: str | None
    previous: str | None = None


@dataclass(frozen=True)
class Around:
    """A record's place in a list: its number (None beyond what is counted), and its neighbours' ids."""

    position: int | None
    previous: Any
    next: Any


class Found:
    """What a query finds for one actor. Nothing is read before a page, a count or the rows are asked for."""

    def __init__(self, access: Access, params: Mapping[str, Any], *, deleted: bool = False) -> None:
        self.access, self.rtype = access, access.rtype
        self.params = {key: _last(value) for key, value in _items(params)}
        self._repeated = {key for key, value in _items(params) if isinstance(value, list) and len(value) > 1}
        self._deleted = deleted
        problems: dict[str, Any] = {}
        reader = FilterReader(access, problems)
        self.filters = [found for key in self.params if (found := self._filter(reader, key))]
        self.tree = reader.nested(_given(params, "filter"))
        asked = [reader.condition(node) for node in (*self.filters, self.tree)]
        self._conditions = [condition for condition in asked if condition is not None]
        self.sort = self.params.get("sort") or self._default_sort()
        spec = access.readable().get(self.sort.removeprefix("-"))
        if spec is None or not spec.kind.is_sortable:
            problems["sort"] = ValidationError(_("You cannot sort by this."), code="unknown")
        if problems:
            raise ValidationError(problems)
        own_indexes.used(self._sort_spec)
        for item in (*self.filters, *leaves(self.tree)):
            if item.via is None:
                own_indexes.used(item.spec)

    def _default_sort(self) -> str:
        """The type's own order, unless this actor may not know that field; then the first it may."""
        readable = self.access.readable()
        if self.rtype.sort.removeprefix("-") in readable:
            return self.rtype.sort
        return next((name for name, spec in readable.items() if spec.kind.is_sortable), self.rtype.sort)

    def _filter(self, reader: FilterReader, key: str) -> Filter | None:
        if key in NOT_FILTERS:
            return None
        return reader.flat(key, self.params[key], is_repeated=key in self._repeated)

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """The rows that pass, in no order."""
        return self._passing(self.access.records(deleted=self._deleted))

    def _passing(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        for condition in self._conditions:
            rows = rows.filter(condition)
        words = words_of(self.params.get("q", ""))
        return rows.filter(contains(self.access, words)) if words else rows

    # -- order and pages

    @property
    def _is_descending(self) -> bool:
        return self.sort.startswith("-")

    @cached_property
    def _sort_spec(self) -> FieldSpec:
        return self.access.readable()[self.sort.removeprefix("-")]

    @cached_property
    def _sorted(self) -> QuerySet[Any]:
        spec = self._sort_spec
        return self.rows.alias(_sort=spec.kind.order(spec, self.access))

    def ordered(self) -> QuerySet[Any]:
        """All rows in order, those without a value last."""
        order = F("_sort").desc(nulls_last=True) if self._is_descending else F("_sort").asc(nulls_last=True)
        return self._sorted.order_by(order, "-pk" if self._is_descending else "pk")

    def page(self, limit: int = PAGE, cursor: str | None = None, columns: Sequence[str] = ()) -> Page:
        """The rows after `cursor`. Steady while rows are added, and as fast on the last page as on the first.
        With `columns` (`attributes_of` the fields that are asked for) no more is read of a row.

        Two plain queries, rows with a value and then rows without, in place of one with NULLS LAST and OR: each
        follows an index.
        """
        return self._page(max(1, min(limit, MOST)), cursor, columns)

    def _page(self, limit: int, cursor: str | None, columns: Sequence[str] = ()) -> Page:
        value, after, is_null = self._read_cursor(cursor)
        rows: list[Any] = []
        if not is_null and not self._is_null:
            found = self._plainly(columns, value, after, limit + 1) if columns else None
            rows = self._read(self._slice(value, after, limit + 1), columns) if found is None else found
        if len(rows) <= limit and self._may_be_null:
            rest = self._sorted.filter(_sort__isnull=True)
            if is_null:
                rest = rest.filter(self._beyond(after))
            order = "-pk" if self._is_descending else "pk"
            rest = rest.annotate(sort_value=F("_sort")).order_by(order)[: limit + 1 - len(rows)]
            rows += self._read(rest, columns)
        more, rows = len(rows) > limit, rows[:limit]
        previous = self._cursor_of(rows[0]) if rows and cursor else None
        return Page(rows, self._cursor_of(rows[-1]) if more else None, previous)

    @cached_property
    def _where(self) -> tuple[str, tuple[Any, ...]] | None:
        """The conditions as SQL and its values, for statements put around them: to build such a one as a query takes
        longer than to run it. None where they are not about the table's own columns alone. May raise EmptyResultSet.
        """
        reach = None if self._deleted else self.access.condition()
        query = (self._passing(self.rtype.model.objects.all()) if reach else self.rows).query.clone()
        if query.annotations or query.distinct:
            return None
        try:
            where, params = query.get_compiler("default").compile(query.where)
        except FullResultSet:
            where, params = "true", ()
        if reach:
            where, params = f"{reach[0]} AND ({where})", (*reach[1], *params)
        if sum(map(bool, query.alias_refcount.values())) > 1:  # tables joined, and not found to be needless
            return None
        return where, tuple(params)

    def _plainly(self, columns: Sequence[str], value: Any, after: Any, size: int) -> list[Any] | None:
        """What `_slice` finds, by a plain statement; None where the order or a condition asks for more."""
        order, source = self._sort_spec.kind.order(self._sort_spec, self.access), table(self.rtype.model)
        name = getattr(order, "name", "")
        if type(order) is not F or name not in source.attributes:
            return None
        try:
            plain = self._where
        except EmptyResultSet:
            return []
        if plain is None:
            return None
        by, sign, way = source.column(name), *(("<", "DESC") if self._is_descending else (">", "ASC"))
        parts, values = [plain[0], f"{by} IS NOT NULL"], list(plain[1])
        if after is not None:
            parts.append(f"{by} {sign}= %s AND ({by} {sign} %s OR {source.key} {sign} %s)")
            values += [value, value, after]
        tail = f"WHERE {' AND '.join(parts)} ORDER BY {by} {way}, {source.key} {way} LIMIT {size:d}"
        return source.rows((*columns, name), tail, values, last="sort_value")

    def _read(self, rows: QuerySet[Any], columns: Sequence[str]) -> list[Any]:
        if not columns:
            return list(rows)
        names = (*columns, "sort_value")
        return [partial(self.rtype.model, names, values) for values in rows.values_list(*names)]

    def page_before(self, cursor: str, limit: int = PAGE) -> Page:
        """The rows that stand just before `cursor`, in the same order: the way back."""
        limit = max(1, min(limit, MOST))
        value, before, is_null = self._read_cursor(cursor)
        rows: list[Any] = []
        if is_null:
            rest = self._sorted.filter(self._beyond(before, back=True), _sort__isnull=True)
            order = "pk" if self._is_descending else "-pk"
            rows = list(rest.annotate(sort_value=F("_sort")).order_by(order)[: limit + 1])
            value = before = None
        if len(rows) <= limit:
            rows += list(self._slice(value, before, limit + 1 - len(rows), back=True))
        more, rows = len(rows) > limit, rows[:limit][::-1]
        if not rows:
            return self.page(limit)
        return Page(rows, self._cursor_of(rows[-1]), self._cursor_of(rows[0]) if more else None)

    def _slice(self, value: Any, after: Any, size: int, *, back: bool = False) -> QuerySet[Any]:
        rows = self._sorted
        falling = self._is_descending != back
        if self._may_be_null:
            rows = rows.filter(_sort__isnull=False)
        if after is not None:
            past, upto = ("lt", "lte") if falling else ("gt", "gte")
            beyond = Q(**{f"_sort__{past}": value}) | self._beyond(after, back=back)
            rows = rows.filter(**{f"_sort__{upto}": value}).filter(beyond)
        order = ("-_sort", "-pk") if falling else ("_sort", "pk")
        return rows.annotate(sort_value=F("_sort")).order_by(*order)[:size]

    def _beyond(self, after: Any, *, back: bool = False) -> Q:
        return Q(pk__lt=after) if self._is_descending != back else Q(pk__gt=after)

    @property
    def _may_be_null(self) -> bool:
        spec = self._sort_spec
        if spec.is_label or (not spec.null and spec.kind.name not in ("text", "choice", "long_text")):
            return False
        # These leave out what has none; without a value they ask nothing.
        return not any(self.params.get(f"{spec.name}__{bound}") for bound in BOUNDS)

    @property
    def _is_null(self) -> bool:
        """Whether only rows without a value are asked for. An empty text is a value to sort by."""
        spec = self._sort_spec
        is_plain = spec.null and type(spec.kind).is_empty is Kind.is_empty
        return is_plain and self.params.get(f"{spec.name}__empty") == "true"

    def _cursor_of(self, row: Any) -> str:
        value = row.sort_value
        raw = json.dumps([self.sort, None if value is None else str(value), str(row.pk)], ensure_ascii=False)
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    def _read_cursor(self, cursor: str | None) -> tuple[Any, Any, bool]:
        if not cursor:
            return None, None, False
        try:
            sort, value, after = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            str(value).encode()  # half a character is none that could be compared
            if sort != self.sort or "\x00" in str(value):
                raise ValueError  # noqa: TRY301 - told below like what cannot be read
            field = self._sorted.query.annotations["_sort"].output_field
            value = None if value is None else field.to_python(value)
            after = self.rtype.model._meta.pk.to_python(after)
        except (ValueError, TypeError, ValidationError, UnicodeError, RecursionError) as error:
            problem = _("This page link is no longer valid. Start again from the first page.")
            raise ValidationError({"cursor": ValidationError(problem, code="cursor")}) from error
        return value, after, value is None

    def around(self, pk: Any) -> Around | None:
        """Where a record stands among those found, and which come before and after it; None where it is not found."""
        row = self._sorted.annotate(sort_value=F("_sort")).filter(pk=pk).first()
        if row is None:
            return None
        cursor, most = self._cursor_of(row), COUNTED
        after = self._page(1, cursor).rows
        before = self._before(row)[: most + 1].count()
        back = self.page_before(cursor, 1).rows if before else []
        return Around(
            position=before + 1 if before < most else None,
            previous=back[0].pk if back else None,
            next=after[0].pk if after else None,
        )

    def _before(self, row: Any) -> QuerySet[Any]:
        """The rows that stand before this one."""
        rows = self._sorted.order_by().values("pk")
        same = self._beyond(row.pk, back=True)
        if row.sort_value is None:
            return rows.filter(Q(_sort__isnull=False) | (Q(_sort__isnull=True) & same))
        past = "gt" if self._is_descending else "lt"
        return rows.filter(Q(**{f"_sort__{past}": row.sort_value}) | (Q(_sort=row.sort_value) & same))

    # -- figures

    def count(self, most: int = COUNTED) -> int | None:
        """How many rows there are; None where there are more than `most`: to count on costs more than it tells."""
        try:
            plain = self._where
        except EmptyResultSet:
            return 0
        if plain is None:
            found = self.rows.order_by().values("pk")[: most + 1].count()
        else:
            found = table(self.rtype.model).count(*plain, most + 1)
        return found if found <= most else None

    def chunks(self, size: int = 500, columns: Sequence[str] = ()) -> Iterator[list[Any]]:
        """All rows in order, piece by piece, in flat memory."""
        cursor: str | None = None
        while True:
            page = self._page(size, cursor, columns)
            if page.rows:
                yield page.rows
            cursor = page.next
            if cursor is None:
                return


def find(access: Access, params: Mapping[str, Any] | None = None, *, deleted: bool = False) -> Found:
    """Rows of a type, as this actor may ask for them. Raises ValidationError keyed by parameter."""
    access.check("view")
    return Found(access, meant(access, params or {}), deleted=deleted)


def get(access: Access, pk: Any, *, deleted: bool = False, lock: bool = False) -> Any | None:
    """One row in reach, or None; with a `lock`, one that is to be changed next."""
    return access.records(deleted=True).filter(pk=pk).first() if deleted else one(access, pk, lock=lock)


def _items(params: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return list(params.lists()) if hasattr(params, "lists") else list(params.items())


def _given(params: Mapping[str, Any], key: str) -> Any:
    """One parameter as it was given: a program may send the nested form as what JSON means."""
    value = params.get(key)
    return value[-1] if isinstance(value, list) and value else value


def _last(value: Any) -> str:
    """A parameter given twice asks for any of its values."""
    if isinstance(value, list):
        return str(value[0]) if len(value) == 1 else ",".join(str(item) for item in value)
    return str(value)
