"""What I am told of, and how: a table of kinds and ways, when to be reminded, and when mail keeps quiet."""

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from crm_core.teamwork.models import Preferences
from crm_core.teamwork.preferences import KINDS, LEADS, MAILS, channel, preferences_of
from crm_core.teamwork.reminders import keep_clock
from kernel.access.actor import Actor
from kernel.lib.text import ascii_digits, persian_digits
from kernel.records.types import registry
from kernel.ui.fields import Field
from kernel.web.pages import go
from kernel.web.settings.sections import page, part_of

HERE = "/settings/notifications"


@part_of("notifications")
@require_http_methods(["GET", "POST"])
def preferences(request: Any) -> HttpResponse:
    actor: Actor = request.actor
    held = preferences_of(request.member.pk)
    if request.method == "POST":
        errors = _read(request.POST, held)
        if not errors:
            values = {name: getattr(held, name) for name in ("channels", "lead", "quiet_from", "quiet_until")}
            Preferences.objects.update_or_create(member=request.member, defaults=values)
            keep_clock(request.member.pk)
            return go(request, HERE, _("Your choice is saved."), tone="good")
    else:
        errors = {}
    kinds = [
        {
            "kind": kind, "app": channel(held, kind.code).app, "mail": channel(held, kind.code).mail,
        }
        for kind in KINDS.values()
        if not kind.right or actor.access(registry[kind.right]).may("view")
    ]  # fmt: skip
    drawn = [
        Field("lead", _("Remind me"), "select", held.lead, options=LEADS,
              help=_("Of what says nothing else itself. What is due on a day, without an hour, is told at nine.")),
        _clock(request, "quiet_from", _("No mail from"), held.quiet_from, errors),
        _clock(request, "quiet_until", _("Until"), held.quiet_until, errors),
    ]  # fmt: skip
    context = {"kinds": kinds, "mails": MAILS, "lead": drawn[0], "quiet": drawn[1:], "errors": errors}
    return page(request, "teamwork/preferences.html", context, 422 if errors else 200)


def _clock(request: Any, name: str, label: str, value: dt.time | None, errors: dict[str, str]) -> Field:
    written = persian_digits if request.actor.format.language == "fa" else str
    shown = request.POST.get(name, "") if name in errors else written(value.strftime("%H:%M")) if value else ""
    return Field(
        name, label, "text", shown, placeholder=written("22:00" if name == "quiet_from" else "07:00"),
        errors=[errors[name]] if name in errors else (),
    )  # fmt: skip


def _read(posted: Any, held: Preferences) -> dict[str, str]:
    """Take what was posted; answers what is wrong with it, by field."""
    errors: dict[str, str] = {}
    mails = {code for code, _label in MAILS}
    for code in KINDS:
        mail = posted.get(f"mail-{code}")
        if mail in mails:
            held.channels[code] = {"app": f"app-{code}" in posted, "mail": mail}
    if posted.get("lead") in {code for code, _label in LEADS}:
        held.lead = posted["lead"]
    for name in ("quiet_from", "quiet_until"):
        text = ascii_digits(posted.get(name, "")).strip()
        try:
            setattr(held, name, dt.time.fromisoformat(text.zfill(5)) if text else None)
        except ValueError:
            errors[name] = _("Type a time such as 22:00.")
    if not errors and (held.quiet_from is None) != (held.quiet_until is None):
        errors["quiet_until" if held.quiet_until is None else "quiet_from"] = _("Say both when it begins and ends.")
    return errors
