"""Tables as files for download: CSV and XLSX behind one interface."""

import csv
import datetime as dt
import io
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import IO, Any, Protocol

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from kernel.lib.numbers import plain

Value = str | Decimal | int | bool | dt.date | dt.datetime | None

_NUMBER = re.compile(r"[+-]?[0-9][0-9 .,]*")
_RUNS = ("=", "+", "-", "@", "\t", "\r")
_EXACT_DIGITS = 15
_FIRST_RELIABLE_DAY = dt.date(1900, 3, 1)


class TableWriter(Protocol):
    """What an export writes into. The file stays open; it is complete after `close`."""

    def write_row(self, values: Sequence[Value]) -> None:
        """Append one row."""

    def close(self) -> None:
        """Finish the file."""


def _iso(value: dt.date | dt.datetime) -> str:
    if isinstance(value, dt.datetime) and value.tzinfo:
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
    return value.isoformat()


class CsvWriter:
    """UTF-8 with the mark that makes Excel read it as such. Text that a spreadsheet would run gets an apostrophe."""

    def __init__(self, file: IO[bytes], delimiter: str = ","):
        self._text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=False)
        self._csv = csv.writer(self._text, delimiter=delimiter)

    def write_row(self, values: Sequence[Value]) -> None:
        """Append one row."""
        self._csv.writerow([self._cell(value) for value in values])

    def close(self) -> None:
        """Flush, and let go of the file without closing it."""
        self._text.flush()
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
    """One sheet; its first row is the header. Numbers and dates are real ones, right-to-left in Persian."""

    def __init__(self, file: IO[bytes], language: str = "en", title: str = "Sheet1"):
        self._file = file
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:31] or "Sheet1")
        self._sheet.sheet_view.rightToLeft = language == "fa"
        self._sheet.freeze_panes = "A2"
        self._bold: Font | None = Font(bold=True)

    def write_row(self, values: Sequence[Value]) -> None:
        """Append one row."""
        cells = [self._cell(value) for value in values]
        if self._bold:
            cells = [self._styled(cell) for cell in cells]
            self._bold = None
        self._sheet.append(cells)

    def close(self) -> None:
        """Put the workbook into the file."""
        self._book.save(self._file)

    def _styled(self, value: Any) -> Any:
        cell = value if isinstance(value, Cell) else WriteOnlyCell(self._sheet, value)
        cell.font = self._bold
        return cell

    def _cell(self, value: Value) -> Any:
        if isinstance(value, str):
            return self._as_text(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, Decimal | int):
            text = plain(Decimal(value))
            return value if len(text.lstrip("-0.").replace(".", "")) <= _EXACT_DIGITS else self._as_text(text)
        if isinstance(value, dt.datetime):
            moment = value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value
            return self._dated(moment, "yyyy-mm-dd hh:mm:ss")
        return self._dated(value, "yyyy-mm-dd") if value >= _FIRST_RELIABLE_DAY else self._as_text(_iso(value))

    def _dated(self, value: dt.date, number_format: str) -> Any:
        cell = WriteOnlyCell(self._sheet, value)
        cell.number_format = number_format
        return cell

    def _as_text(self, text: str) -> Any:
        text = ILLEGAL_CHARACTERS_RE.sub("", text)
        if not text.startswith(("=", "#")):
            return text
        # openpyxl would take it for a formula or an error value.
        cell = WriteOnlyCell(self._sheet, text)
        cell.data_type = "s"
        return cell
