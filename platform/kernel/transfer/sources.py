"""What every uploaded table has in common, whichever file it came in: limits, rows, and a guess at its header."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.text import ascii_digits, fold

MAX_FILE_BYTES = 200 * 1024 * 1024
MAX_CELL_CHARACTERS = 1_000_000
MAX_COLUMNS = 500
SAMPLED_ROWS = 30

Upload = str | Path | IO[bytes]

_VALUE = re.compile(r"[-+−(]?[$€£﷼]?\s*\d[\d\s.,٫٬/:%٪TZ-]*\)?")


class UnreadableFile(ParseError):
    """The file as a whole cannot be read; the sentence says what to do about it."""


class Row(NamedTuple):
    """One row of data: its number in the file as a spreadsheet counts, and exactly one cell per header column.

    `surplus` counts filled cells beyond the header, the sign of a stray delimiter or quotation mark.
    """

    number: int
    cells: list[str]
    surplus: int = 0


@dataclass(frozen=True)
class Source:
    """A table found in an upload. `rows()` reads it anew each time, row by row, never the whole file."""

    file: Upload
    name: str
    header_row: int
    header: list[str]
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()

    def raw_rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row of the table with its number, header and empty rows included."""
        raise NotImplementedError

    def rows(self) -> Iterator[Row]:
        """The rows below the header that hold anything."""
        width = len(self.header)
        for number, cells in self.raw_rows():
            if number <= self.header_row or not any(cells):
                continue
            missing = width - len(cells)
            if missing >= 0:
                yield Row(number, cells + [""] * missing)
            else:
                yield Row(number, cells[:width], sum(1 for cell in cells[width:] if cell))


def check_cells(number: int, cells: Sequence[str]) -> None:
    """Refuse a row no person made."""
    if len(cells) > MAX_COLUMNS:
        sentence = _("Row %(row)s has %(count)s columns; at most %(limit)s can be read.")
        raise UnreadableFile(sentence, "too_many_columns", row=number, count=len(cells), limit=MAX_COLUMNS)
    if any(len(cell) > MAX_CELL_CHARACTERS for cell in cells):
        raise cell_too_long(number)


def cell_too_long(number: int) -> UnreadableFile:
    """The refusal of an endless cell."""
    sentence = _("A cell in row %(row)s is too long. A quotation mark before it may never be closed.")
    return UnreadableFile(sentence, "cell_too_long", row=number)


def guess_header(sample: Sequence[tuple[int, list[str]]]) -> int:
    """The number of the header row, or 0 when the data seems to begin at once.

    A header is a row of different words, about as wide as the table, before any row with numbers or dates in it.
    """
    filled = [(number, [cell for cell in cells if cell]) for number, cells in sample if any(cells)]
    if not filled:
        return 0
    width = Counter(len(cells) for _number, cells in filled).most_common(1)[0][0]
    for position, (number, cells) in enumerate(filled):
        if len(cells) * 2 <= width:
            continue
        if any(_VALUE.fullmatch(ascii_digits(cell)) for cell in cells):
            return 0
        following = filled[position + 1][1] if position + 1 < len(filled) else []
        if len({fold(cell) for cell in cells}) == len(cells) and cells != following:
            return number
    return 0


def column_letter(index: int) -> str:
    """A, B, … Z, AA: how spreadsheets call a column."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def header_names(sample: Sequence[tuple[int, list[str]]], header_row: int) -> list[str]:
    """One name per column, all different; a column without a name is called by its letter."""
    named = next((cells for number, cells in sample if number == header_row), [])
    width = len(named) if any(named) else max((len(cells) for _number, cells in sample), default=0)
    names: list[str] = []
    for index in range(width):
        plain = " ".join(named[index].split()) if index < len(named) else ""
        name = plain = plain or column_letter(index)
        count = 1
        while name in names:
            count += 1
            name = f"{plain} ({count})"
        names.append(name)
    return names


def trimmed(cells: list[str]) -> list[str]:
    """Without the empty cells at the end."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end] if end < len(cells) else cells
