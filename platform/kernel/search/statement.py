"""The one statement of a search, put together from what each type answers for.

Of each type at most CANDIDATES are looked at: those whose label begins with the words, those among the NEWEST, and any.
So a word that stands in half of all records costs no more than a rare one, and still finds what is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import QuerySet

from kernel.access.actor import Access
from kernel.lib.text import key_of_folded
from kernel.records.specs import FieldSpec
from kernel.records.storage import CODE
from kernel.records.words import Word, begins

CANDIDATES, NEWEST = 400, 1_000
EXACT, OPENING, PREFIX, WORDS, INSIDE, ELSEWHERE, SIMILAR, SIMILAR_ELSEWHERE = range(8)
LAST = "\U0010ffff"
COLUMNS = ("pk", "label", "label_key", "updated_at")
FACT_KINDS = ("relation", "text", "choice", "email", "about")
MOST_FACTS = 2
LONGEST = 2_000


@dataclass(frozen=True)
class Asked:
    """What is asked of one type: words, words with slips in them, or certain records by their ids."""

    access: Access
    words: list[Word]
    limit: int
    is_similar: bool = False
    ids: list[UUID] | None = None

    def candidates(self) -> tuple[str, list[Any]]:
        """SQL and its values for rows of (id, label, label_key, updated_at). Raises EmptyResultSet."""
        access = self.access
        rows = access.records().order_by()
        if self.ids is not None:
            return _compiled(rows.filter(pk__in=self.ids))
        fitting, params = _compiled(rows.filter(begins(access, self.words)))
        any_of_them = f"SELECT * FROM ({fitting}) f LIMIT {CANDIDATES}"  # noqa: S608
        if self.is_similar:
            return any_of_them, params
        # Spelled once and asked up to three times: putting it together takes longer than finding it. Where there are
        # no more than were looked at, the rest would find the same again.
        table = connection.ops.quote_name(access.rtype.model._meta.db_table)
        newest = f"SELECT id FROM {table} WHERE deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT {NEWEST}"  # noqa: S608
        is_more = f"(SELECT count(*) FROM first) = {CANDIDATES}"  # noqa: S608
        rest = f"SELECT * FROM ({fitting}) f WHERE {is_more} AND"  # noqa: S608
        parts = ["SELECT * FROM first", f"({rest} id IN ({newest}) LIMIT {CANDIDATES})"]
        params = [*params, *params]
        if self.may_tell_label:
            parts.append(f"({rest} label_key >= %s AND label_key < %s AND label_key LIKE %s LIMIT {CANDIDATES})")
            params += [*params[: len(params) // 2], self.key, self.key + LAST, f"{_plain(self.key)}%"]
        return f"WITH first AS MATERIALIZED ({any_of_them}) {' UNION '.join(parts)}", params

    @property
    def key(self) -> str:
        return key_of_folded(" ".join(word.text for word in self.words))

    @property
    def may_tell_label(self) -> bool:
        """Whether the order may tell what the label says."""
        readable = self.access.readable()
        return all(spec.name in readable for spec in self.access.rtype.specs().values() if spec.is_label)

    def rank(self) -> tuple[str, list[Any]]:
        """How well a candidate `c` fits, by its label."""
        if self.ids is not None or not self.may_tell_label:
            return str(SIMILAR_ELSEWHERE if self.is_similar else ELSEWHERE), []
        if self.is_similar:
            inside = " AND ".join(["c.label_key LIKE ANY(%s)"] * len(self.words))
            return f"CASE WHEN {inside} THEN {SIMILAR} ELSE {SIMILAR_ELSEWHERE} END", [*map(_inside, self.words)]
        key, joined = _plain(self.key), self.key.replace(" ", "")
        words = " AND ".join(["(' ' || c.label_key) LIKE ANY(%s)"] * len(self.words))
        inside = " AND ".join(["c.label_key LIKE ANY(%s)"] * len(self.words))
        sql = (
            f"CASE WHEN replace(c.label_key, ' ', '') = %s THEN {EXACT}"
            f" WHEN c.label_key LIKE %s THEN {OPENING}"
            f" WHEN replace(c.label_key, ' ', '') LIKE %s THEN {PREFIX}"
            f" WHEN {words} THEN {WORDS} WHEN {inside} THEN {INSIDE} ELSE {ELSEWHERE} END"
        )
        starting = [[f"% {_plain(key_of_folded(text))}%" for text in word.spellings] for word in self.words]
        return sql, [joined, f"{key} %", f"{_plain(joined)}%", *starting, *map(_inside, self.words)]

    # -- what is told of a record, none of it hidden from this actor

    @staticmethod
    def searched_of(access: Access) -> list[FieldSpec]:
        """Where else than in the label words may stand."""
        readable = (access.readable().get(name) for name in access.rtype.searched())
        return [spec for spec in readable if spec and not spec.is_label and _column(access, spec)]

    @staticmethod
    def facts_of(access: Access) -> list[FieldSpec]:
        readable = (access.readable().get(name) for name in access.rtype.columns)
        facts = [s for s in readable if s and not s.is_label and s.kind.name in FACT_KINDS and _column(access, s)]
        return facts[:MOST_FACTS]

    @classmethod
    def told_of(cls, access: Access) -> list[FieldSpec]:
        return list({spec.name: spec for spec in (*cls.facts_of(access), *cls.searched_of(access))}.values())


def sql_of(asked: list[Asked]) -> tuple[str, list[Any]]:
    """Rows of (number of the question, id, rank, label, moment, {field: value}); nothing where nothing is in reach."""
    parts: list[str] = []
    params: list[Any] = []
    for number, one in enumerate(asked):
        try:
            candidates, given = one.candidates()
        except EmptyResultSet:
            continue
        rank, ranks = one.rank()
        table = connection.ops.quote_name(one.access.rtype.model._meta.db_table)
        label = "s.label" if one.may_tell_label else "''"
        parts.append(
            f"(SELECT {number}, s.id, s.rank, {label}, s.updated_at, {_values(one.access)}"  # noqa: S608 - our own names
            f" FROM (SELECT c.*, {rank} AS rank FROM ({candidates}) c"
            f" ORDER BY rank, updated_at DESC, id LIMIT {one.limit}) s JOIN {table} t ON t.id = s.id)"
        )
        params += [*ranks, *given]
    return " UNION ALL ".join(parts), params


def _compiled(rows: QuerySet[Any]) -> tuple[str, list[Any]]:
    sql, params = rows.values_list(*COLUMNS).query.get_compiler(connection=connection).as_sql()
    return f"SELECT * FROM ({sql}) r(id, label, label_key, updated_at)", list(params)  # noqa: S608 - Django's own


def _values(access: Access) -> str:
    pairs = (f"'{spec.name}', {_column(access, spec)}" for spec in Asked.told_of(access))
    return f"jsonb_build_object({', '.join(pairs)})"


def _column(access: Access, spec: FieldSpec) -> str:
    """Where a field's value stands in its table `t`; nothing for a field that is kept otherwise."""
    quote = connection.ops.quote_name
    if spec.rows:
        model, first = spec.extra["model"], spec.rows[0]
        table, parent = quote(model._meta.db_table), quote(model._meta.get_field(spec.extra["parent"]).column)
        value = quote(model._meta.get_field(first.path).column)
        return f"(SELECT jsonb_agg(r.{value} ORDER BY r.position) FROM {table} r WHERE r.{parent} = t.id)"  # noqa: S608
    if spec.kind.name == "about":
        return "CASE WHEN t.about_id IS NOT NULL THEN jsonb_build_array(t.about_type, t.about_id) END"
    if spec.code and CODE.fullmatch(spec.code):
        return f"left(t.{quote(spec.path)} ->> '{spec.code}', {LONGEST})"
    columns = {column.name: column for column in access.rtype.model._meta.fields}
    column = columns.get(spec.path)
    if column is None or spec.kind.has_table:
        return ""
    is_long = isinstance(column, models.TextField)
    name = f"t.{quote(str(column.column))}"
    return f"left({name}, {LONGEST})" if is_long else name


def _inside(word: Word) -> list[str]:
    return [f"%{_plain(key_of_folded(text))}%" for text in word.spellings]


def _plain(text: str) -> str:
    """For LIKE, which reads signs of its own into a text."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
