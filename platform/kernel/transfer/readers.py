"""Open an upload as a table: `detect(file)` finds out what it is, `Source.rows()` streams it."""

import itertools
import os

from django.utils.translation import gettext_lazy as _

from kernel.transfer.sources import (
    MAX_FILE_BYTES,
    SAMPLED_ROWS,
    Row,
    Source,
    UnreadableFile,
    Upload,
    guess_header,
    header_names,
)
from kernel.transfer.text_files import (
    DELIMITERS,
    ENCODINGS,
    TextSource,
    detect_delimiter,
    detect_encoding,
    opened,
    text_rows,
)
from kernel.transfer.workbooks import WorkbookSource, sheet_names, sheet_rows

__all__ = ["DELIMITERS", "ENCODINGS", "Row", "Source", "UnreadableFile", "Upload", "detect"]

_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_OTHER_FILES = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"{\\rtf",
    b"7z\xbc\xaf",
    b"Rar!",
    b"PK\x05\x06",
)


def detect(
    file: Upload,
    name: str = "",
    *,
    encoding: str = "",
    delimiter: str = "",
    sheet: str = "",
    header_row: int | None = None,
) -> Source:
    """Find out how to read a CSV or XLSX file; whatever is given is taken, the rest is detected.

    `header_row` is the row's number in the file; 0 means that the data begins at once and columns go by letters.
    Raises UnreadableFile with a sentence for the person who uploaded it.
    """
    name = name or os.path.basename(
        str(getattr(file, "name", "") or (file if isinstance(file, str | os.PathLike) else ""))
    )
    if _first_bytes(file).startswith(_ZIP):
        sheets = sheet_names(file)
        sheet = sheet or next((title for title in sheets if any(cells for _n, cells in sheet_rows(file, title))), "")
        if not sheet:
            raise _empty()
        if sheet not in sheets:
            raise UnreadableFile(_("This workbook has no sheet named “%(sheet)s”."), "no_sheet", sheet=sheet)
        sample = list(itertools.islice(sheet_rows(file, sheet), SAMPLED_ROWS))
        row, header = _header(sample, header_row)
        return WorkbookSource(file, name, row, header, sheet=sheet, sheets=sheets)
    if encoding and encoding not in ENCODINGS:
        raise UnreadableFile(_("The encoding “%(encoding)s” is not known."), "encoding", encoding=encoding)
    if delimiter and (len(delimiter) != 1 or delimiter in '"\r\n\x00'):
        raise UnreadableFile(_("A delimiter is a single character, such as a comma."), "delimiter")
    encoding = encoding or detect_encoding(file)
    delimiter = delimiter or detect_delimiter(file, encoding)
    sample = list(itertools.islice(text_rows(file, encoding, delimiter), SAMPLED_ROWS))
    row, header = _header(sample, header_row)
    return TextSource(file, name, row, header, encoding=encoding, delimiter=delimiter)


def _empty() -> UnreadableFile:
    return UnreadableFile(_("This file is empty. Choose one with a header row and rows of data."), "empty_file")


def _first_bytes(file: Upload) -> bytes:
    with opened(file) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        start = stream.read(1024)
    if not start.strip():
        raise _empty()
    if size > MAX_FILE_BYTES:
        sentence = _("This file is too large. It may have at most %(limit)s MB.")
        raise UnreadableFile(sentence, "file_too_large", limit=MAX_FILE_BYTES // 1024 // 1024)
    if start.startswith(_OLD_OFFICE):
        sentence = _("This is an old Excel file or has a password. Save it as .xlsx without a password, or as CSV.")
        raise UnreadableFile(sentence, "old_excel")
    if start.startswith(_OTHER_FILES):
        raise UnreadableFile(_("This is neither a CSV nor an XLSX file. Save the table as one of them."), "not_a_table")
    return start


def _header(sample: list[tuple[int, list[str]]], header_row: int | None) -> tuple[int, list[str]]:
    if not any(any(cells) for _number, cells in sample):
        raise _empty()
    row = guess_header(sample) if header_row is None else header_row
    if row and not any(cells for number, cells in sample if number == row):
        raise UnreadableFile(_("Row %(row)s is empty and cannot be the header."), "header_row", row=row)
    return row, header_names(sample, row)
