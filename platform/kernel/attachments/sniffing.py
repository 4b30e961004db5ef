"""What bytes are, whatever their name says. Only the first ones are looked at."""

from __future__ import annotations

import codecs
import struct
from pathlib import PurePath
from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

HEAD = 64 * 1024
MOST_PIXELS = 40_000_000
MOST_PREVIEWED = 20 * 1024 * 1024

# What a double click would run.
FORBIDDEN: Final = frozenset(
    [
        "ade",
        "adp",
        "apk",
        "app",
        "appx",
        "bat",
        "cab",
        "chm",
        "cmd",
        "com",
        "cpl",
        "dll",
        "dmg",
        "exe",
        "gadget",
        "hta",
        "inf",
        "ins",
        "iso",
        "jar",
        "js",
        "jse",
        "lnk",
        "mde",
        "msc",
        "msi",
        "msix",
        "msp",
        "mst",
        "pif",
        "ps1",
        "ps1xml",
        "psm1",
        "reg",
        "rgs",
        "scf",
        "scr",
        "sct",
        "sh",
        "shb",
        "sys",
        "vb",
        "vbe",
        "vbs",
        "vhd",
        "vhdx",
        "vxd",
        "wsc",
        "wsf",
        "wsh",
        "xll",
    ]
)
_RUNS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa", b"#!")
_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "application/ogg"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIPPED = {
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_OLE = {".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint"}
_MARKUP = ((b"<!doctype html", "text/html"), (b"<html", "text/html"), (b"<svg", "image/svg+xml"))
_BINARY_NAMES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".docx", ".xlsx", ".pptx", ".zip"}
IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def check_name(name: str) -> None:
    """Refuse what a double click would run, by any ending that its name has."""
    endings = {ending.lstrip(".").strip().lower() for ending in PurePath(name).suffixes[-2:]}
    if endings & FORBIDDEN:
        raise ValidationError({"file": ValidationError(_("Files of this type are not kept here."), code="file_type")})


def sniff(head: bytes, name: str) -> str:
    """The content type. Refuses programs, and names that promise another kind of file than there is."""
    if head.startswith(_RUNS):
        raise ValidationError({"file": ValidationError(_("Files of this type are not kept here."), code="file_type")})
    ending = PurePath(name).suffix.lower()
    found = _by_sign(head, ending) or _by_text(head, ending)
    if ending in _BINARY_NAMES and (found.startswith("text/") or found == "image/svg+xml" or _differs(found, ending)):
        problem = _("The file is not what its name says. Is it damaged, or renamed?")
        raise ValidationError({"file": ValidationError(problem, code="file_type")})
    return found


def _differs(found: str, ending: str) -> bool:
    """A picture of another kind than its name says does no harm."""
    if found in IMAGES:
        return ending not in (".png", ".jpg", ".jpeg", ".gif", ".webp")
    wanted = {".pdf": "application/pdf", ".zip": "application/zip", **_ZIPPED}.get(ending)
    return (wanted or found) != found or ending in (".png", ".jpg", ".jpeg", ".gif", ".webp")


def _by_sign(head: bytes, ending: str) -> str:
    for sign, kind in _SIGNS:
        if head.startswith(sign):
            return _OLE.get(ending, kind) if kind == "application/x-ole-storage" else kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    return _ZIPPED.get(ending, "application/zip") if head.startswith(b"PK\x03\x04") else ""


def _by_text(head: bytes, ending: str) -> str:
    if b"\x00" in head:
        return "application/octet-stream"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "application/octet-stream"
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith(b"<"):
        return next((kind for sign, kind in _MARKUP if sign in start[:2000]), "text/xml")
    return "text/csv" if ending == ".csv" else "text/plain"


def is_previewed(content_type: str, size: int) -> bool:
    """Whether a browser shows it by itself and no harm comes of that."""
    if content_type in ("text/plain", "text/csv"):
        return size <= 1024 * 1024
    return content_type in IMAGES | {"application/pdf"} and size <= MOST_PREVIEWED


def pixels(head: bytes, content_type: str) -> int:
    """How many an image unfolds to, by its own head; more than any preview shows where that cannot be told."""
    try:
        width, height = _dimensions(head, content_type)
    except (struct.error, IndexError, ValueError):
        return MOST_PIXELS + 1
    return width * height


def _dimensions(head: bytes, content_type: str) -> tuple[int, int]:
    if content_type == "image/png":
        width, height = struct.unpack(">II", head[16:24])
        return width, height
    if content_type == "image/gif":
        width, height = struct.unpack("<HH", head[6:10])
        return width, height
    if content_type == "image/webp":
        return _webp(head)
    at = 2
    while head[at] == 0xFF:
        marker, length = head[at + 1], struct.unpack(">H", head[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[at + 5 : at + 9])
            return width, height
        at += 2 + length
    raise ValueError


def _webp(head: bytes) -> tuple[int, int]:
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", head[26:30])
    return width & 0x3FFF, height & 0x3FFF
