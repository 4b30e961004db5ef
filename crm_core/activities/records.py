"""Notes, tasks, calls and meetings: what hangs on other records."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm_core.activities import actions
from crm_core.activities.models import Call, Meeting, Note, Task
from crm_core.activities.recurring import WEEKDAYS, make_next, settle_rule, take_next_back
from kernel.access.actor import Actor
from kernel.events.models import Event
from kernel.events.names import tell
from kernel.lib.mentions import without
from kernel.lib.planning import LATER_TODAY, NEXT_WEEK, TOMORROW
from kernel.records.kinds import KINDS
from kernel.records.specs import FieldSpec, spec_of
from kernel.records.types import Panel, RecordType, Verb, field, register

DAYS = tuple(
    zip(
        WEEKDAYS,
        (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
        strict=True,
    )
)
BODY = field("body", extra={"mentions": True})
PUT_OFF = (
    (LATER_TODAY, _("Later today")),
    (TOMORROW, _("Tomorrow")),
    (NEXT_WEEK, _("Next week")),
)


@register
class Notes(RecordType):
    slug, model = "notes", Note
    label, label_plural = _("Note"), _("Notes")
    icon = "note"
    fields = ("subject", BODY, field("about_id", kind="about", name="about", label=_("About"), required=True))
    label_field = "subject"
    columns = ("subject", "about", "created_by", "created_at")
    filters = ("created_by",)
    search = ("subject", "body")
    panels = (Panel(_("Note"), ("subject", "body", "about")),)
    parent = True
    in_menu = False
    can_import = False
    compose = ("body",)
    then = "tasks"

    def label_of(self, record: Any) -> str:
        return record.subject or " ".join(without(record.body).split())[:80]


class Planned(RecordType):
    """Something to be done by somebody at some time, and done or not."""

    label_field = "subject"
    search = ("subject", "body")
    parent = True
    in_menu = False
    can_import = False

    def event_of(self, event: str, changes: Mapping[str, Any]) -> str:
        if event == f"{self.name}.updated" and "done_at" in changes:
            return f"{self.name}.done" if changes["done_at"][1] else f"{self.name}.reopened"
        return event


def verbs_of(name: str, model: Any, due: str, *asked: FieldSpec) -> tuple[Verb, ...]:
    """What one may do with a planned row; `asked` is what having it done may say."""
    to = FieldSpec("to", _("Until"), KINDS["choice"], "to", choices=PUT_OFF, extra={"asks": True})
    return (
        Verb(
            "done", f"{name}.done", pgettext_lazy("verb", "Done"), "check", actions.done, fields=asked,
            applies=lambda row: row.done_at is None, done=_("Done."), tone="good", permission="edit", undo="reopen",
        ),
        Verb(
            "reopen", f"{name}.reopened", _("Reopen"), "rotate", actions.reopen,
            applies=lambda row: row.done_at is not None, done=_("Open again."), permission="edit",
        ),
        Verb(
            "snooze", f"{name}.snoozed", _("Put off"), "clock", actions.snooze,
            fields=(to, spec_of(model, due, required=False)),
            applies=lambda row: row.done_at is None, done=_("Put off."), permission="edit",
            undo="snooze", restores=(due,),
        ),
        Verb(
            "reassign", f"{name}.reassigned", _("Hand over"), "user-check", actions.reassign,
            fields=(spec_of(model, "owner", required=True),), done=_("Handed over."), permission="edit",
        ),
    )  # fmt: skip


@register
class Tasks(Planned):
    slug, model = "tasks", Task
    label, label_plural = _("Task"), _("Tasks")
    icon = "checkbox"
    fields = (
        "subject", BODY, field("about_id", kind="about", name="about", label=_("About")),
        field("due_at", extra={"due": True}), "reminder", "priority", "repeat",
        field("repeat_days", kind="choices", choices=DAYS), "repeat_until", "repeat_count", "done_at",
    )  # fmt: skip
    columns = ("subject", "about", "due_at", "priority", "owner", "done_at")
    essentials = ("subject", "about", "due_at", "owner", "body")
    filters = ("owner", "due_at", "done_at", "priority")
    sort = "due_at"
    panels = (
        Panel(_("Task"), ("subject", "about", "due_at", "reminder", "priority", "owner", "team", "body", "done_at")),
        Panel(_("Repeats"), ("repeat", "repeat_days", "repeat_until", "repeat_count")),
    )
    due_field = "due_at"
    compose = ("subject", "due_at", "owner")
    verbs = verbs_of("task", Task, "due_at")

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        settle_rule(record, actor, changed)

    def follow(self, record: Any, event: Event) -> None:
        if event.name == "task.done":
            make_next(self, record, event)
        elif event.name == "task.reopened":
            take_next_back(self, record, event)


class Conversation(Planned):
    """What takes place between people. One in the past has taken place: nobody has to tick off what they report."""

    due_field = "at"
    is_contact = True
    sort = "-at"

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        now = timezone.now()
        if record.is_new and record.done_at is None and (record.at is None or record.at <= now):
            record.done_at = record.at or now
        record.at = record.at or record.done_at


@register
class Calls(Conversation):
    slug, model = "calls", Call
    label, label_plural = _("Call"), _("Calls")
    icon = "phone"
    fields = (
        "subject", field("about_id", kind="about", name="about", label=_("About"), required=True),
        "direction", "outcome", field("at", extra={"due": True}), "reminder", "duration", BODY, "done_at",
    )  # fmt: skip
    columns = ("subject", "about", "outcome", "at", "duration", "owner")
    filters = ("owner", "outcome", "direction", "at", "done_at")
    panels = (
        Panel(
            _("Call"),
            (
                "about",
                "direction",
                "outcome",
                "at",
                "reminder",
                "duration",
                "subject",
                "body",
                "owner",
                "team",
                "done_at",
            ),
        ),
    )
    compose = ("outcome", "body", "duration", "direction")
    then = "tasks"
    verbs = verbs_of("call", Call, "at", spec_of(Call, "outcome"), spec_of(Call, "duration"))

    def label_of(self, record: Any) -> str:
        said = " ".join(without(record.body).split())[:80]
        return record.subject or said or str(record.get_outcome_display() or self.label)


@register
class Meetings(Conversation):
    slug, model = "meetings", Meeting
    label, label_plural = _("Meeting"), _("Meetings")
    icon = "users-group"
    fields = (
        "subject", field("about_id", kind="about", name="about", label=_("About"), required=True),
        field("at", extra={"due": True}), "reminder", "duration", "place",
        field("participants", kind="references", extra={"types": ("members", "contacts")}), BODY, "done_at",
    )  # fmt: skip
    columns = ("subject", "about", "at", "place", "participants", "owner")
    filters = ("owner", "at", "done_at")
    panels = (
        Panel(
            _("Meeting"),
            (
                "subject",
                "about",
                "at",
                "reminder",
                "duration",
                "place",
                "participants",
                "body",
                "owner",
                "team",
                "done_at",
            ),
        ),
    )
    compose = ("subject", "at", "place", "participants")
    verbs = verbs_of("meeting", Meeting, "at")


tell("note.created", _("%(who)s wrote a note"))
tell("note.updated", _("%(who)s changed a note"))
tell("note.deleted", _("%(who)s moved a note to the trash"))
tell("note.restored", _("%(who)s restored a note"))
tell("task.created", _("%(who)s added a task"))
tell("task.updated", _("%(who)s changed a task"))
tell("task.deleted", _("%(who)s moved a task to the trash"))
tell("task.restored", _("%(who)s restored a task"))
tell("task.done", _("%(who)s finished a task"))
tell("task.reopened", _("%(who)s reopened a task"))
tell("task.snoozed", _("%(who)s put a task off"))
tell("task.reassigned", _("%(who)s handed a task over"))
tell("call.created", _("%(who)s added a call"))
tell("call.updated", _("%(who)s changed a call"))
tell("call.deleted", _("%(who)s moved a call to the trash"))
tell("call.restored", _("%(who)s restored a call"))
tell("call.done", _("%(who)s finished a call"))
tell("call.reopened", _("%(who)s reopened a call"))
tell("call.snoozed", _("%(who)s put a call off"))
tell("call.reassigned", _("%(who)s handed a call over"))
tell("meeting.created", _("%(who)s added a meeting"))
tell("meeting.updated", _("%(who)s changed a meeting"))
tell("meeting.deleted", _("%(who)s moved a meeting to the trash"))
tell("meeting.restored", _("%(who)s restored a meeting"))
tell("meeting.done", _("%(who)s finished a meeting"))
tell("meeting.reopened", _("%(who)s reopened a meeting"))
tell("meeting.snoozed", _("%(who)s put a meeting off"))
tell("meeting.reassigned", _("%(who)s handed a meeting over"))
