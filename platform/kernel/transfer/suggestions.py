"""Which of our labels a label of theirs may mean: the most similar ones, for a person to choose from."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Q, QuerySet

from kernel.access.actor import Access
from kernel.lib.text import fold, sort_key
from kernel.transfer.targets import Target

MOST = 5
FEW = 25
LISTED = 60
LEAST_SIMILAR = 0.25


Suggestion = dict[str, Any]


def suggest(access: Access, target: Target, text: str, candidates: tuple[UUID, ...] = ()) -> list[Suggestion]:
    """[{"id", "label", "likely"}], the likeliest first. Where there are only a few (stages, choices), all of them."""
    if target.spec.choices:
        return _ranked(text, [(str(code), str(label)) for code, label in target.spec.choices])
    records = access.related(target.spec)
    if candidates:
        return _ranked(text, _pairs(records.filter(pk__in=candidates)[:FEW]))
    similar = records.annotate(similarity=TrigramSimilarity("label_key", sort_key(text)))
    similar = similar.order_by("-similarity", "label_key")
    if target.spec.related_type.is_setting and records[: FEW + 1].count() <= FEW:
        return _ranked(text, _pairs(similar[:FEW]), _meant(target, text, records))
    return _ranked(text, _pairs(similar.filter(similarity__gte=LEAST_SIMILAR)[:MOST]))


def _pairs(records: QuerySet[Any]) -> list[tuple[str, str]]:
    return [(str(pk), label) for pk, label in records.values_list("pk", "label")]


def _meant(target: Target, text: str, records: QuerySet[Any]) -> set[str]:
    """The records of the kind that the label names: "Won" is a stage of the kind won, whatever it is called."""
    word, meant = fold(text), Q(pk__in=[])
    for spec in target.spec.related_type.specs().values():
        if word in {code for code, _label in spec.choices}:
            meant |= Q(**{spec.path: word})
    return {str(pk) for pk in records.filter(meant).values_list("pk", flat=True)}


def _ranked(text: str, found: list[tuple[str, str]], meant: Collection[str] = ()) -> list[Suggestion]:
    """What differs in blanks alone comes first: "GTXPro" is likelier "GTX Pro" than "GTX Plus Pro"."""
    scored = [(1.0 if pk in meant else likeness(text, label), pk, label) for pk, label in found]
    scored.sort(key=lambda item: -item[0])
    return [{"id": pk, "label": label, "likely": score >= LEAST_SIMILAR} for score, pk, label in scored]


def likeness(one: str, other: str) -> float:
    """From 0 to 1: how many trigrams two labels share; 1 where only blanks differ."""
    one, other = fold(one), fold(other)
    if one.replace(" ", "") == other.replace(" ", ""):
        return 1.0
    first, second = _trigrams(one), _trigrams(other)
    return len(first & second) / (len(first | second) or 1)


def _trigrams(text: str) -> set[str]:
    """As PostgreSQL cuts them: two blanks before each word, one after."""
    return {padded[at : at + 3] for word in text.split() for padded in [f"  {word} "] for at in range(len(padded) - 2)}


def every(access: Access, target: Target) -> list[tuple[str, str]]:
    """(id, label) of all that could be meant, where they fit into one list; else nothing."""
    if target.spec.choices:
        return [(str(code), str(label)) for code, label in target.spec.choices]
    rtype = target.spec.related_type
    places = ["position"] if rtype.sort == "position" else []
    records = access.related(target.spec).order_by(*places, "label_key")
    return _pairs(records) if records[: LISTED + 1].count() <= LISTED else []
