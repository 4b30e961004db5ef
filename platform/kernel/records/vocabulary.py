"""The words that stand in a tenant's records: what a slip in a search may have meant.

To look for what is nearly a word costs more the more records there are; to look among the words there are does not.
Each write adds those of its words that are new, once it is committed, so that no writer waits for another. A word
stays when its last record goes: it then finds nothing. The words say nothing to anyone; what they find is for Access.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import partial
from string import ascii_lowercase
from threading import Lock
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from kernel.events.models import Event
from kernel.lib.text import ALPHABET
from kernel.records.afterwards import after_change
from kernel.records.models import KnownWord
from kernel.records.statements import quoted, rows_of
from kernel.records.types import registry
from kernel.tenancy.context import get_tenant, in_tenant, on_commit

if TYPE_CHECKING:
    from kernel.access.actor import Access

SHORTEST, LONGEST = 3, 30
MOST_MEANT = 8
CHUNK = 5_000
LEARNT = "learnt"  # under this name a transaction remembers the words that it brings
WHOLE = ""  # stands among the words once those of all records are there
ASK_AGAIN = 10 * 60.0
_LETTERS = re.compile(r"[^\W\d_]+")
# Letters that may stand in the place of another, as they are once folded: Latin, Persian, Cyrillic, Greek, Hebrew.
_SCRIPTS = (
    ascii_lowercase,
    f"{ALPHABET}ء",
    *("".join(map(chr, range(first, last + 1))) for first, last in ((0x430, 0x44F), (0x3B1, 0x3C9), (0x5D0, 0x5EA))),
)
MOST_TENANTS, MOST_HELD = 50, 5_000
_asked: dict[str, float] = {}
_lock = Lock()
_held: OrderedDict[str, set[str]] = OrderedDict()  # what this process knows to be kept, by schema


def words_in(text: str) -> set[str]:
    """The words of a folded text that somebody may misspell: no numbers, nothing very short."""
    return {word for word in _LETTERS.findall(text) if SHORTEST <= len(word) <= LONGEST}


@after_change
def _hear(_access: Access, changed: Sequence[tuple[Any, Event]]) -> None:
    learn(record.search for record, _event in changed)


def learn(texts: Iterable[str]) -> None:
    """Have the words of these folded texts kept after commit, with all others of the transaction: also those of a part
    of it that is taken back later. Costs nothing where they are known to be."""
    words = _new_in(texts)
    if not words:
        return
    learnt: set[str] | None = connection.memo.get(LEARNT)  # type: ignore[attr-defined]
    if learnt is None:
        learnt = connection.memo[LEARNT] = set()  # type: ignore[attr-defined]
        on_commit(lambda: keep(learnt))
    learnt |= words


def keep(words: Iterable[str]) -> None:
    """Add words to those of the current tenant; in order, so that of two who add the same none waits for the other
    in vain."""
    words = sorted(words)
    table = quoted(KnownWord._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (word) SELECT w FROM unnest(%s::text[]) WITH ORDINALITY u(w, n)"  # noqa: S608 - only our own names
            f" WHERE NOT EXISTS (SELECT FROM {table} k WHERE k.word = w) ORDER BY n ON CONFLICT DO NOTHING",
            [words],
        )
    transaction.on_commit(partial(_hold, _own(), words), using="default")


def unlearn(texts: Iterable[str]) -> None:
    """Drop the words of folded texts that are gone for good. Those that other records hold too are gathered anew."""
    words = set().union(*map(words_in, texts))
    if words:
        KnownWord.objects.filter(word__in=[*words, WHOLE]).delete()
        _own().difference_update(words)


def gather() -> None:
    """Keep the words of all records there are: for a tenant that is older than its words, or was written past the
    engine. Opens its own transactions."""
    tenant = get_tenant()
    _own().clear()  # some may have been dropped since by another process
    for rtype in registry.values():
        after, is_last = None, False
        while not is_last:
            with in_tenant(tenant):
                rows: Any = rtype.model.objects.order_by("pk")
                found = list((rows.filter(pk__gt=after) if after else rows).values_list("pk", "search")[:CHUNK])
                keep(_new_in(text for _pk, text in found))
            is_last, after = len(found) < CHUNK, found[-1][0] if found else None
    with in_tenant(tenant):
        keep([WHOLE])


def forget() -> None:
    """What this process knows to be kept may be gone: after a restore, or a test."""
    _held.clear()
    _asked.clear()


def _new_in(texts: Iterable[str]) -> set[str]:
    return set().union(*map(words_in, texts)) - _own()


def _own() -> set[str]:
    name = get_tenant().schema_name
    with _lock:
        own = _held.setdefault(name, set())
        _held.move_to_end(name)
        while len(_held) > MOST_TENANTS:
            _held.popitem(last=False)
    return own


def _hold(own: set[str], words: list[str]) -> None:
    if len(own) + len(words) > MOST_HELD:
        own.clear()
    own.update(words[:MOST_HELD])


def nearest(words: Iterable[str]) -> dict[str, list[str]]:
    """For each of these words those one slip away: a letter more, less or other, or two that changed places."""
    asked = {word: slips(word) for word in words}
    every = [slip for found in asked.values() for slip in found]
    if not every:
        return {}
    table = quoted(KnownWord._meta.db_table)
    rows = rows_of(f"SELECT word FROM {table} WHERE word = ANY(%s)", [[WHOLE, *every]])  # noqa: S608 - only our own names
    known = {word for (word,) in rows}
    if WHOLE not in known:
        _ask_for_the_rest()
    found = {word: [slip for slip in near if slip in known][:MOST_MEANT] for word, near in asked.items()}
    return {word: near for word, near in found.items() if near}


def _ask_for_the_rest() -> None:
    name, now = get_tenant().schema_name, time.monotonic()
    if now - _asked.get(name, float("-inf")) > ASK_AGAIN:
        _asked[name] = now
        from kernel.records.tasks import gather_words  # tasks need this module

        on_commit(lambda: gather_words.delay())


def slips(word: str) -> list[str]:
    """All that is one slip away from a word, the likeliest first."""
    letters = next((script for script in _SCRIPTS if word[0] in script), "")
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    swapped = [f"{head}{tail[1]}{tail[0]}{tail[2:]}" for head, tail in cuts if len(tail) > 1]
    without = [head + tail[1:] for head, tail in cuts if tail]
    others = [head + letter + tail[1:] for head, tail in cuts if tail for letter in letters]
    more = [head + letter + tail for head, tail in cuts for letter in letters]
    return [near for near in dict.fromkeys((*swapped, *without, *others, *more)) if near != word]
