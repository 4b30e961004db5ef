"""Members mentioned in texts: from what is typed to tokens, and from tokens to the names a reader may see.

A field takes mentions where its declaration says so (`extra={"mentions": True}`). What people type and programs send
is "@" and a member's name or e-mail address; what is kept is the token of kernel.lib.mentions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from kernel.lib.mentions import mentioned, named, token
from kernel.lib.text import fold, sort_key

if TYPE_CHECKING:
    from kernel.access.actor import Access, Actor
    from kernel.records.specs import FieldSpec

AT = re.compile(r"(?<![\w@.])@(?=[^\W\d_])")
WORD = re.compile(r"[^\s@]+(?:@[\w.-]+)?")
MOST, MOST_NAMES, LONGEST = 50, 500, 150


def takes_mentions(spec: FieldSpec) -> bool:
    return bool(spec.extra.get("mentions"))


def bound(text: str, access: Access) -> str:
    """The text with a token in place of each "@" and name of one active member in sight."""
    starts = [match.start() for match in AT.finditer(text)][:MOST] if "@" in text else []
    if not starts:
        return text
    people = _people(access.actor, [text[at + 1 : at + 1 + LONGEST] for at in starts])
    for at in reversed(starts):
        for spelt, pk in people:
            end = at + 1 + len(spelt)
            is_whole = not text[end : end + 1].isalnum()
            if pk and is_whole and fold(text[at + 1 : end]) == fold(spelt):
                text = text[:at] + token(pk) + text[end:]
                break
    return text


def _people(actor: Actor, rests: Iterable[str]) -> list[tuple[str, UUID | None]]:
    """Names and addresses that may be meant, the longest first. A name that several have is nobody's."""
    from kernel.records.types import registry

    access = actor.access(registry["members"])
    if not access.may("view"):
        return []
    meant = Q(pk__in=[])
    for rest in rests:
        word = WORD.match(rest)
        if word:
            spelt = word[0].rstrip(".,;:!?،؛؟)»")
            meant |= Q(email__iexact=spelt) if "@" in spelt else Q(label_key__startswith=sort_key(spelt))
    rows = access.records().filter(meant, active=True).values_list("pk", "label", "email")[:MOST_NAMES]
    people: dict[str, UUID | None] = {}
    for pk, label, email in rows:
        people[label] = None if label in people else pk
        if email and "email" in access.readable():
            people[email] = pk
    return sorted(people.items(), key=lambda entry: -len(entry[0]))


def load_names(actor: Actor, texts: Iterable[str | None]) -> None:
    """Look up the names that texts mention, once for all of them."""
    from kernel.records.types import registry

    names: dict[UUID, str] = actor.memo.setdefault("mentions", {})
    missing = {pk for text in texts for pk in mentioned(text)} - names.keys()
    if missing:
        access = actor.access(registry["members"])
        found = dict(access.records().filter(pk__in=missing).values_list("pk", "label")) if access.may("view") else {}
        names.update({pk: found.get(pk, "") for pk in missing})


def shown(actor: Actor, text: Any) -> Any:
    """A text as this actor reads it."""
    if not isinstance(text, str) or "@[" not in text:
        return text
    load_names(actor, [text])
    return named(text, actor.memo["mentions"], _("somebody"))
