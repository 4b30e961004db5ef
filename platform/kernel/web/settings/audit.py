"""The audit log: who did what, when and from where; searched by person, record, field, act and days."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kernel.access.actor import Actor
from kernel.events.models import Event, Retention
from kernel.events.names import tell_settings
from kernel.events.noting import note_settings
from kernel.lib.text import isolated
from kernel.records.auditing import ACTS, DOORS, Asked, AuditLog, Line, read_asked
from kernel.records.kinds.relations import read_id
from kernel.records.types import registry
from kernel.ui.fields import Field
from kernel.web.controls import label_of
from kernel.web.pages import go
from kernel.web.pages import page as plain_page
from kernel.web.reach import record_url
from kernel.web.settings.sections import page, part_of
from kernel.web.timeline import Change, day_label, look_of

HERE = "/settings/audit"
SIZE = 50
FEW = 4
KEPT = {
    "": gettext_lazy("For ever"),
    "1": gettext_lazy("1 year"),
    "2": gettext_lazy("2 years"),
    "3": gettext_lazy("3 years"),
    "5": gettext_lazy("5 years"),
    "7": gettext_lazy("7 years"),
    "10": gettext_lazy("10 years"),
}
KEPT_CHANGED = tell_settings(
    "audit.retention_changed",
    gettext_lazy("%(who)s chose how long events are kept"),
    {"years": gettext_lazy("Keep events")},
    lambda actor, name, value: str(KEPT.get(str(value), value)),
)


@dataclass(frozen=True)
class Shown:
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
    params = request.GET
    asked, errors = read_asked(actor, params)
    before = read_id(params.get("cursor", ""))
    if params.get("cursor") and before is None:
        raise Http404
    log = AuditLog(actor, asked)
    entries, following = log.page(SIZE, before)
    days = [
        {"label": day_label(day, actor), "lines": [_shown(actor, log.line(entry)) for entry in group]}
        for day, group in groupby(entries, key=lambda entry: actor.format.local(entry.event.at).date())
    ]
    kept = {name: value for name, value in params.items() if value and name != "cursor"}
    context = {
        "days": days, "more": f"/settings/audit?{urlencode({**kept, 'cursor': str(following)})}" if following else "",
        "controls": _controls(actor, asked, params, errors), "is_narrowed": bool(kept),
        "keep": _kept() if actor.may_system("*") else None,
        "may_export": actor.may_system("export"), "query": urlencode(kept),
    }  # fmt: skip
    if request.headers.get("HX-Request"):
        return plain_page(request, "settings/_audit.html", context)
    return page(request, "settings/audit.html", context, 422 if errors else 200)


@part_of("audit")
@require_POST
def keep(request: Any) -> HttpResponse:
    """For how long. Only whoever may do everything: what is removed is nobody's to bring back."""
    if not request.actor.may_system("*"):
        raise PermissionDenied(_("Your role does not allow this."))
    text = request.POST.get("years", "")
    if text not in KEPT:
        return go(request, HERE, _("Choose one of the answers offered."), tone="bad")
    before = Retention.objects.values_list("years", flat=True).first()
    years = int(text) if text else None
    Retention.objects.update_or_create(only=True, defaults={"years": years})
    note_settings(request.actor, KEPT_CHANGED, {"years": before}, {"years": years})
    return go(request, HERE, _("Saved."), tone="good")


def _kept() -> Field:
    years = Retention.objects.values_list("years", flat=True).first()
    help_text = _(
        "What is older is removed for good, from the history of records too. That it was is an event of its own. "
        "While anything is under legal hold, nothing is removed."
    )
    return Field(
        "years", _("Keep events"), "select", str(years or ""), help=help_text, options=list(KEPT.items())
    )  # fmt: skip


def _controls(actor: Actor, asked: Asked, params: Any, errors: dict[str, str]) -> list[Field]:
    auto = {"data-auto": ""}
    rtype = registry.get(asked.record_type)
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
        Field("ip", _("IP address"), "text", params.get("ip", ""), errors=errors.get("ip", "")),
    ]
    if rtype:
        label = actor.access(rtype).records().filter(pk=asked.record).values_list("label", flat=True).first()
        fields = [(name, label_of(spec)) for name, spec in actor.access(rtype).readable().items()]
        controls[2:2] = [
            Field("field", _("Field"), "select", asked.field, empty=_("All"), options=fields),
            Field(
                "record", _("One record"), "combobox", url=f"/r/{rtype.slug}/options",
                chosen=[(str(asked.record), label)] if label else [],
            ),
        ]  # fmt: skip
    return controls


def _shown(actor: Actor, line: Line) -> Shown:
    event, row = line.entry.event, line.entry.child
    url = record_url(event.record_type, row.pk) if row is not None and row.deleted_at is None else ""
    where = " · ".join(filter(None, (line.door, event.ip and isolated(event.ip))))
    changes, folded = [Change(*change) for change in line.changes], ""
    if len(changes) > FEW:
        folded = _("%(count)s fields") % {"count": actor.format.number(len(changes))}
    sentence = line.entry.sentence(isolated(line.entry.who))
    return Shown(event, sentence, *look_of(event), line.what, url, where, changes, folded)
