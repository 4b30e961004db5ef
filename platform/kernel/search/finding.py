"""Search over all types at once: what is found, in which order, and where the words stand.

One statement asks every type. Where it finds too little, a second allows for slips in the words.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from kernel.access.actor import Access, Actor
from kernel.lib.text import fold
from kernel.records.mentioning import shown
from kernel.records.sensitive import note_read
from kernel.records.show import Labels
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry
from kernel.records.words import Word, meant, words_of
from kernel.search.marks import clip, ranges_of
from kernel.search.statement import ELSEWHERE, OPENING, SIMILAR, Asked, sql_of
from kernel.tenancy.context import statement_timeout_ms

FEW = 5
PATIENCE_MS = 200  # for the second look: better no similar words than an answer that keeps people waiting
ALSO = frozenset({"members"})  # settings that are looked for by name like any record


@dataclass
class Hit:
    """One record found. `facts` tell it from others of its name; `spec` and `text` say where the words stand if not
    in the label."""

    access: Access
    pk: UUID
    label: str
    rank: int
    at: datetime
    facts: list[str] = field(default_factory=list)
    spec: FieldSpec | None = None
    text: str = ""

    @property
    def rtype(self) -> RecordType:
        return self.access.rtype

    @property
    def is_similar(self) -> bool:
        return self.rank >= SIMILAR


@dataclass
class Group:
    """What was found of one type. `has_more`: there are others, which a list with the same words shows."""

    rtype: RecordType
    hits: list[Hit]
    has_more: bool


@dataclass
class Results:
    """Best first. `groups` has the same hits by type, the type of the best first."""

    words: list[Word]
    hits: list[Hit]
    full: set[str]

    @cached_property
    def groups(self) -> list[Group]:
        by_type: dict[str, list[Hit]] = defaultdict(list)
        for hit in self.hits:
            by_type[hit.rtype.slug].append(hit)
        return [Group(registry[slug], hits, slug in self.full) for slug, hits in by_type.items()]

    @property
    def is_similar(self) -> bool:
        """Nothing was found as it was typed."""
        return bool(self.hits) and all(hit.is_similar for hit in self.hits)


def searched_types(actor: Actor) -> list[RecordType]:
    """The types that this actor may look through."""
    return [
        rtype
        for rtype in registry.values()
        if (not rtype.is_setting or rtype.slug in ALSO) and actor.access(rtype).may("view")
    ]


def search(actor: Actor, text: str, *, types: Collection[str] | None = None, each: int = 5) -> Results:
    """At most `each` records of every type. A constant number of statements, however many types and rows there are."""
    words = words_of(text)
    accesses = [actor.access(rtype) for rtype in searched_types(actor) if types is None or rtype.slug in types]
    if not words or not accesses:
        return Results(words, [], set())
    rows = _ask([Asked(access, words, each + 1) for access in accesses])
    is_named = any(row[2] <= OPENING for row in rows)  # what was typed is somebody's name: no slip
    if len(rows) < FEW and not is_named and (near := meant(words)):
        seen = {row[1] for row in rows}
        similar = _ask_patiently([Asked(access, near, each, is_similar=True) for access in accesses])
        rows += [row for row in similar if row[1] not in seen]
    rows.sort(key=lambda row: (row[2], -row[4].timestamp(), row[1].int))
    counts: dict[int, int] = defaultdict(int)
    kept = []
    for row in rows:
        counts[row[0]] += 1
        if counts[row[0]] <= each:
            kept.append(row)
    full = {accesses[number].rtype.slug for number, count in counts.items() if count > each}
    return Results(words, _hits(actor, accesses, kept, words), full)


def reachable(actor: Actor, wanted: Iterable[tuple[str, UUID]]) -> list[Hit]:
    """These records, in this order, without those that are gone or out of reach: what was opened last."""
    pairs = [(slug, pk) for slug, pk in wanted if slug in registry]
    slugs = list(dict.fromkeys(slug for slug, _pk in pairs))
    accesses = [access for slug in slugs if (access := actor.access(registry[slug])).may("view")]
    ids = {slug: [pk for other, pk in pairs if other == slug] for slug in slugs}
    asked = [Asked(access, [], len(ids[access.rtype.slug]), ids=ids[access.rtype.slug]) for access in accesses]
    hits = {hit.pk: hit for hit in _hits(actor, accesses, _ask(asked), [])}
    return [hits[pk] for _slug, pk in pairs if pk in hits]


Row = tuple[int, UUID, int, str, datetime, dict[str, Any]]


def _ask(asked: list[Asked]) -> list[Row]:
    statement, params = sql_of(asked)
    if not statement:
        return []
    with connection.cursor() as cursor:
        # Compiling a statement of so many parts takes longer than all that it does.
        cursor.execute("SELECT set_config('jit', 'off', true)")
        cursor.execute(statement, params)
        # Django's connection leaves JSON to its fields.
        return [(*row[:5], json.loads(row[5])) for row in cursor.fetchall()]


def _ask_patiently(asked: list[Asked]) -> list[Row]:
    """As `_ask`, for a statement that may be given up."""
    try:
        with transaction.atomic():
            _allow(PATIENCE_MS)
            rows = _ask(asked)
            _allow(statement_timeout_ms())
            return rows
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            return []
        raise


def _allow(milliseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])


def _hits(actor: Actor, accesses: list[Access], rows: list[Row], words: list[Word]) -> list[Hit]:
    labels = Labels(actor)
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for number, _pk, _rank, _label, _at, values in rows:
        for spec in Asked.facts_of(accesses[number]):
            for slug, pk in _references(spec, values.get(spec.name)):
                wanted[slug].add(pk)
    labels.load(wanted)
    hits = []
    for number, pk, rank, label, at, values in rows:
        access = accesses[number]
        hit = Hit(access, pk, label, rank, at)
        shown = {spec.name: _text(actor, labels, spec, values.get(spec.name)) for spec in Asked.told_of(access)}
        hit.facts = [text for spec in Asked.facts_of(access) if (text := shown[spec.name])]
        if ELSEWHERE <= rank < SIMILAR:
            _say_where(hit, access, shown, words)
        hits.append(hit)
    return hits


def _say_where(hit: Hit, access: Access, shown: dict[str, str], words: list[Word]) -> None:
    """The field that holds most of the words that the label does not, clipped to where they stand."""
    label = fold(hit.label)
    missing = [word for word in words if not any(spelling in label for spelling in word.spellings)]
    best = 0
    for spec in Asked.searched_of(access):
        found = sum(bool(ranges_of(shown[spec.name], [word])) for word in missing)
        if found > best:
            best, hit.spec, hit.text = found, spec, clip(shown[spec.name], missing)
    if hit.spec is not None and hit.spec.sensitive:
        note_read(access, [hit.spec.name], [hit.pk])
    if hit.text in hit.facts:
        hit.facts.remove(hit.text)


def _references(spec: FieldSpec, value: Any) -> list[tuple[str, UUID]]:
    if not value or not spec.kind.is_reference:
        return []
    return [(value[0], UUID(value[1]))] if spec.kind.name == "about" else [(spec.related, UUID(value))]


def _text(actor: Actor, labels: Labels, spec: FieldSpec, value: Any) -> str:
    if value in (None, "", []):
        return ""
    if spec.kind.is_reference:
        return next((labels.get(slug, pk) or "" for slug, pk in _references(spec, value)), "")
    if spec.rows:
        first = spec.rows[0]
        return ", ".join(_row_text(actor, first, item) for item in value)
    return spec.kind.show(spec, shown(actor, value), actor.format)


def _row_text(actor: Actor, spec: FieldSpec, value: str) -> str:
    """A number among telephone numbers and addresses, as people write it."""
    if value.startswith("+") and value[1:].isdigit():
        return actor.format.phone(value)
    return spec.kind.show(spec, value, actor.format)
