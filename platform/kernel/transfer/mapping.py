"""Which column feeds which field: guessed from headers in both languages, given by hand, remembered by the headers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from dataclasses import field as filled
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.lib.errors import ParseError
from kernel.lib.numbers import parse_decimal
from kernel.lib.text import fold, sort_key
from kernel.records.change import refuse_read_only
from kernel.transfer.models import KnownColumns
from kernel.transfer.targets import Target, targets

_NOT_LETTERS = re.compile(r"[\W_]+")


@dataclass
class Entry:
    """One column that feeds one field. A column may stand in several, a field in one.

    `multiply` scales a number ("revenue in millions"); `values` says what the column's own words stand for:
    {sort key of their word: code, id or label of ours, or "" for nothing}.
    """

    column: str
    field: str
    multiply: str = ""
    values: dict[str, str] = filled(default_factory=dict)


def plain(name: str) -> str:
    """A header's letters, folded: "Deal_Stage", "deal stage" and "DealStage" are one."""
    return _NOT_LETTERS.sub("", fold(name))


def guess(access: Access, header: Iterable[str]) -> list[Entry]:
    """The best column for each field, by the field's name, its label in either language, or what other systems say."""
    wanted: list[tuple[int, int, Target, str]] = []
    columns = {plain(column): column for column in reversed(list(header))}
    for order, target in enumerate(targets(access).values()):
        for rank, name in enumerate(_names(access, target)):
            if name in columns:
                wanted.append((rank, order, target, columns[name]))
                break
    entries: dict[str, Entry] = {}
    # A field's own name beats its label, its label what others call it; each column goes to the field it fits best.
    for _rank, _order, target, column in sorted(wanted, key=lambda item: item[:2]):
        if column not in entries:
            entries[column] = Entry(column, target.name)
    return [entries[column] for column in header if column in entries]


def _names(access: Access, target: Target) -> list[str]:
    own = target.name if target.rows else target.spec.code or target.spec.path
    names = [] if target.is_whole_label else [target.name, own]
    for language in ("en", "fa"):
        with translation.override(language):
            names.append(target.label)
    names += access.rtype.synonyms.get(target.name, ())
    return list(dict.fromkeys(filter(None, map(plain, names))))


def read_mapping(access: Access, header: list[str], raw: Any) -> list[Entry]:
    """A mapping as a program sends it: [{"column", "field", "multiply", "values"}], or {"Column": "field"}.

    Raises ValidationError on `mapping`, naming what does not exist.
    """
    if isinstance(raw, Mapping):
        pairs = [(column, names if isinstance(names, list) else [names]) for column, names in raw.items()]
        raw = [{"column": column, "field": name} for column, names in pairs for name in names if name]
    if not isinstance(raw, list) or not all(isinstance(item, Mapping) for item in raw):
        raise _wrong(_('Send a list of {"column": "…", "field": "…"}, or an object of columns and fields.'), "type")
    known, by_plain = targets(access), {plain(column): column for column in header}
    entries: list[Entry] = []
    for item in raw:
        given = str(item.get("column", ""))
        column = given if given in header else by_plain.get(plain(given))
        if column is None:
            raise _wrong(_("The file has no column “%(column)s”.") % {"column": given}, "unknown")
        name = str(item.get("field", ""))
        name = name if name in known else _first_of_rows(known, name)
        if name in access.editable() and access.editable()[name].kind.name == "file":
            told = _("Files cannot come out of a table. Fill “%(field)s” on the record's page, or over the API.")
            raise _wrong(told % {"field": access.editable()[name].label}, "file")
        if name not in known:
            refuse_read_only(access, [name])
            raise _wrong(
                _("There is no field “%(field)s” to import into.") % {"field": item.get("field", "")}, "unknown"
            )
        if any(entry.field == name for entry in entries):
            raise _wrong(_("Two columns go into “%(field)s”. Choose one.") % {"field": known[name].label}, "twice")
        multiply = _factor(known[name], item.get("multiply"))
        values = item.get("values") or {}
        if not isinstance(values, Mapping):
            raise _wrong(_("Send the values as an object: theirs to ours."), "type")
        entries.append(Entry(column, name, multiply, {sort_key(str(k)): str(v or "") for k, v in values.items()}))
    return entries


def _first_of_rows(known: Mapping[str, Target], name: str) -> str:
    """`lines` alone means their first field, the product."""
    return next((key for key, target in known.items() if target.rows and target.rows.name == name), name)


def _factor(target: Target, raw: Any) -> str:
    text = str(raw or "").strip()
    if text in ("", "1"):
        return ""
    if not target.kind.is_numeric:
        raise _wrong(
            _("Only numbers can be multiplied, and “%(field)s” is none.") % {"field": target.label}, "multiply"
        )
    try:
        factor = parse_decimal(text)
    except ParseError as error:
        raise _wrong(str(error.message), "multiply") from error
    if not Decimal("0.000001") <= abs(factor) <= Decimal(10) ** 12:
        raise _wrong(_("Multiply by a number from 0.000001 to 1,000,000,000,000."), "multiply")
    return f"{factor:f}"


def _wrong(sentence: str, code: str) -> ValidationError:
    return ValidationError({"mapping": ValidationError(sentence, code=code)})


def add_values(entries: list[Entry], access: Access, column: str, theirs: str, ours: str) -> None:
    """One word of a column and what it stands for, in each of the column's fields that take one of a set."""
    known = targets(access)
    mine = [entry for entry in entries if plain(entry.column) == plain(column)]
    if not mine:
        raise _wrong(_("The column “%(column)s” goes into no field.") % {"column": column}, "unknown")
    matched = [entry for entry in mine if known[entry.field].is_matched]
    for entry in matched or mine:
        entry.values[sort_key(theirs)] = ours


def dump(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    return [asdict(entry) for entry in entries]


def load(raw: Iterable[Mapping[str, Any]]) -> list[Entry]:
    return [Entry(**item) for item in raw]


def signature(header: Iterable[str]) -> str:
    """Files with these headers, in any order and spelling, are the same kind of file."""
    return hashlib.sha256("\n".join(sorted(map(plain, header))).encode()).hexdigest()


def remember(slug: str, header: Iterable[str], entries: Iterable[Entry], options: Mapping[str, Any]) -> None:
    """Keep a mapping for the next file with these headers."""
    KnownColumns.objects.update_or_create(
        slug=slug,
        signature=signature(header),
        defaults={"mapping": dump(entries), "options": dict(options), "used_at": timezone.now()},
    )


def recall(access: Access, header: list[str]) -> tuple[list[Entry], dict[str, Any]] | None:
    """How a file with these headers was mapped before, less what this actor may not write or what is gone."""
    known = KnownColumns.objects.filter(slug=access.rtype.slug, signature=signature(header)).first()
    if known is None:
        return None
    by_plain, allowed = {plain(column): column for column in header}, targets(access)
    entries = [
        Entry(**{**item, "column": by_plain[plain(item["column"])]})
        for item in known.mapping
        if item["field"] in allowed and plain(item["column"]) in by_plain
    ]
    return entries, known.options
