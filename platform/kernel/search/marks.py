"""Where words stand in a text as people wrote it: for highlights."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.lib.text import ZWNJ, fold
from kernel.records.words import Word

AROUND = 40
CODED = 9  # digits, from which on a number may begin with its country's code


def ranges_of(text: str, words: Iterable[Word]) -> list[tuple[int, int]]:
    """Where the words stand, in order and apart. A number is found whatever stands between its digits."""
    letters, places = _folded(text)
    digits = [(char, place) for char, place in zip(letters, places, strict=True) if char.isdigit()]
    found: list[tuple[int, int]] = []
    for word in words:
        for spelling in word.spellings:
            ranges = _occurrences("".join(letters), places, spelling)
            if not ranges and spelling.isdigit() and len(spelling) > 2:
                ranges = _number(digits, spelling)
            found += ranges
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def pieces(text: str, words: Iterable[Word]) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is one of the words."""
    cut: list[tuple[str, bool]] = []
    at = 0
    for start, end in ranges_of(text, words):
        cut += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [piece for piece in (*cut, (text[at:], False)) if piece[0]]


def clip(text: str, words: Iterable[Word]) -> str:
    """A long text cut down to where the first of the words stands."""
    text = " ".join(text.split())
    if len(text) <= 2 * AROUND:
        return text
    ranges = ranges_of(text, words)
    start = max(0, ranges[0][0] - AROUND) if ranges else 0
    end = min(len(text), (ranges[0][1] if ranges else 0) + AROUND)
    return ("…" if start else "") + text[start:end].strip() + ("…" if end < len(text) else "")


def _folded(text: str) -> tuple[list[str], list[int]]:
    """The folded text letter by letter, each with its place in the text."""
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        for letter in " " if char.isspace() or char == ZWNJ else fold(char):
            letters.append(letter)
            places.append(place)
    return letters, places


def _number(digits: list[tuple[str, int]], wanted: str) -> list[tuple[int, int]]:
    """A whole telephone number may be typed with a country's code that is not shown."""
    text, places = "".join(char for char, _ in digits), [place for _, place in digits]
    for code in range(4 if len(wanted) > CODED else 1):
        if ranges := _occurrences(text, places, wanted[code:]):
            return ranges
    return []


def _occurrences(text: str, places: list[int], wanted: str) -> list[tuple[int, int]]:
    found = []
    at = text.find(wanted)
    while at >= 0:
        found.append((places[at], places[at + len(wanted) - 1] + 1))
        at = text.find(wanted, at + len(wanted))
    return found
