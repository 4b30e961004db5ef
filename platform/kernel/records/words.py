"""What somebody typed to find a record, as conditions on its folded text.

`search` holds all searched fields of a record together and has the index. Where some of them are hidden from the
actor, each word must also stand in a field that is not: else a match would tell what the hidden one says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from django.db.models import Q

from kernel.access.actor import Access
from kernel.lib.text import fold, key_of_folded
from kernel.records.vocabulary import nearest

MOST_WORDS, LONGEST = 8, 200
_NUMBER = re.compile(r"[0-9+\-().\\/ ]+")
_WHOLE_NUMBER = 7
_PERSIAN = re.compile(r"[\u0600-\u06ff]+")


@dataclass(frozen=True)
class Word:
    """One folded word, and the other ways in which the same may be written."""

    text: str

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """A number also without what stands before or between its digits (0912…, 00 98…, (021) 88-11), and a Persian
        word also in two: «علیرضا» is «علی رضا»."""
        others: list[str] = []
        if _NUMBER.fullmatch(self.text):
            digits = re.sub(r"\D", "", self.text)
            others = [digits.lstrip("0") or digits] if digits else []
        elif _PERSIAN.fullmatch(self.text) and 5 <= len(self.text) <= 14:
            others = [f"{self.text[:at]} {self.text[at:]}" for at in range(2, len(self.text) - 1)]
        return tuple(dict.fromkeys([self.text, *others]))

    @property
    def is_fuzzy(self) -> bool:
        """Short words are too near to others, and a number that is not quite the same is another number."""
        return len(self.text) >= 4 and self.text.isalpha()


@dataclass(frozen=True)
class Meant(Word):
    """A word and those that it may be a slip of."""

    others: tuple[str, ...] = ()

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        return (*super().spellings, *self.others)


def meant(words: Iterable[Word]) -> list[Word]:
    """The words with what each may have been meant to be; nothing where none of them comes near another."""
    words = list(words)
    near = nearest(word.text for word in words if word.is_fuzzy)
    return [Meant(word.text, tuple(near.get(word.text, ()))) for word in words] if near else []


def words_of(text: str) -> list[Word]:
    """The words of a question. A telephone number typed in groups is one word."""
    words = fold(text.replace("\x00", "")[:LONGEST]).split()[:MOST_WORDS]
    found: list[Word] = []
    for is_number, group in groupby(words, key=lambda word: bool(_NUMBER.fullmatch(word))):
        together = list(group)
        if is_number and sum(char.isdigit() for word in together for char in word) >= _WHOLE_NUMBER:
            together = [" ".join(together)]
        found += map(Word, together)
    return found


def contains(access: Access, words: Iterable[Word]) -> Q:
    """The records in which each of these words stands, where this actor may read it."""
    return _all(words, lambda word: _anywhere(access, {"contains": word.spellings}))


def begins(access: Access, words: Iterable[Word]) -> Q:
    """As `contains`, but one or two letters must begin a word: inside words no index knows them."""

    def each(word: Word) -> Q:
        if len(word.text) >= 3:
            return _anywhere(access, {"contains": word.spellings})
        return _anywhere(access, {"startswith": (word.text,), "contains": (f" {word.text}",)})

    return _all(words, each)


def _all(words: Iterable[Word], each: Callable[[Word], Q]) -> Q:
    match = Q()
    for word in words:
        match &= each(word)
    return match


def _anywhere(access: Access, asked: dict[str, tuple[str, ...]]) -> Q:
    match = _any("search", asked)
    readable, searched = access.readable(), access.rtype.searched()
    if all(name in readable for name in searched):
        return match
    seen = Q(pk__in=[])
    for name in searched:
        spec = readable.get(name)
        if spec is not None:
            # On a JSON key "contains" means containment; "icontains" is the one that looks inside the text.
            path = "label_key" if spec.is_label else f"text_keys__{name}"
            seen |= _any(path, asked, inside="contains" if spec.is_label else "icontains", read=key_of_folded)
    return match & seen


def _any(path: str, asked: dict[str, tuple[str, ...]], inside: str = "contains", read: Callable[[str], str] = str) -> Q:
    match = Q()
    for lookup, texts in asked.items():
        for text in texts:
            match |= Q(**{f"{path}__{inside if lookup == 'contains' else lookup}": read(text)})
    return match
