"""Tables as files for download: CSV and XLSX behind one interface, written row by row."""

import codecs
import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from typing import IO, Protocol
from xml.sax.saxutils import escape

from kernel.lib.numbers import plain
from kernel.transfer import workbook_parts as parts
from kernel.transfer.sources import column_letter

Value = str | Decimal | int | bool | dt.date | dt.datetime | None

_NUMBER = re.compile(r"[+-]?[0-9][0-9 .,]*")
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_RISKY = frozenset(_RUNS)


class TableWriter(Protocol):
    """What an export writes into. The file is complete after `close`, which leaves it open for its owner."""

    def write_row(self, values: Sequence[Value]) -> None:
        """Append one row."""

    def close(self) -> None:
        """Finish the file."""


def _iso(value: dt.date | dt.datetime) -> str:
    if isinstance(value, dt.datetime) and value.tzinfo:
        if value.tzinfo is dt.UTC:  # as they come from the database
            return value.isoformat()[:19] + "Z"
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    return value.isoformat()


class CsvWriter:
    """UTF-8 with the mark that makes Excel read it as such. Text that a spreadsheet would run gets an apostrophe."""

    def __init__(self, file: IO[bytes], delimiter: str = ","):
        file.write(codecs.BOM_UTF8)  # the codec that does so by itself is a slow one
        self._text = io.TextIOWrapper(file, "utf-8", newline="")
        self._csv = csv.writer(self._text, delimiter=delimiter)

    def write_row(self, values: Sequence[Value]) -> None:
        """Append one row."""
        cell = self._cell
        # Most values are harmless text or nothing: asking that here halves the time of a file.
        self._csv.writerow(
            [
                value if value is None or (value.__class__ is str and value[:1] not in _RISKY) else cell(value)
                for value in values
            ]
        )

    def flush(self) -> None:
        """Hand on what was written so far."""
        self._text.flush()

    def close(self) -> None:
        """Flush, and let go of the file."""
        self.flush()
        self._text.detach()

    @staticmethod
    def _cell(value: Value) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            return "'" + value if value.startswith(_RUNS) and not _NUMBER.fullmatch(value) else value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Decimal):
            return plain(value)
        return str(value) if isinstance(value, int) else _iso(value)


class XlsxWriter:
    """One sheet; its first row is the header. Numbers and dates are real ones, right-to-left in Persian.

    Written as plain XML: openpyxl takes ten times as long for the same sheet.
    """

    EXACT_DIGITS = 15
    MAX_TEXT = 32_767
    _FIRST_RELIABLE_DAY = dt.date(1900, 3, 1)
    _EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  spreadsheets know no zones
    _ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
    _ESCAPE_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

    def __init__(self, file: IO[bytes], language: str = "en", title: str = "Sheet1"):
        self._archive = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        title = re.sub(r"[\[\]:*?/\\']", " ", self._ILLEGAL.sub("", title))[:31].strip() or "Sheet1"
        for name, text in parts.around_sheet(escape(title, {'"': "&quot;"})).items():
            self._archive.writestr(name, text)
        self._sheet = self._archive.open(parts.SHEET, "w", force_zip64=True)
        self._sheet.write(parts.sheet_start(right_to_left=language == "fa").encode())
        self._rows = 0
        self._letters: list[str] = []

    def write_row(self, values: Sequence[Value]) -> None:
        """Append one row."""
        self._rows += 1
        while len(self._letters) < len(values):
            self._letters.append(column_letter(len(self._letters)))
        row = self._rows
        cells = "".join(
            [
                self._cell(value, f"{letter}{row}")
                for letter, value in zip(self._letters, values, strict=False)
                if value is not None and value != ""
            ]
        )
        self._sheet.write(f'<row r="{row}">{cells}</row>'.encode())

    def close(self) -> None:
        """Finish the workbook."""
        self._sheet.write(parts.SHEET_END.encode())
        self._sheet.close()
        self._archive.close()

    def _cell(self, value: Value, at: str) -> str:
        if isinstance(value, str):
            return self._text(value, at)
        if isinstance(value, bool):
            return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
        if isinstance(value, Decimal | int):
            text = plain(value) if isinstance(value, Decimal) else str(value)
            digits = text.lstrip("-0.").replace(".", "")
            return f'<c r="{at}"><v>{text}</v></c>' if len(digits) <= self.EXACT_DIGITS else self._text(text, at)
        if isinstance(value, dt.datetime):
            moment = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
            if moment.date() < self._FIRST_RELIABLE_DAY:
                return self._text(_iso(value), at)
            serial = (moment - self._EPOCH) / dt.timedelta(days=1)
            return f'<c r="{at}" s="{parts.MOMENT}"><v>{serial!r}</v></c>'
        if value is None or value < self._FIRST_RELIABLE_DAY:
            return self._text(_iso(value) if value else "", at)
        return f'<c r="{at}" s="{parts.DAY}"><v>{(value - self._EPOCH.date()).days}</v></c>'

    def _text(self, text: str, at: str) -> str:
        # Always text for a spreadsheet, whatever it begins with: a formula would be another kind of cell.
        text = escape(self._ESCAPE_LIKE.sub("_x005F_", self._ILLEGAL.sub("", text))[: self.MAX_TEXT])
        style = f' s="{parts.HEADER}"' if self._rows == 1 else ""
        return f'<c r="{at}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
