"""What follows from a record's values: its owner and team, and what is kept to list, sort and find it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from uuid import UUID

from django.utils import timezone

from kernel.access.actor import Access, Actor
from kernel.access.models import Member, Team
from kernel.lib.text import fold, sort_key
from kernel.records import duplicates
from kernel.records.statements import quoted, rows_of
from kernel.records.storage import MOST_KEY
from kernel.records.types import RecordType
from kernel.records.validation import EMPTY


def derive(access: Access, record: Any, before: Mapping[str, Any], given: set[str]) -> None:
    """Owner, team and the type's own derivations, after the caller's values are in."""
    actor = access.actor
    if record.is_new:
        record.created_by = actor.member
        if access.rtype.is_owned and not record.owner_id:
            record.owner_id = access.rtype.owner_of(record, access)
        for name, spec in access.rtype.own_specs().items():
            if name not in given and spec.default is not None and spec.value(record) in EMPTY:
                spec.assign(record, spec.default)
    owner = record.owner_id
    if access.rtype.is_owned and owner and "team" not in given and str(owner) != before.get("owner"):
        record.team_id = _team_of(actor, owner)
    access.rtype.prepare(record, actor, given)


def _team_of(actor: Actor, member: UUID) -> UUID | None:
    """The team of a record's owner, if there is but one."""
    teams = actor.memo.setdefault("team_of", {})
    if member not in teams:
        found = rows_of(_teams(), [member])
        teams[member] = found[0][0] if len(found) == 1 else None
    found_team: UUID | None = teams[member]
    return found_team


@cache
def _teams() -> str:
    team, of = quoted(Team._meta.db_table), quoted(Member.teams.through._meta.db_table)
    alive = f"{of} o JOIN {team} t ON t.id = o.team_id AND t.deleted_at IS NULL"
    return f"SELECT t.id FROM {alive} WHERE o.member_id = %s LIMIT 2"  # noqa: S608 - only our own names


def stamp(rtype: RecordType, record: Any) -> None:
    """Bring what is derived for listing, sorting and searching in line with the record."""
    now = timezone.now()
    record.updated_at = now
    record.version = 1 if record.is_new else record.version + 1
    record.label = rtype.label_of(record)[:300]
    record.label_key = sort_key(record.label)[:MOST_KEY]  # one character may fold to many: “ﷺ” to eighteen
    derive_texts(rtype, record)
    duplicates.stamp_keys(rtype, record)


def derive_texts(rtype: RecordType, record: Any) -> None:
    """The keys of its texts, and what search looks through."""
    searched = rtype.searched()
    texts = {
        name: spec.kind.search_text(spec, spec.value(record))
        for name, spec in rtype.specs().items()
        if spec.kind.is_searched and not spec.is_label and (name in searched or not spec.kind.has_table)
    }
    texts = {name: text for name, text in texts.items() if text}
    # A key of a tenant's own field may be in an index, which takes no long ones; a long text has no place in any.
    own = {name for name, spec in rtype.own_specs().items() if spec.kind.is_sortable}
    record.text_keys = {n: sort_key(text)[: MOST_KEY if n in own else None] for n, text in texts.items()}
    words = [record.label, *(text for name, text in texts.items() if name in searched)]
    record.search = fold(" ".join(words))
