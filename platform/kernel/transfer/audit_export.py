"""The audit log as a file: what its page tells this viewer, a line for each field that changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.actor import Actor
from kernel.records.auditing import LOG, RIGHT, AuditLog, Line, read_asked
from kernel.transfer.exporting import Other, others
from kernel.transfer.writers import Value

PIECE = 500
ISOLATES = str.maketrans("", "", "\u2068\u2069")


def _log(actor: Actor, query: Mapping[str, str]) -> AuditLog:
    asked, errors = read_asked(actor, query)
    if errors:
        raise ValidationError(errors)
    return AuditLog(actor, asked)


def _header() -> list[str]:
    return [
        _("When"), _("Who"), _("What was done"), _("To what"), _("Field"), _("Before"), _("After"), _("By way of"),
        _("IP address"), _("Event"), "ID",
    ]  # fmt: skip


def _pieces(actor: Actor, query: Mapping[str, str]) -> Iterator[tuple[int, list[list[Value]]]]:
    for lines in _log(actor, query).lines(PIECE):
        yield len(lines), [row for line in lines for row in _rows(line)]


def _rows(line: Line) -> Iterator[list[Value]]:
    event = line.entry.event
    first: list[Value] = [event.at, line.entry.who, line.entry.sentence(), line.what.translate(ISOLATES)]
    last: list[Value] = [line.door, event.ip or "", event.name, str(event.pk)]
    for label, before, after in line.changes or [("", "", "")]:
        yield [*first, label, before, after, *last]


others[LOG] = Other(
    label=gettext_lazy("Audit log"),
    url="/settings/audit",
    right=RIGHT,
    header=_header,
    count=lambda actor, query, most: _log(actor, query).count(most),
    pieces=_pieces,
)
