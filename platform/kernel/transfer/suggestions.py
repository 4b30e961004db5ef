"""Which of our labels a label of theirs may mean: the most similar ones, for a person to choose from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import QuerySet

from kernel.access.actor import Access
from kernel.lib.text import fold, sort_key
from kernel.transfer.targets import Target

MOST = 5
FEW = 25
LISTED = 60
LEAST_SIMILAR = 0.25


def suggest(access: Access, target: Target, text: str, candidates: tuple[UUID, ...] = ()) -> list[dict[str, str]]:
    """[{"id", "label"}], the likeliest first. Where there are only a few (stages, choices), all of them."""
    if target.spec.choices:
        return _ranked(text, [{"id": code, "label": str(label)} for code, label in target.spec.choices])
    records = access.related(target.spec)
    if candidates:
        return _as_json(records.filter(pk__in=candidates)[:FEW])
    key = sort_key(text)
    similar = records.annotate(similarity=TrigramSimilarity("label_key", key)).order_by("-similarity", "label_key")
    if target.spec.related_type.is_setting and records[: FEW + 1].count() <= FEW:
        return _ranked(text, _as_json(similar[:FEW]))
    return _ranked(text, _as_json(similar.filter(similarity__gte=LEAST_SIMILAR)[:MOST]))


def _as_json(records: QuerySet[Any]) -> list[dict[str, str]]:
    return [{"id": str(pk), "label": label} for pk, label in records.values_list("pk", "label")]


def _ranked(text: str, found: list[dict[str, str]]) -> list[dict[str, str]]:
    """What differs in blanks alone comes first: "GTXPro" is likelier "GTX Pro" than "GTX Plus Pro"."""
    joined = fold(text).replace(" ", "")
    return sorted(found, key=lambda item: fold(item["label"]).replace(" ", "") != joined)


def every(access: Access, target: Target) -> list[dict[str, str]]:
    """All that could be meant, where they fit into one list; else nothing."""
    if target.spec.choices:
        return [{"id": code, "label": str(label)} for code, label in target.spec.choices]
    records = access.related(target.spec).order_by("label_key")
    return _as_json(records) if records[: LISTED + 1].count() <= LISTED else []
