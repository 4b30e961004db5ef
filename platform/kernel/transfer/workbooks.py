"""XLSX workbooks, read row by row, with cells as a person sees them and without the artefacts of binary numbers."""

import datetime as dt
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any
from xml.etree.ElementTree import ParseError as XmlError

from django.utils.translation import gettext_lazy as _
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.workbook.workbook import Workbook

from kernel.lib.numbers import plain
from kernel.transfer.sources import Source, UnreadableFile, Upload, check_cells, trimmed
from kernel.transfer.text_files import opened

MAX_UNZIPPED_BYTES = 1024 * 1024 * 1024
MAX_RATIO = 200
MAX_PARTS = 5000
# Below this size a part may be as dense as it likes.
_RATIO_MATTERS_FROM = 10 * 1024 * 1024


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


def check_archive(stream: IO[bytes]) -> None:
    """Refuse what is no workbook, and what would grow out of all proportion when unpacked."""
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            if any(part.flag_bits & 1 for part in parts):
                sentence = _("This workbook is protected by a password. Save it without one and try again.")
                raise UnreadableFile(sentence, "password")
            if "xl/workbook.xml" not in archive.namelist():
                raise _damaged()
            swollen = any(
                part.file_size > _RATIO_MATTERS_FROM and part.file_size > part.compress_size * MAX_RATIO
                for part in parts
            )
            if swollen or len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNZIPPED_BYTES:
                sentence = _("This workbook is too large when unpacked. Save the sheet you need as CSV and try again.")
                raise UnreadableFile(sentence, "archive_too_large")
            for part in parts:
                # Spreadsheets write no document types; entities declared in one can swell without end.
                if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in archive.open(part).read(4096):
                    raise _damaged()
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise _damaged() from error


@contextmanager
def _workbook(file: Upload) -> Iterator[Workbook]:
    with opened(file) as stream:
        check_archive(stream)
        stream.seek(0)
        try:
            workbook = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        except (KeyError, ValueError, TypeError, XmlError, zipfile.BadZipFile) as error:
            raise _damaged() from error
        try:
            yield workbook
        finally:
            workbook.close()


def sheet_names(file: Upload) -> tuple[str, ...]:
    """The visible sheets, in order."""
    with _workbook(file) as workbook:
        return tuple(sheet.title for sheet in workbook.worksheets if sheet.sheet_state == "visible")


def sheet_rows(file: Upload, sheet: str) -> Iterator[tuple[int, list[str]]]:
    """Every row of the sheet with its number."""
    with _workbook(file) as workbook:
        table = workbook[sheet]
        # Some programs write a wrong size, and rows beyond it would be lost.
        table.reset_dimensions()
        try:
            for number, row in enumerate(table.iter_rows(), 1):
                cells = trimmed([_text(cell) for cell in row])
                check_cells(number, cells)
                yield number, cells
        except (KeyError, IndexError, XmlError, zipfile.BadZipFile) as error:
            raise _damaged() from error


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        value = value.strip()
        return unescape(value).strip() if "_x" in value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _percent(value) if "%" in cell.number_format else _number(value)
    return _time(value)


def _number(value: float) -> str:
    # A spreadsheet computes with fifteen digits; the sixteenth of a sum such as 0.1 + 0.2 is an artefact.
    return str(value) if isinstance(value, int) else plain(Decimal(f"{value:.15g}"))


def _percent(value: float) -> str:
    return plain(Decimal(f"{value:.15g}") * 100) + "%"


def _time(value: dt.datetime | dt.date | dt.time | dt.timedelta) -> str:
    if isinstance(value, dt.datetime):
        # Times are fractions of a day there, so that 10:00 may come out as 9:59:59.999995.
        value = (value + dt.timedelta(milliseconds=500)).replace(microsecond=0)
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
