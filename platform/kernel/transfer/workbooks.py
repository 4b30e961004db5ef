"""XLSX workbooks, read row by row, with cells as a person sees them and without the artefacts of binary numbers.

The sheet is parsed here and not by openpyxl, whose reader first runs through the whole sheet when its size is missing.
"""

import datetime as dt
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import IO
from xml.etree import ElementTree as Xml

from django.utils.translation import gettext_lazy as _
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel
from openpyxl.utils.escape import unescape

from kernel.lib.numbers import plain
from kernel.transfer.sources import MAX_COLUMNS, Source, UnreadableFile, Upload, check_cells, trimmed
from kernel.transfer.text_files import opened

MAX_UNZIPPED_BYTES = 1024 * 1024 * 1024
MAX_RATIO = 200
MAX_PARTS = 5000
# Read into memory as a whole, unlike the rows of a sheet.
MAX_SHARED_BYTES = 256 * 1024 * 1024
MAX_OUTLINE_BYTES = 16 * 1024 * 1024
# A cell's text with its styles lies nine deep.
MAX_DEPTH = 32
# Below this size a part may be as dense as it likes.
_RATIO_MATTERS_FROM = 10 * 1024 * 1024
_NUMBER, _DATE, _PERCENT = "number", "date", "percent"


def _damaged() -> UnreadableFile:
    sentence = _(
        "This file is not a readable Excel workbook. Open it in a spreadsheet and save it again as .xlsx or CSV."
    )
    return UnreadableFile(sentence, "not_a_workbook")


@dataclass(frozen=True)
class WorkbookSource(Source):
    """A table on one sheet of a workbook."""

    def raw_rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row with its number."""
        return sheet_rows(self.file, self.sheet)


def _check(archive: zipfile.ZipFile) -> None:
    """Refuse what is no workbook, and what would grow out of all proportion when unpacked."""
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        sentence = _("This workbook is protected by a password. Save it without one and try again.")
        raise UnreadableFile(sentence, "password")
    if "xl/workbook.xml" not in archive.namelist():
        raise _damaged()
    swollen = any(
        part.file_size > _RATIO_MATTERS_FROM and part.file_size > part.compress_size * MAX_RATIO for part in parts
    )
    swollen = swollen or any(part.file_size > _most(part.filename) for part in parts)
    if swollen or len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNZIPPED_BYTES:
        sentence = _("This workbook is too large when unpacked. Save the sheet you need as CSV and try again.")
        raise UnreadableFile(sentence, "archive_too_large")
    for part in parts:
        # Spreadsheets write no document types; entities declared in one can swell without end.
        if part.filename.endswith((".xml", ".rels")):
            with archive.open(part) as stream:
                if b"<!DOCTYPE" in stream.read(4096):
                    raise _damaged()


def _most(name: str) -> int:
    if name == "xl/sharedStrings.xml":
        return MAX_SHARED_BYTES
    return MAX_OUTLINE_BYTES if name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml") else 1 << 62


@dataclass
class _Book:
    """What the sheets of one workbook share."""

    archive: zipfile.ZipFile
    sheets: dict[str, str]  # visible title -> path of its part
    epoch: dt.datetime
    kinds: list[str] = field(default_factory=list)  # what the numbers of each cell style are
    strings: list[str] = field(default_factory=list)


@contextmanager
def _book(file: Upload) -> Iterator[_Book]:
    with opened(file) as stream:
        try:
            with zipfile.ZipFile(stream) as archive:
                _check(archive)
                yield _outline(archive)
        except UnreadableFile:
            raise
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, LookupError, ValueError) as error:
            raise _damaged() from error
        except Xml.ParseError as error:
            raise _damaged() from error


def _local(element: Xml.Element) -> str:
    return element.tag.rpartition("}")[2]


def _outline(archive: zipfile.ZipFile) -> _Book:
    targets = {
        relation.get("Id"): relation.get("Target", "")
        for relation in Xml.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  no DOCTYPE passes `_check`
    }
    book = _Book(archive, {}, CALENDAR_WINDOWS_1900)
    for element in Xml.fromstring(archive.read("xl/workbook.xml")).iter():  # noqa: S314
        if _local(element) == "workbookPr" and element.get("date1904") in ("1", "true"):
            book.epoch = CALENDAR_MAC_1904
        if _local(element) == "sheet" and element.get("state", "visible") == "visible":
            target = targets.get(next((value for key, value in element.items() if key.endswith("}id")), ""), "")
            path = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            if "worksheets/" in path:
                book.sheets[element.get("name", "")] = path
    return book


def _load_shared(book: _Book) -> None:
    names = set(book.archive.namelist())
    if "xl/styles.xml" in names:
        book.kinds = _kinds(Xml.fromstring(book.archive.read("xl/styles.xml")))  # noqa: S314
    if "xl/sharedStrings.xml" in names:
        with book.archive.open("xl/sharedStrings.xml") as stream:
            book.strings = list(_strings(stream))


def _strings(stream: IO[bytes]) -> Iterator[str]:
    table = None
    for event, element in Xml.iterparse(stream, ("start", "end")):  # noqa: S314
        if table is None:
            table = element
        elif event == "end" and element.tag.endswith("}si"):
            yield _inline(element)
            table.clear()


def _kinds(styles: Xml.Element) -> list[str]:
    formats = dict(BUILTIN_FORMATS)
    kinds: list[str] = []
    for part in styles:
        if _local(part) == "numFmts":
            formats |= {int(fmt.get("numFmtId", 0)): fmt.get("formatCode", "") for fmt in part}
    for part in styles:
        if _local(part) == "cellXfs":
            for xf in part:
                code = formats.get(int(xf.get("numFmtId", 0)), "General")
                kinds.append(_DATE if is_date_format(code) else _PERCENT if "%" in code else _NUMBER)
    return kinds


def sheet_names(file: Upload) -> tuple[str, ...]:
    """The visible sheets, in order."""
    with _book(file) as book:
        return tuple(book.sheets)


def sheet_rows(file: Upload, sheet: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of the sheet that were written, each with its number."""
    with _book(file) as book:
        _load_shared(book)
        with book.archive.open(book.sheets[sheet]) as stream:
            number, data, depth = 0, None, 0
            for event, element in Xml.iterparse(stream, ("start", "end")):  # noqa: S314
                depth += 1 if event == "start" else -1
                if depth > MAX_DEPTH:
                    raise _damaged()
                if event == "start":
                    if data is None and _local(element) == "sheetData":
                        data = element
                elif data is not None and element.tag.endswith("}row"):
                    number = int(element.get("r") or number + 1)
                    cells = trimmed(_cells(element, book))
                    check_cells(number, cells)
                    yield number, cells
                    # Otherwise every row read stays in memory as an empty element.
                    data.clear()


