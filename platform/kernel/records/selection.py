"""Which rows somebody means: some by their ids, or all that a list's query finds, without a few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records.find import Found, find
from kernel.records.kinds.relations import read_id

MOST_IDS = 2_000
NOT_QUESTIONS = ("cursor", "before", "limit", "fields", "peek", "columns", "group", "layout", "page")


@dataclass(frozen=True)
class Selection:
    """Kept as it was asked, and asked anew whenever it is used: by then a row may have changed, or be out of reach."""

    query: Mapping[str, Any] | None
    ids: tuple[UUID, ...] = ()
    but: tuple[UUID, ...] = ()

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Selection:
        """From {"query": {…}, "except": […]} or {"ids": […]}. Raises ValidationError."""
        query, ids = raw.get("query"), raw.get("ids")
        if (query is None) == (ids is None):
            raise ValidationError({"ids": ValidationError(_("Send either “query” or “ids”."), code="required")})
        if query is not None and not isinstance(query, dict):
            raise ValidationError({"query": ValidationError(_("Send a list's filters as a JSON object."), code="type")})
        if query is not None:
            query = {str(name): _text(value) for name, value in query.items() if name not in NOT_QUESTIONS}
            if any("\x00" in f"{name}{value}" for name, value in query.items()):
                problem = _("This contains a character that cannot be stored.")
                raise ValidationError({"query": ValidationError(problem, code="invalid")})
        return cls(query, _ids("ids", ids or ()), _ids("except", raw.get("except") or ()))

    def as_json(self) -> dict[str, Any]:
        if self.query is None:
            return {"ids": [str(pk) for pk in self.ids]}
        return {"query": dict(self.query), "except": [str(pk) for pk in self.but]}

    def found(self, access: Access) -> Found:
        """What a list with this selection's query would show, no more than these rows of it."""
        found = find(access, self.query or {})
        rows = found.rows if self.query is not None else found.rows.filter(pk__in=self.ids)
        found.rows = rows.exclude(pk__in=self.but) if self.but else rows
        return found

    def rows(self, access: Access) -> QuerySet[Any]:
        """In the order of their ids, in which a run goes through them."""
        return self.found(access).rows.order_by("pk")

    def count(self, access: Access) -> int:
        return self.found(access).rows.order_by().count()


def _ids(name: str, raw: Any) -> tuple[UUID, ...]:
    if not isinstance(raw, list | tuple) or len(raw) > MOST_IDS:
        problem = _("Send a list of at most %(most)s ids.") % {"most": MOST_IDS}
        raise ValidationError({name: ValidationError(problem, code="type")})
    ids = [read_id(str(item)) for item in raw]
    if None in ids:
        raise ValidationError({name: ValidationError(_("There is no such record."), code="not_found")})
    return tuple(sorted({pk for pk in ids if pk}))


def _text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value  # the nested form of a filter
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ",".join(str(_text(item)) for item in value)
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
