"""Comparing what two schemas hold."""

import dataclasses
import re


def as_reparsed(value):
    """PostgreSQL writes `x IN ('a', 'b')` of a varchar down as ANY (ARRAY['a', 'b']::text[]), but reads that text as
    ANY (ARRAY['a'::text, 'b'::text]), which means the same. The one difference that no SQL text can avoid."""
    if not isinstance(value, str):
        return value
    value = re.sub(r"\(ARRAY\[([^\]]*)\]\)::text\[\]", lambda m: f"ARRAY[{_each(m[1], '({})::text')}]", value)
    return re.sub(r"ARRAY\[([^\]]*)\]::text\[\]", lambda m: f"ARRAY[{_each(m[1], '{}::text')}]", value)


def settled(table):
    """A table with the definitions of its constraints and indexes as they stand after they were read from text."""
    return dataclasses.replace(table, constraints=_settled(table.constraints), indexes=_settled(table.indexes))


def _settled(parts):
    return tuple(dataclasses.replace(part, sql=as_reparsed(part.sql)) for part in parts)


def _each(elements, form):
    return ", ".join(form.format(element) for element in elements.split(", "))
