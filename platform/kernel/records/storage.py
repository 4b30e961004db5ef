"""Where the value of a field is kept: in a column of its own, or under its code in `custom`, among the tenant's own.

Kinds read, write and compare through their spec's storage, so that nothing else can tell the one from the other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db.models import BooleanField, DecimalField, F, Func, Q, QuerySet, TextField, UUIDField

if TYPE_CHECKING:
    from kernel.records.specs import FieldSpec

# What a code may be: nothing in it means anything to SQL, to a JSON path, or to the lookups that follow "__".
CODE = re.compile(r"[a-z](?:_?[a-z0-9])*")
MOST_KEY = 600  # characters of a sort key that an index can hold
KEY = re.compile(rf"(?:custom\.)?{CODE.pattern}")


class Held(Func):
    """`custom ->> 'code'`, or the same as a number.

    The key is written into the statement: PostgreSQL finds an index over an expression by the literal, never by a
    parameter. Both forms are immutable, so both can be indexed.
    """

    def __init__(self, source: Any, key: str, *, is_number: bool = False, **extra: Any) -> None:
        if not KEY.fullmatch(key):
            raise ValueError(f"No key of ours: {key!r}")
        output = DecimalField(max_digits=38, decimal_places=4) if is_number else TextField()
        super().__init__(source, output_field=output, **extra)
        self.key, self.is_number = key, is_number

    def as_sql(self, compiler: Any, connection: Any, *more: Any, **extra: Any) -> tuple[str, Any]:
        source, params = compiler.compile(self.get_source_expressions()[0])
        text = f"({source} ->> '{self.key}')"
        return (f"({text}::numeric)" if self.is_number else text), params


class Contains(Func):
    """`(custom -> 'code') @> '["choice"]'`: a list that holds a code."""

    def __init__(self, source: Any, key: str, code: str, **extra: Any) -> None:
        super().__init__(source, output_field=BooleanField(), **extra)
        self.key, self.code = key, code

    def as_sql(self, compiler: Any, connection: Any, *more: Any, **extra: Any) -> tuple[str, Any]:
        source, params = compiler.compile(self.get_source_expressions()[0])
        return f"""(({source} -> '{self.key}') @> '["{self.code}"]'::jsonb)""", params


class Each(Func):
    """The values of an array, each on a row of its own; one row with none for an empty one."""

    template = "unnest(COALESCE(NULLIF(%(expressions)s, '{}'), ARRAY[NULL]::uuid[]))"
    output_field = UUIDField()
    set_returning = True


class EachKept(Func):
    """The same for a list that is kept as JSON, under a key of its own or in a column."""

    output_field = TextField()
    set_returning = True

    def __init__(self, source: Any, key: str = "", **extra: Any) -> None:
        if key and not CODE.fullmatch(key):
            raise ValueError(f"No key of ours: {key!r}")
        super().__init__(source, **extra)
        self.key = key

    def as_sql(self, compiler: Any, connection: Any, *more: Any, **extra: Any) -> tuple[str, Any]:
        source, params = compiler.compile(self.get_source_expressions()[0])
        held = f"{source} -> '{self.key}'" if self.key else source
        return f"jsonb_array_elements_text(COALESCE(NULLIF({held}, '[]'), '[null]'))", params


class Column:
    """One value, one column of the record's table."""

    def get(self, spec: FieldSpec, record: Any) -> Any:
        return getattr(record, spec.kind.attribute(spec))

    def put(self, spec: FieldSpec, record: Any, value: Any) -> None:
        setattr(record, spec.kind.attribute(spec), value)

    def ref(self, spec: FieldSpec) -> Any:
        """The value in a query."""
        return F(spec.kind.attribute(spec))

    def key(self, spec: FieldSpec) -> Any:
        """The sort key of a text in a query."""
        return F("label_key") if spec.is_label else Held(F("text_keys"), spec.name)

    def where(self, spec: FieldSpec, lookup: str, value: Any) -> Q:
        return Q(**{f"{spec.kind.attribute(spec)}__{lookup}": value})

    def has(self, spec: FieldSpec, code: str) -> Q:
        """A list that holds this code."""
        return self.where(spec, "contains", [code])

    def each(self, spec: FieldSpec) -> Any:
        """The codes of a list in a query, each on a row of its own."""
        return EachKept(self.ref(spec))

    def is_bare(self, spec: FieldSpec) -> Q:
        """A list that holds nothing."""
        return self.where(spec, "exact", [])

    def is_missing(self, spec: FieldSpec) -> Q:
        return Q(**{f"{spec.kind.attribute(spec)}__isnull": True})

    def back(self, spec: FieldSpec, raw: Any) -> Any:
        """The value that `ref` answered with."""
        return raw


class Keyed:
    """One value among those in a JSON object of the record: what is empty has no key."""

    def get(self, spec: FieldSpec, record: Any) -> Any:
        return spec.kind.restore(spec, getattr(record, spec.path).get(spec.code))

    def put(self, spec: FieldSpec, record: Any, value: Any) -> None:
        # A new object: the one at hand may be shared with the record as it was found.
        held = {code: other for code, other in getattr(record, spec.path).items() if code != spec.code}
        kept = spec.kind.keep(spec, value)
        setattr(record, spec.path, held if kept in (None, "", []) else {**held, spec.code: kept})

    def ref(self, spec: FieldSpec) -> Any:
        return Held(F(spec.path), spec.code, is_number=spec.kind.is_numeric)

    def key(self, spec: FieldSpec) -> Any:
        return Held(F("text_keys"), spec.name)

    def where(self, spec: FieldSpec, lookup: str, value: Any) -> Q:
        if lookup != "in":
            value = self._text(spec, value)
        elif not isinstance(value, QuerySet):
            value = [self._text(spec, item) for item in value]
        return compared(self.ref(spec), lookup, value)

    def _text(self, spec: FieldSpec, value: Any) -> Any:
        """A value as `ref` gives it: numbers as they are, all else in the words of its JSON."""
        if spec.kind.is_numeric:
            return value
        kept = value if isinstance(value, str) else spec.kind.keep(spec, value)
        return ("true" if kept else "false") if isinstance(kept, bool) else kept

    def has(self, spec: FieldSpec, code: str) -> Q:
        """A list that holds this code."""
        if not CODE.fullmatch(code):
            raise ValueError(f"No code of ours: {code!r}")
        return Q(Contains(F(spec.path), spec.code, code))

    def each(self, spec: FieldSpec) -> Any:
        return EachKept(F(spec.path), spec.code)

    def is_bare(self, spec: FieldSpec) -> Q:
        return self.is_missing(spec)

    def is_missing(self, spec: FieldSpec) -> Q:
        return compared(Held(F(spec.path), spec.code), "isnull", True)

    def back(self, spec: FieldSpec, raw: Any) -> Any:
        return raw if spec.kind.is_numeric else spec.kind.restore(spec, raw)


def compared(expression: Any, lookup: str, value: Any) -> Q:
    """A condition on an expression, as `path__lookup=value` is one on a column."""
    return Q(expression.output_field.get_lookup(lookup)(expression, value))


COLUMN, KEYED = Column(), Keyed()
