"""CSV and its relatives: which encoding, which delimiter, and the rows inside."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.utils.translation import gettext_lazy as _

from kernel.transfer.sources import (
    MAX_CELL_CHARACTERS,
    Source,
    UnreadableFile,
    Upload,
    cell_too_long,
    check_cells,
    trimmed,
)

ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "windows-1256", "windows-1252", "iso-8859-1")
DELIMITERS = (",", ";", "\t", "|")

_SAMPLE_BYTES = 256 * 1024
_CHUNK = 1024 * 1024
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_ARABIC_1256 = frozenset(
    byte for byte in range(0x80, 0x100) if "\u0600" <= bytes([byte]).decode("windows-1256") <= "\u06ff"
)
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
# What `writers.CsvWriter` puts an apostrophe before, so that a spreadsheet does not run it.
_NEUTRALISED = re.compile(r"'[=+\-@\t\r＝＋－＠]")

# The limit is one for the whole process; nothing else here reads CSV.
csv.field_size_limit(MAX_CELL_CHARACTERS)


@contextmanager
def opened(file: Upload) -> Iterator[IO[bytes]]:
    """The upload from its first byte; a path is closed afterwards, an open file is left open."""
    if isinstance(file, str | Path):
        with Path(file).open("rb") as stream:
            yield stream
    else:
        file.seek(0)
        yield file


@dataclass(frozen=True)
class TextSource(Source):
    """A table in a text file."""

    def raw_rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row with its number."""
        return text_rows(self.file, self.encoding, self.delimiter)


def detect_encoding(file: Upload) -> str:
    """The encoding of a text file: by its mark, by its bytes, or by what its letters look like."""
    with opened(file) as stream:
        sample = stream.read(_SAMPLE_BYTES)
        for mark, encoding in _BOMS:
            if sample.startswith(mark):
                return encoding
        # A NUL is half of an ASCII character: the second half in little-endian order. Persian still has its spaces.
        odd, even = sample[1::2].count(0), sample[::2].count(0)
        if max(odd, even) * 20 > len(sample) and max(odd, even) > 4 * min(odd, even):
            return "utf-16-le" if odd > even else "utf-16-be"
        if _is_utf8(sample, stream):
            return "utf-8"
    return _single_byte(sample)


def _is_utf8(sample: bytes, stream: IO[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    beyond_ascii = broken = 0
    chunk = sample
    while chunk:
        text = decoder.decode(chunk)
        if not text.isascii():
            beyond_ascii += sum(1 for char in text if char > "\x7f")
            broken += text.count("\ufffd")
        chunk = stream.read(_CHUNK)
    # A file cut in the middle of a letter, or with one stray byte, is still UTF-8; another encoding is broken all over.
    return broken * 100 <= beyond_ascii


def _single_byte(sample: bytes) -> str:
    high = [index for index, byte in enumerate(sample) if byte > 0x7F]
    arabic = sum(1 for index in high if sample[index] in _ARABIC_1256)
    # Persian letters come in a row; the accented letters of western languages stand alone between plain ones.
    joined = sum(1 for index in high if sample[index - 1] > 0x7F or sample[index + 1 : index + 2] > b"\x7f")
    if high and arabic * 10 >= len(high) * 7 and joined * 2 >= len(high):
        return "windows-1256"
    try:
        sample.decode("windows-1252")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "windows-1252"


def detect_delimiter(file: Upload, encoding: str) -> str:
    """The delimiter that cuts the first rows most evenly; a "sep=" line of Excel decides at once."""
    with opened(file) as stream:
        text = stream.read(_SAMPLE_BYTES).decode(encoding, "replace").removeprefix("\ufeff").replace("\x00", "")
    if named := _SEPARATOR_LINE.match(text):
        return named[1]
    return max(DELIMITERS, key=lambda delimiter: _evenness(text, delimiter))


def _evenness(text: str, delimiter: str) -> tuple[bool, float, int]:
    widths = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(cells):
                widths.append(len(cells))
            if len(widths) == 50:
                break
    except csv.Error:
        return False, 0, 0
    width, count = Counter(widths).most_common(1)[0] if widths else (0, 0)
    if width < 2:
        return False, 0, 0
    return widths[0] == width, count / len(widths), width


def text_rows(file: Upload, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every row with its number, as a spreadsheet would count them: one per record, however many lines it spans."""
    with opened(file) as stream:
        reader = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
        try:
            yield from _records(_Lines(reader), delimiter)
        finally:
            reader.detach()


class _Lines:
    """The file's lines, none endless; remembers those of the record being read."""

    def __init__(self, reader: io.TextIOWrapper):
        self.reader = reader
        self.record: list[str] = []
        self.first = True

    def __iter__(self) -> Iterator[str]:
        while line := self.reader.readline(MAX_CELL_CHARACTERS * 4):
            if len(line) == MAX_CELL_CHARACTERS * 4:
                raise csv.Error("endless line")
            if self.first:
                self.first, line = False, line.removeprefix("\ufeff")
                if _SEPARATOR_LINE.fullmatch(line):
                    line = "\r\n"
            if "\x00" in line:
                line = line.replace("\x00", "")
            self.record.append(line)
            yield line


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    number = 0
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        number += 1
        lines.record.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise cell_too_long(number) from error
        if len(lines.record) > 1:
            _check_closed(lines.record, delimiter, number)
        cells = trimmed([_clean(cell) for cell in cells])
        check_cells(number, cells)
        yield number, cells


def _clean(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and _NEUTRALISED.match(cell) else cell


def _check_closed(record: list[str], delimiter: str, number: int) -> None:
    """Refuse a quotation mark that is never closed: the csv module would take the rest of the file for one cell."""
    try:
        list(csv.reader(record, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "end of data" in str(error):
            sentence = _("A quotation mark opened in row %(row)s is never closed. Close or remove it and try again.")
            raise UnreadableFile(sentence, "open_quote", row=number) from error
