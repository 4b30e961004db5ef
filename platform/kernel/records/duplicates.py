"""Records that may be the same: what they are compared by, which there are, and what becomes of a new one.

A type says what its records are compared by (`duplicate_keys`). Each write keeps the keys in the row, in an array that
has an index, so that looking for others is one look into it. What the finding means is the tenant's rule for the door
it came through: let it pass, ask first, or refuse. Where it does not let them pass, writers of one key wait for each
other, so that of two alike that come at once the second is asked or refused.

A key is only compared for whoever may read all fields it is made of, so that nothing is told of a hidden one; a record
out of reach is at most said to exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from kernel.records.holds import SPACE
from kernel.records.models import DuplicateRule
from kernel.records.statements import array, quoted
from kernel.tenancy.context import get_tenant

if TYPE_CHECKING:
    from uuid import UUID

    from kernel.access.actor import Access
    from kernel.records.types import RecordType

MOST, LONGEST = 6, 200
MOST_LOOKED_AT = 1_000
ALLOW, WARN, BLOCK = DuplicateRule.Action.ALLOW, DuplicateRule.Action.WARN, DuplicateRule.Action.BLOCK
DOORS = {"page": "form", "api": "api", "import": "imports"}
MEMO = "duplicate-rules"


@dataclass(frozen=True)
class Key:
    """One way in which two records are alike: `label` says it (“same phone number”), `fields` are what it is made of,
    `values` what is compared. A weak one is worth a hint, but no question and no refusal."""

    code: str
    label: Any
    fields: tuple[str, ...]
    values: Callable[[Any], Iterable[str]]
    is_weak: bool = False


@dataclass
class Candidate:
    """A record in reach that may be the same, and why."""

    record: Any
    why: list[str]
    is_strong: bool


@dataclass
class Candidates:
    """Those in reach, and whether there are some that may only be said to exist."""

    shown: list[Candidate] = field(default_factory=list)
    has_unseen: bool = False

    def __bool__(self) -> bool:
        return bool(self.shown) or self.has_unseen


class Duplicates(ValidationError):
    """A record like this one exists. `may_insist`: it is a question, and may be answered with yes."""

    def __init__(self, found: Candidates, *, may_insist: bool) -> None:
        super().__init__(_sentence(found), code="duplicate")
        self.found, self.may_insist = found, may_insist


def _sentence(found: Candidates) -> str:
    if not found.shown:
        return _("A matching record exists that you cannot see. Ask its owner.")
    first = found.shown[0]
    return _("There is one like this already: “%(label)s” (%(why)s).") % {
        "label": first.record.label,
        "why": _(", ").join(first.why),
    }


# -- keys


def keys_of(rtype: RecordType, record: Any) -> list[str]:
    """All keys of a record, each with the code of what it is compared by."""
    return sorted(
        {f"{key.code}:{value}"[:LONGEST] for key in rtype.duplicate_keys for value in key.values(record) if value}
    )


def stamp_keys(rtype: RecordType, record: Any) -> None:
    """Bring the keys in line with the record, and remember which are new to it."""
    if rtype.duplicate_keys:
        held = set() if record.is_new else set(record.duplicate_keys)
        record.duplicate_keys = keys_of(rtype, record)
        record.__dict__["_fresh_keys"] = [key for key in record.duplicate_keys if key not in held]


def known_keys(access: Access) -> dict[str, Key]:
    """What this actor may compare by."""
    readable = access.readable()
    return {key.code: key for key in access.rtype.duplicate_keys if all(name in readable for name in key.fields)}


def usable(access: Access, keys: Iterable[str], *, weak: bool = True) -> list[str]:
    known = known_keys(access)
    return [k for k in keys if (key := known.get(k.partition(":")[0])) and (weak or not key.is_weak)]


# -- rules


def rule_of(access: Access) -> DuplicateRule:
    """The tenant's rule for a type, or the one that holds until it has made one."""
    rules: dict[str, DuplicateRule] | None = access.actor.memo.get(MEMO)
    if rules is None:
        rules = access.actor.memo[MEMO] = {rule.record_type: rule for rule in DuplicateRule.objects.all()}
    return rules.get(access.rtype.slug) or DuplicateRule(record_type=access.rtype.slug)


def action_of(access: Access) -> str:
    door = DOORS.get(access.actor.via)
    return str(getattr(rule_of(access), door)) if door else ALLOW


# -- looking


def candidates(access: Access, keys: Sequence[str], but: Iterable[UUID] = (), *, weak: bool = True) -> Candidates:
    """The records that share one of these keys, the likeliest first."""
    known, strong = known_keys(access), usable(access, keys, weak=False)
    mine = [*strong, *(key for key in usable(access, keys, weak=weak) if key not in strong)]
    found = Candidates()
    if not mine:
        return found
    alike = _holders(access.rtype, mine, but, most=MOST_LOOKED_AT)
    for record in _nearest(access, list(alike)):
        codes = {key.partition(":")[0] for key in alike[record.pk]}
        shared = [key for code, key in known.items() if code in codes]
        is_strong = any(not key.is_weak for key in shared)
        found.shown.append(Candidate(record, [str(key.label) for key in shared], is_strong))
    found.shown = sorted(found.shown, key=lambda item: (not item.is_strong, -len(item.why)))[:MOST]
    if not found.shown and rule_of(access).tells_unseen:
        found.has_unseen = any(not keys.isdisjoint(strong) for keys in alike.values())
    return found


