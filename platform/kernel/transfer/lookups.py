"""What a label of a file came to, and the labels of one column."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.lib.errors import ParseError
from kernel.transfer.mapping import Entry
from kernel.transfer.suggestions import suggest
from kernel.transfer.targets import Target

MOST_LABELS = 100_000
MOST_HOLDERS = 20


@dataclass(frozen=True)
class Later:
    """A record that the file itself brings: it is linked once all rows are in."""

    label: str


@dataclass(frozen=True)
class Refused:
    """A label that could not be used; its rows are refused for this reason."""

    sentence: str


@dataclass
class Unresolved:
    """A label that needs an answer. `candidates` are the records that share it, where it is ambiguous."""

    entry: Entry
    target: Target
    text: str
    rows: int
    candidates: tuple[UUID, ...] = ()

    def as_json(self, access: Access) -> dict[str, Any]:
        return {
            "column": self.entry.column,
            "field": self.entry.field,
            "value": self.text,
            "rows": self.rows,
            "reason": "ambiguous" if self.candidates else "not_found",
            "can_create": not self.candidates and may_create(access, self.target),
            "within": [{"id": str(pk), "label": label} for pk, label in holders(access, self.target)],
            "suggestions": suggest(access, self.target, self.text, self.candidates),
        }


@dataclass
class Lookup:
    """The distinct labels of one column for one field, and what each stands for."""

    entry: Entry
    target: Target
    counts: Counter[str] = field(default_factory=Counter)
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def has_later(self) -> bool:
        return any(isinstance(value, Later) for value in self.found.values())

    def parts(self, cell: str) -> list[str]:
        if not self.target.is_list:
            return [cell] if cell else []
        return [part for piece in cell.replace("،", ",").replace(";", ",").split(",") if (part := piece.strip())]

    def add(self, cell: str) -> None:
        self.counts.update(self.parts(cell))
        if len(self.counts) > MOST_LABELS:
            raise ParseError(
                _("The column “%(column)s” has more than %(limit)s different values. Does it belong to “%(field)s”?"),
                "too_many_labels",
                column=self.entry.column,
                limit=MOST_LABELS,
                field=self.target.label,
            )

    def value(self, cell: str) -> Any:
        """What a cell stands for: None, a value, Later or Refused."""
        if not self.target.is_list:
            return self.found.get(cell)
        values = [self.found.get(part) for part in self.parts(cell)]
        odd = next((value for value in values if isinstance(value, Later | Refused)), None)
        return odd or [value for value in values if value is not None]


def may_create(access: Access, target: Target) -> bool:
    """Whether this actor may make a record of which only the label is known."""
    if not target.kind.is_reference:
        return False
    related = target.spec.related_type
    own = access.actor.access(related)
    given = related.values_of_label("x y")
    if related.holder and holders(access, target):
        given[related.holder.name] = None
    needed = {name for name, spec in related.specs().items() if spec.required and not spec.read_only}
    return related.can_import and own.may("create") and needed <= set(given) <= set(own.editable())


def holders(access: Access, target: Target) -> list[tuple[UUID, str]]:
    """(id, label) of what a new record of the target's type may belong to, in their own order: a stage's pipelines."""
    if not target.kind.is_reference:  # choices have no records to belong to
        return []
    related = target.spec.related_type
    if related.holder is None:
        return []
    memo, key = access.actor.memo, f"holders:{related.slug}"
    if key not in memo:
        records = access.actor.access(related).related(related.holder)
        ordered = records.order_by(related.holder.related_type.sort, "pk")
        memo[key] = list(ordered.values_list("pk", "label")[:MOST_HOLDERS])
    found: list[tuple[UUID, str]] = memo[key]
    return found
