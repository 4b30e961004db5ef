"""Translation catalogues by Babel alone: no gettext programs are needed on the machine.

Python sources are read by Babel, templates through Django's own reading of them. A catalogue is ordered by its English
text and names files without line numbers, so that two branches that add sentences rarely touch the same lines.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

SOURCES = ["platform", "tenants", "crm_core", "billing", "integrations"]
SKIPPED = {"node_modules", "migrations", "assets", "__pycache__"}

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "now": None,  # gettext, in files where `_` is gettext_lazy
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

_STRING = r"""(?:u?"(?:[^"\\]|\\.)*"|u?'(?:[^'\\]|\\.)*')"""
_TEMPLATE_CALL = re.compile(rf"\b(npgettext|ngettext|pgettext|gettext|_)\(\s*({_STRING}(?:\s*,\s*{_STRING})*)")
_PLACEHOLDER = re.compile(r"%\(\w+\)[sdif]|%[sdif]|\{\w*\}")


@dataclass(frozen=True)
class Found:
    """One translatable text and the file that has it."""

    id: str | tuple[str, str]
    context: str | None
    file: str


def extract() -> list[Found]:
    """Every translatable text of the sources."""
    found: list[Found] = []
    for path in sorted(_files()):
        file = path.relative_to(settings.ROOT).as_posix()
        reader = _from_python if path.suffix == ".py" else _from_template
        found += [Found(id, context, file) for id, context in reader(path)]
    return found


def _files() -> Iterator[Path]:
    for source in SOURCES:
        for path in (settings.ROOT / source).rglob("*"):
            if path.suffix in (".py", ".html", ".txt") and not SKIPPED & set(path.parts):
                yield path


def _from_python(path: Path) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    for _, name, arguments, _ in extract_python(BytesIO(path.read_bytes()), KEYWORDS, [], {}):
        # A text alone comes as itself, several as a list, none as None.
        texts: Any = arguments
        given = [texts] if isinstance(texts, str) else [part for part in texts or () if part]
        yield from _message(str(name).removesuffix("_lazy"), given)


def _from_template(path: Path) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    text = path.read_text(encoding="utf-8")
    if "{%" not in text and "{{" not in text:
        return
    for name, arguments in _TEMPLATE_CALL.findall(templatize(text, origin=str(path))):
        yield from _message(name, [ast.literal_eval(part) for part in re.findall(_STRING, arguments)])


def _message(name: str, arguments: list[str]) -> Iterator[tuple[str | tuple[str, str], str | None]]:
    """What a call of `name` with these texts asks to translate; nothing when its texts aren't literal."""
    context = None
    if name in ("pgettext", "npgettext"):
        if len(arguments) < 2:
            return
        context, *arguments = arguments
    if name in ("ngettext", "npgettext"):
        if len(arguments) >= 2:
            yield (arguments[0], arguments[1]), context
    elif arguments:
        yield arguments[0], context


def languages() -> list[str]:
    """Those that need a catalogue: all but English, which the sources are written in."""
    return [code for code, _ in settings.LANGUAGES if code != "en"]


def catalogue_path(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def read(language: str) -> Catalog:
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language)
    return read_po(BytesIO(path.read_bytes()), locale=language)


def merge(language: str) -> tuple[Catalog, list[str]]:
    """The catalogue for today's sources: known translations kept, vanished texts dropped; with the new texts."""
    known = read(language)
    merged = Catalog(locale=language)
    new: list[str] = []
    for found in extract():
        # Of a text that stands alone and in a plural elsewhere, the plural holds both.
        present = merged.get(_key(found.id), found.context)
        if present is not None and not isinstance(present.id, str) and isinstance(found.id, str):
            present.locations.append((found.file, 0))
            continue
        old = known.get(_key(found.id), found.context)
        translation = old.string if old is not None and _fits(old, found.id) else ""
        if not translation or (not isinstance(translation, str) and not any(translation)):
            new.append(_key(found.id))
        merged.add(
            found.id,
            string=translation if not isinstance(found.id, str) or isinstance(translation, str) else "",
            locations=[(found.file, 0)],
            flags=(old.flags - {"python-format", "python-brace-format"}) if old is not None else (),
            user_comments=old.user_comments if old is not None else (),
            context=found.context,
        )
    for message in merged:
        message.locations = sorted(set(message.locations))
    return merged, sorted(set(new))


def _key(id: str | tuple[str, str] | list[str]) -> str:
    return id if isinstance(id, str) else id[0]


def _fits(old: Message, id: str | tuple[str, str]) -> bool:
    return isinstance(old.id, str) == isinstance(id, str)


def as_po(catalogue: Catalog) -> str:
    """The file's text, without dates and the names of programs, which would differ at each run."""
    buffer = BytesIO()
    write_po(buffer, catalogue, width=100, sort_output=True, include_lineno=False, ignore_obsolete=True)
    kept = ("Content-Type", "Content-Transfer-Encoding", "Language:", "Plural-Forms", "MIME-Version")
    lines: list[str] = []
    in_header = True
    for line in buffer.getvalue().decode("utf-8").splitlines():
        if in_header and line.startswith("#"):
            continue
        if in_header and line.startswith('"') and not line.startswith(tuple(f'"{name}' for name in kept)):
            continue
        if not line:
            in_header = False
        lines.append(line)
    return "\n".join(lines).strip("\n") + "\n"


def compile_all() -> list[Path]:
    """Writes the .mo beside each .po."""
    written = []
    for language in languages():
        target = catalogue_path(language).with_suffix(".mo")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            write_mo(file, read(language))
        written.append(target)
    return written


def problems(language: str) -> list[str]:
    """What keeps the catalogue from being complete and right, a sentence each."""
    known = read(language)
    found: dict[tuple[str, str | None], str] = {}
    for text in extract():
        found.setdefault((_key(text.id), text.context), text.file)
    said = []
    for (id, context), file in sorted(found.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        message = known.get(id, context)
        strings = [] if message is None else _strings(message)
        if message is None or not strings or not all(strings):
            said.append(f"No translation: {id!r} ({file})")
            continue
        if message.fuzzy:
            said.append(f"Marked as fuzzy: {id!r} ({file})")
        # The singular may leave its number out ("one deal"), so each form is held against the plural's placeholders.
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        wanted = set().union(*(_PLACEHOLDER.findall(part) for part in ids))
        for string in strings:
            if set(_PLACEHOLDER.findall(string)) != wanted:
                said.append(f"Placeholders differ: {id!r} -> {string!r} ({file})")
    return said


def _strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or ())