def _holders(
    rtype: RecordType, keys: Sequence[str], but: Iterable[UUID], most: int | None = None
) -> dict[UUID, set[str]]:
    """The ids of those others that hold any of these keys, each with which, in the order of the keys.

    Each key is looked up by itself, and all of them before a limit cuts them off: of keys that nearly no two records
    share the planner believes that one record in two hundred has each, and would read the table from its beginning.
    """
    table = quoted(rtype.model._meta.db_table)
    statement = f"""
        WITH alike AS MATERIALIZED (
            SELECT t.id, k.key FROM unnest(%s::text[]) k(key) CROSS JOIN LATERAL (
                SELECT id FROM {table}
                WHERE deleted_at IS NULL AND duplicate_keys @> ARRAY[k.key] AND id <> ALL(%s::uuid[])
            ) t
        ) SELECT id, key FROM alike LIMIT %s"""  # noqa: S608 - only our own names
    held: dict[UUID, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(keys), array(but), most])
        for pk, key in cursor.fetchall():
            held.setdefault(pk, set()).add(key)
    return held


def _nearest(access: Access, ids: Sequence[UUID]) -> list[Any]:
    """The first of these that are in reach."""
    if len(ids) > MOST * 4:
        seen = set(access.records().filter(pk__in=ids).values_list("pk", flat=True))
        ids = [pk for pk in ids if pk in seen][: MOST * 4]
    return list(access.records().filter(pk__in=ids).order_by("pk")) if ids else []


def like_others(access: Access, records: Sequence[Any]) -> list[Any]:
    """Those of these stamped records that are like one in reach beside them."""
    mine = {record.pk: set(usable(access, record.duplicate_keys, weak=False)) for record in records}
    every = sorted({key for keys in mine.values() for key in keys})
    alike = _holders(access.rtype, every, mine) if every else {}
    seen = access.records().filter(pk__in=list(alike)).values_list("pk", flat=True) if alike else ()
    taken = {key for pk in seen for key in alike[pk]}
    return [record for record in records if not taken.isdisjoint(mine[record.pk])]


# -- what becomes of a new one

_asking: ContextVar[bool] = ContextVar("asking", default=False)


@contextmanager
def asking(flag: bool = True) -> Iterator[None]:
    """Whoever creates records inside is there to be asked: a rule that warns raises `Duplicates`."""
    token = _asking.set(flag)
    try:
        yield
    finally:
        _asking.reset(token)


def check(access: Access, record: Any, *, is_new: bool) -> None:
    """Before a stamped record is saved. Raises Duplicates where the rule of this door says so."""
    fresh = record.__dict__.get("_fresh_keys")
    if not fresh or record.deleted_at is not None:
        return
    action = action_of(access)
    if action != BLOCK and (action != WARN or not is_new or not _asking.get()):
        return
    if strong := usable(access, fresh, weak=False):
        _wait(access, strong)
    found = candidates(access, fresh, [record.pk], weak=False)
    if found:
        raise Duplicates(found, may_insist=action == WARN)


def check_many(access: Access, records: Sequence[Any]) -> dict[UUID, ValidationError]:
    """What of these stamped records the rule refuses; of two alike among them the second. By record id."""
    fresh = {r.pk: usable(access, r.__dict__.get("_fresh_keys") or (), weak=False) for r in records if not r.deleted_at}
    fresh = {pk: keys for pk, keys in fresh.items() if keys}
    if not fresh or action_of(access) != BLOCK:
        return {}
    _wait(access, None)
    every = sorted({key for keys in fresh.values() for key in keys})
    taken = {key for keys in _holders(access.rtype, every, fresh).values() for key in keys}
    problems: dict[UUID, ValidationError] = {}
    seen: set[str] = set()
    for pk, keys in fresh.items():
        if not seen.isdisjoint(keys):
            problems[pk] = ValidationError(_("Another of these is like it."), code="duplicate")
        elif not taken.isdisjoint(keys) and (found := candidates(access, keys, list(fresh), weak=False)):
            problems[pk] = Duplicates(found, may_insist=False)
        else:
            seen.update(keys)
    return problems


def _wait(access: Access, keys: Iterable[str] | None) -> None:
    """Wait for whoever writes one of these keys, in one order everywhere. A batch (None) holds the whole type: a lock
    for each of its keys would be more than the server has room for."""
    name = f"{get_tenant().pk}:same:{access.rtype.slug}"
    with connection.cursor() as cursor:
        if keys is None:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [SPACE, name])
            return
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))", [SPACE, name])
        cursor.execute(
            "SELECT pg_advisory_xact_lock(h) FROM"
            " (SELECT DISTINCT hashtextextended(name, 0) h FROM unnest(%s::text[]) name ORDER BY 1) sorted",
            [[f"{name}:{key}" for key in keys]],
        )
        cursor.fetchall()
