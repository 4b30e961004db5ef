"""The audit log: who did what, when and from where; searched by person, record, field, act and days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kernel.access.actor import Actor
from kernel.events.models import Event
from kernel.events.names import settings_events
from kernel.lib.errors import ParseError
from kernel.lib.text import isolated
from kernel.records.auditing import Asked, AuditLog
from kernel.records.kinds.relations import read_id
from kernel.records.sensitive import READ
from kernel.records.timeline import Entry
from kernel.records.types import RecordType, registry
from kernel.ui.fields import Field
from kernel.web.controls import label_of
from kernel.web.pages import page as plain_page
from kernel.web.reach import record_url
from kernel.web.settings.sections import page, part_of
from kernel.web.timeline import Change, changes_of, day_label, look_of

SIZE = 50
FEW = 4
ACTS = {
    "created": gettext_lazy("Created"),
    "updated": gettext_lazy("Changed"),
    "deleted": gettext_lazy("Moved to the trash"),
    "restored": gettext_lazy("Restored"),
    "purged": gettext_lazy("Removed for good"),
    "merged": gettext_lazy("Merged"),
    "shared": gettext_lazy("Shared"),
    "downloaded": gettext_lazy("File downloaded"),
    "read": gettext_lazy("Many records or protected fields read"),
    "finished": gettext_lazy("Imported, exported or changed in bulk"),
    "rules_changed": gettext_lazy("Rules of a role changed"),
    "viewed_as": gettext_lazy("Viewed as somebody else"),
    "signed_in": gettext_lazy("Signed in"),
    "sign_in_failed": gettext_lazy("Sign-in refused"),
    "settings_changed": gettext_lazy("Company settings changed"),
}
DOORS = {
    "page": gettext_lazy("Page"),
    "api": gettext_lazy("API"),
    "import": gettext_lazy("Import"),
    "job": gettext_lazy("By itself"),
    "form": gettext_lazy("Web form"),
    "operator": gettext_lazy("Peyvand"),
}


# How somebody came in, or failed to.
WAYS = {
    "password": gettext_lazy("password"),
    "totp": gettext_lazy("code of an app"),
    "recovery": gettext_lazy("recovery code"),
    "passkey": gettext_lazy("passkey"),
    "crossing": gettext_lazy("from another workspace or the site"),
    "reset": gettext_lazy("link to a new password"),
    "invitation": gettext_lazy("invitation"),
    "provider": gettext_lazy("the company’s provider"),
}


@dataclass(frozen=True)
class Line:
    event: Event
    sentence: str
    icon: str
    tone: str
    what: str
    url: str
    where: str
    changes: list[Change]
    folded: str


@part_of("audit")
@require_safe
def audit(request: Any) -> HttpResponse:
    actor: Actor = request.actor
    params, errors = request.GET, dict[str, str]()
    rtype = registry.get(params.get("type", ""))
    rtype = rtype if rtype and actor.access(rtype).may("view") else None
    fields = {name: label_of(spec) for name, spec in actor.access(rtype).readable().items()} if rtype else {}
    asked = Asked(
        read_id(params.get("member", "")), rtype.slug if rtype else "", read_id(params.get("record", "")),
        params.get("field", "") if params.get("field", "") in fields else "", _one_of(ACTS, params.get("act", "")),
        _one_of(DOORS, params.get("via", "")), _day(actor, params, "from", errors), _day(actor, params, "to", errors),
    )  # fmt: skip
    before = read_id(params.get("cursor", ""))
    if params.get("cursor") and before is None:
        raise Http404
    entries, following = AuditLog(actor, asked).page(SIZE, before)
    days = [
        {"label": day_label(day, actor), "lines": [_line(actor, entry) for entry in group]}
        for day, group in groupby(entries, key=lambda entry: actor.format.local(entry.event.at).date())
    ]
    kept = {name: value for name, value in params.items() if value and name != "cursor"}
    context = {
        "days": days, "more": f"/settings/audit?{urlencode({**kept, 'cursor': str(following)})}" if following else "",
        "controls": _controls(actor, asked, rtype, fields, params, errors), "is_narrowed": bool(kept),
    }  # fmt: skip
    if request.headers.get("HX-Request"):
        return plain_page(request, "settings/_audit.html", context)
    return page(request, "settings/audit.html", context, 422 if errors else 200)


def _settings(actor: Actor, event: Event) -> list[Change]:
    """What became of settings that are no records."""
    told = settings_events.get(event.name)
    if told is None:
        return []

    def words(name: str, value: Any) -> str:
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        return told.words(actor, name, value) if told.words else str(value)

    kept = [(label, event.changes[name], name) for name, label in told.labels.items() if name in event.changes]
    return [Change(str(label), words(name, before), words(name, after)) for label, (before, after), name in kept]


def _one_of(known: Any, text: str) -> str:
    return text if text in known else ""


def _day(actor: Actor, params: Any, name: str, errors: dict[str, str]) -> date | None:
    try:
        return actor.format.parse_date(params[name]) if params.get(name, "").strip() else None
    except ParseError as error:
        errors[name] = str(error.message)
        return None


def _controls(
    actor: Actor, asked: Asked, rtype: RecordType | None, fields: dict[str, str], params: Any, errors: dict[str, str]
) -> list[Field]:
    auto = {"data-auto": ""}
    types = [(r.slug, str(r.label_plural)) for r in registry.values() if actor.access(r).may("view")]
    people = actor.access(registry["members"])
    controls = []
    if people.may("view"):
        named = people.records().filter(pk=asked.member).values_list("pk", "label") if asked.member else []
        chosen = [(str(pk), label) for pk, label in named]
        controls.append(Field("member", _("Who"), "combobox", url="/r/members/options", chosen=chosen))
    controls += [
        Field("type", _("Records"), "select", asked.record_type, empty=_("All"), options=types, attrs=auto),
        Field("act", _("What was done"), "select", asked.act, empty=_("All"), options=list(ACTS.items())),
        Field("via", _("By way of"), "select", asked.via, empty=_("All"), options=list(DOORS.items())),
        Field("from", _("From"), "date", params.get("from", ""), errors=errors.get("from", "")),
        Field("to", _("To"), "date", params.get("to", ""), errors=errors.get("to", "")),
    ]
    if rtype:
        label = actor.access(rtype).records().filter(pk=asked.record).values_list("label", flat=True).first()
        controls[2:2] = [
            Field("field", _("Field"), "select", asked.field, empty=_("All"), options=list(fields.items())),
            Field(
                "record", _("One record"), "combobox", url=f"/r/{rtype.slug}/options",
                chosen=[(str(asked.record), label)] if label else [],
            ),
        ]  # fmt: skip
    return controls


def _line(actor: Actor, entry: Entry) -> Line:
    event, row = entry.event, entry.child
    rtype = registry.get(event.record_type)
    what, url = str(rtype.label if event.record_id else rtype.label_plural) if rtype else "", ""
    if rtype and row is not None and rtype.label_field in actor.access(rtype).readable(row) and row.label:
        what = f"{what} {isolated(row.label)}"
    if rtype and row is not None and row.deleted_at is None:
        url = record_url(rtype.slug, row.pk)
    count = event.changes.get("count", [None, None])[1]
    if isinstance(count, int):
        what = f"{what} ({actor.format.number(count)})"
    where = " · ".join(filter(None, (str(DOORS.get(event.via, event.via)), event.ip or "")))
    if way := WAYS.get(event.changes.get("way", [None, ""])[1]):
        what = f"{what} · {way}"
    if rtype and event.name == READ:
        known = actor.access(rtype).shown()
        named = [label_of(known[name]) for name in event.changes["fields"][1] if name in known]
        what = f"{what} · {_(', ').join(named)}" if named else what
    sentence = entry.sentence(isolated(entry.who))
    changes, folded = [*changes_of(entry), *_settings(actor, event)], ""
    if len(changes) > FEW:
        folded = _("%(count)s fields") % {"count": actor.format.number(len(changes))}
    return Line(event, sentence, *look_of(event), what, url, where, changes, folded)