def _cells(row: Xml.Element, book: _Book) -> list[str]:
    cells: list[str] = []
    for cell in row:
        if reference := cell.get("r"):
            column = column_index_from_string(reference.rstrip("0123456789")) - 1
            if column > len(cells):
                # A lone cell far to the right must not make a list of thousands.
                text = _text(cell, book) if column > MAX_COLUMNS else ""
                if column > MAX_COLUMNS and not text:
                    continue
                cells += [""] * (column - len(cells))
        cells.append(_text(cell, book))
    return cells


def _text(cell: Xml.Element, book: _Book) -> str:
    kind, value, inline = cell.get("t", "n"), "", ""
    for child in cell:
        name = _local(child)
        if name == "v":
            value = child.text or ""
        elif name == "is":
            inline = _inline(child)
    if kind == "s" and value:
        value = book.strings[int(value)]
    elif kind == "inlineStr":
        value = inline
    elif kind == "b":
        return {"1": "true", "0": "false"}.get(value, value)
    elif kind == "n" and value:
        style = int(cell.get("s", 0))
        return _number(value, book.kinds[style] if style < len(book.kinds) else _NUMBER, book.epoch)
    value = value.strip()
    return unescape(value).strip() if "_x" in value else value


def _inline(element: Xml.Element) -> str:
    text = ""
    for part in element:
        if _local(part) == "t":
            text += part.text or ""
        elif _local(part) == "r":
            text += "".join(run.text or "" for run in part if _local(run) == "t")
    return text


def _number(value: str, kind: str, epoch: dt.datetime) -> str:
    if kind == _DATE:
        try:
            return _date(from_excel(float(value), epoch))
        except (ValueError, OverflowError):
            return value
    if kind == _NUMBER and value.isdecimal():
        return value
    try:
        # A spreadsheet computes with fifteen digits; the sixteenth of a sum such as 0.1 + 0.2 is an artefact.
        number = Decimal(f"{float(value):.15g}")
        return plain(number) if kind == _NUMBER else plain(number * 100) + "%"
    except (ValueError, InvalidOperation):
        return value


def _date(value: dt.datetime | dt.time | dt.timedelta) -> str:
    if isinstance(value, dt.datetime):
        # Times are fractions of a day there, so that 10:00 may come out as 9:59:59.999995.
        value = (value + dt.timedelta(milliseconds=500)).replace(microsecond=0)
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    return value.isoformat("seconds") if isinstance(value, dt.time) else str(value)
