"""Open tasks, calls and meetings as lines of a page: what it is, what it is about, when it is due, done and put off."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.lib.format import Format
from kernel.records.agenda import Entry
from kernel.records.show import Labels
from kernel.ui.templatetags.ui import avatar, icon
from kernel.web.reach import record_url


@dataclass(frozen=True)
class Todo:
    url: str
    label: str
    icon: str
    type_label: str
    when: SafeString | str
    is_step: bool
    may_change: bool
    is_urgent: bool = False
    repeats: bool = False
    about: str = ""
    about_url: str = ""
    owner: SafeString | str = ""


def todos_of(actor: Actor, entries: Iterable[Entry], *, with_about: bool = True) -> list[Todo]:
    """Drawn for one viewer, with as many queries for many as for few. Whose it is is said of others' only."""
    entries = list(entries)
    labels = Labels(actor)
    wanted: dict[str, set[UUID]] = {"members": {e.record.owner_id for e in entries if e.record.owner_id}}
    if with_about:
        for entry in entries:
            if entry.is_step and entry.record.about_id:
                wanted.setdefault(entry.record.about_type, set()).add(entry.record.about_id)
    labels.load(wanted)
    return [_todo(actor, labels, entry, with_about) for entry in entries]


def _todo(actor: Actor, labels: Labels, entry: Entry, with_about: bool) -> Todo:
    record, access = entry.record, actor.access(entry.rtype)
    about, about_url = "", ""
    if entry.is_step and with_about and record.about_id:
        about = labels.get(record.about_type, record.about_id) or ""
        about_url = record_url(record.about_type, record.about_id)
    is_mine = actor.member is not None and record.owner_id == actor.member.pk
    owner = "" if is_mine else labels.get("members", record.owner_id)
    readable = access.readable()
    return Todo(
        url=record_url(entry.rtype.slug, record.pk),
        label=record.label or str(entry.rtype.label),
        icon=entry.rtype.icon,
        type_label=str(entry.rtype.label),
        when=when(actor.format, entry.due),
        is_step=entry.is_step,
        may_change=entry.is_step and access.may("edit", record) and entry.rtype.due_field in access.editable(),
        is_urgent="priority" in readable and getattr(record, "priority", "") == "high",
        repeats="repeat" in readable and bool(getattr(record, "repeat", "")),
        about=about,
        about_url=about_url,
        owner=avatar(owner, record.owner_id) if owner else "",
    )


def when(fmt: Format, due: datetime | None) -> SafeString | str:
    """In words and colour: a day that is past is called so, a clock time is said where there is one."""
    if due is None:
        return ""
    local = fmt.local(due)
    days = (local.date() - fmt.today()).days
    clock = fmt.time(due) if (local.hour, local.minute) != (0, 0) else ""
    day = {0: _("Today"), 1: _("Tomorrow"), -1: _("Yesterday")}.get(days) or fmt.near_date(local.date())
    if days == 0 and clock:
        text = clock
    elif clock and days > 0:
        text = _("%(day)s, %(clock)s") % {"day": day, "clock": clock}
    else:
        text = day
    if days < 0:
        text = _("Overdue: %(day)s") % {"day": day}
    tone = "late" if days < 0 else "today" if days == 0 else ""
    return format_html(
        '<time class="due {}" datetime="{}" title="{}">{}{}</time>',
        tone, due.isoformat(), fmt.datetime(due, "long"), icon("calendar-due"), text,
    )  # fmt: skip


def next_step(fmt: Format, due: datetime | None, *, with_icon: bool = True, planned: str = "") -> SafeString:
    """The mark of a record that ought to have a next step: none, late or planned, in words as well as in colour.

    `planned` takes the place of a later date, where that stands beside the mark."""
    mark = icon("calendar-due") if with_icon else ""
    if due is None:
        return format_html('<span class="due none">{}{}</span>', mark, _("No next step"))
    local = fmt.local(due).date()
    days = (local - fmt.today()).days
    words = {0: _("Today"), 1: _("Tomorrow")}.get(days) or planned or fmt.near_date(local)
    if days < 0:
        words = _("Overdue")
    tone = "late" if days < 0 else "today" if days == 0 else "planned"
    return format_html(
        '<time class="due {}" datetime="{}" title="{}">{}{}</time>',
        tone, due.isoformat(), fmt.datetime(due, "long"), mark, words,
    )  # fmt: skip


def is_waiting(rtype: Any, record: Any, name: str) -> bool:
    """Whether this field of the record tells of a next step that it still ought to have."""
    return bool(name) and name == rtype.next_step_field and bool(rtype.open_when) and getattr(record, "is_open", True)
