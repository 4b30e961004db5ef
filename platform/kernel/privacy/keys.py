"""What a person is found by in texts: addresses, numbers, and the name where it is one of two words or more.

The same expression is asked of PostgreSQL and of Python. Digits may be of any alphabet and be spaced, letters that are
written in two ways may be either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import phonenumbers

from kernel.events.models import Event
from kernel.lib.text import ascii_digits, visible
from kernel.privacy.people import Ids
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry

SHORTEST = 5
MESSAGE, LONGEST = 30, 5_000
GAP = r"[-\s().\u200c]*"
_SAME = [("ی", "ي", "ى"), ("ک", "ك"), ("ه", "ة"), ("ا", "أ", "إ", "آ")]
_LETTERS = {letter: "[" + "".join(group) + "]" for group in _SAME for letter in group}
_DIGITS = {str(n): f"[{n}{chr(0x6F0 + n)}{chr(0x660 + n)}]" for n in range(10)}
_ANY_DIGIT = "0-9۰-۹٠-٩"
MOST = 200


def patterns_of(ids: Ids) -> list[str]:
    """Read off the records, and off what their events say they were before."""
    found: dict[str, None] = {}
    for slug, pks in ids.items():
        rtype = registry[slug]
        names = telling(rtype)
        for record in rtype.model._default_manager.filter(pk__in=pks):
            for name in names:
                spec = rtype.specs()[name]
                for text in _texts(spec, spec.value(record)):
                    found.update(dict.fromkeys(_patterns(spec, text)))
            found.update(dict.fromkeys(_name(record.label)))
        found.update(dict.fromkeys(_of_events(rtype, pks, names)))
    return list(found)[:MOST]


def _of_events(rtype: RecordType, pks: list[Any], names: set[str]) -> Iterable[str]:
    rows = Event.objects.filter(record_id__in=pks, changes__has_any_keys=[*names, rtype.label_field])
    for changes in rows.order_by("-pk").values_list("changes", flat=True)[:1000]:
        for name in names & changes.keys():
            spec = rtype.specs()[name]
            for value in changes[name] if isinstance(changes[name], list) else ():
                for text in _texts(spec, value):
                    yield from _patterns(spec, text)
        if isinstance(labels := changes.get(rtype.label_field), list):
            for value in labels:
                yield from _name(value if isinstance(value, str) else "")


def telling(rtype: RecordType) -> set[str]:
    """The fields whose values belong to one person alone: numbers, addresses, what must be unique, what they wrote."""
    specs = rtype.specs()
    matched = {name for name in rtype.match_fields if name != rtype.label_field and specs[name].kind.is_searched}
    kinds = ("phone", "email", "long_text")
    own = {n for n, s in specs.items() if s.kind.name in kinds or s.rows or s.extra.get("unique")}
    return matched | own


def _texts(spec: FieldSpec, value: Any) -> Iterable[str]:
    if spec.rows:
        for row in value or ():
            yield str(row.get(spec.rows[0].name) or "") if isinstance(row, dict) else ""
    elif isinstance(value, str):
        yield value


def _patterns(spec: FieldSpec, text: str) -> Iterable[str]:
    if spec.kind.name == "long_text":
        text = text.strip()
        if MESSAGE <= len(text) <= LONGEST:  # a note on a deal that was made of it says the same
            yield re.escape(text)
        return
    text = visible(ascii_digits(text)).strip()
    if "@" in text:
        yield rf"(?<![\w.+-]){re.escape(text)}(?![\w-])"
    elif text.startswith("+") and text[1:].isdigit():
        yield _phone(text)
    elif len(text) >= SHORTEST:
        core = GAP.join(_DIGITS[d] for d in text) if text.isdigit() else _spelled(text)
        edge = _ANY_DIGIT if text.isdigit() else r"\w"
        yield f"(?<![{edge}]){core}(?![{edge}])"


def _phone(e164: str) -> str:
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        code, national = "", e164[1:]
    else:
        code, national = str(number.country_code), phonenumbers.national_significant_number(number)
    core = GAP.join(_DIGITS[digit] for digit in national)
    lead = GAP.join(_DIGITS[digit] for digit in code)
    ahead = rf"(?:(?:\+|{_DIGITS['0']}{_DIGITS['0']})?{lead}{GAP}|{_DIGITS['0']}{GAP})?" if code else ""
    return rf"(?<![{_ANY_DIGIT}]){ahead}{core}(?![{_ANY_DIGIT}])"


def _name(label: str) -> Iterable[str]:
    words = label.split()
    if len(words) > 1 and sum(map(len, words)) >= SHORTEST:
        core = r"[\s\u200c]+".join(map(_word, words))
        yield rf"(?<!\w){core}(?!\w)"


def _word(word: str) -> str:
    """Its parts may be joined, parted by a joiner, or stand apart."""
    return r"[\s\u200c]*".join(_spelled(visible(part)) for part in word.split("\u200c"))


def _spelled(text: str) -> str:
    return "".join(_LETTERS.get(letter, re.escape(letter)) for letter in text)


def expression(patterns: Iterable[str]) -> str:
    """One expression for all; empty where there is nothing to look for."""
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def cut(value: Any, pattern: re.Pattern[str], instead: str) -> Any:
    """A text, or what JSON holds, without what the person is known by."""
    if isinstance(value, str):
        return pattern.sub(instead, value)
    if isinstance(value, dict):
        return {cut(name, pattern, instead): cut(inner, pattern, instead) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [cut(inner, pattern, instead) for inner in value]
    return value
