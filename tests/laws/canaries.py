"""What tells a secret in an answer: words that stand nowhere else, for values as for labels; and how they are found."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry

# A record is known by these: whoever sees it sees its name.
KEYS = {slug: {rtype.label_field} for slug, rtype in registry.items()}
KEYS["contacts"] |= {"first_name", "last_name"}
KEYS["consents"] |= {"purpose"}


def word(*of: str) -> str:
    """A word that stands nowhere else, the same each time."""
    digest = hashlib.blake2s("/".join(of).encode()).digest()
    return "zq" + "".join(chr(ord("a") + byte % 26) for byte in digest[:12])


# What a secret may look like in an answer: a word, an id, a moment, a date or number as it is shown, a figure.
TOKEN = re.compile(
    r"zq[a-z]{12}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\d(?:t\d\d:\d\d)?|\d{1,2} [a-z]{3} \d{4}"
    r"|\(\d{3}\) \d{3}-\d{4}|\$\d[\d.]*[kmbt]\b|(?<![\w-])\d[\d,.]*\d(?![\w-])"
)


def tokens(text: str) -> set[str]:
    found = set(TOKEN.findall(text.lower()))
    return found | {token[:10] for token in found if token[10:11] == "t"}


@dataclass(frozen=True)
class Secret:
    """What tells the value of a field. One that `is_only_here` is seen elsewhere by right: the name of a company that a
    deal points at."""

    slug: str
    field: str
    forms: frozenset[str]
    is_only_here: bool = False


def distinguish(monkeypatch: Any) -> dict[tuple[str, str], list[str]]:
    """Give each field a label of its own, each choice too, and each reason that a duplicate is told by: what stands in
    an answer then names one field. By field: these words."""
    words: dict[tuple[str, str], list[str]] = {}

    def told(rtype: RecordType, spec: FieldSpec, *above: str) -> FieldSpec:
        name = above[0] if above else spec.name
        mine = words.setdefault((rtype.slug, name), [])
        label = word(rtype.slug, *above, spec.name, "label")
        choices = tuple((code, word(rtype.slug, *above, spec.name, str(code))) for code, _label in spec.choices)
        mine += [label, *(text for _code, text in choices)]
        rows = tuple(told(rtype, sub, spec.name) for sub in spec.rows)
        return replace(spec, label=label, choices=choices, rows=rows)

    for rtype in registry.values():
        specs = {name: told(rtype, spec) for name, spec in rtype.declared().items() if name not in KEYS[rtype.slug]}
        monkeypatch.setitem(rtype.__dict__, "_specs", MappingProxyType({**rtype.declared(), **specs}))
        verbs = [replace(v, fields=tuple(specs.get(f.name, f) for f in v.fields)) for v in rtype.verbs]
        monkeypatch.setattr(rtype, "verbs", tuple(verbs), raising=False)
        keys = [replace(key, label=word(rtype.slug, key.code, "alike")) for key in rtype.duplicate_keys]
        monkeypatch.setattr(rtype, "duplicate_keys", tuple(keys), raising=False)
        for key in keys:
            for name in set(key.fields) - KEYS[rtype.slug]:
                words[rtype.slug, name].append(str(key.label))
    return words
