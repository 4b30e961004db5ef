"""What a role asks of those who sign in with it."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kernel.access.models import Role
from kernel.access.sign_in import parse_networks, refusal
from kernel.accounts.sessions import client_ip
from kernel.lib.text import ascii_digits
from kernel.records.change import Stale, edit
from kernel.records.types import registry
from kernel.web.pages import go
from kernel.web.reach import record_of
from kernel.web.settings.forms import ChecksField, SettingsForm, SwitchField
from kernel.web.settings.sections import part_of

NIGHT = gettext_lazy("As 08:30, on the clock of the company. Later than the end means over midnight.")


class NetworksField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", gettext_lazy("Only from these addresses"))
        kwargs.setdefault(
            "help_text", gettext_lazy("Such as 192.0.2.7 or 192.0.2.0/24, with commas between them. Empty: from all.")
        )
        super().__init__(required=False, max_length=2000, widget=forms.TextInput({"dir": "ltr"}), **kwargs)

    def clean(self, value: Any) -> Any:
        return parse_networks(super().clean(value))


class ClockField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=5, widget=forms.TextInput({"dir": "ltr"}), **kwargs)

    def clean(self, value: Any) -> str:
        found = re.fullmatch(r"(\d{1,2})(?::(\d{2}))?", ascii_digits(super().clean(value)).strip() or "0")
        if not value:
            return ""
        if not found or int(found[1]) > 23 or int(found[2] or 0) > 59:
            raise ValidationError(_("Write an hour such as 08:30."), code="clock")
        return f"{int(found[1]):02d}:{found[2] or '00'}"


class SignInForm(SettingsForm):
    second_factor = SwitchField(
        label=gettext_lazy("Ask for a second step"),
        help_text=gettext_lazy("Whoever has none is led to set one up, and does nothing else before."),
        required=False,
    )
    networks = NetworksField()
    days = ChecksField(
        label=gettext_lazy("Only on these days"),
        required=False,
        help_text=gettext_lazy("None chosen: on all of them."),
    )
    begins = ClockField(label=gettext_lazy("Only from"), help_text=NIGHT)
    ends = ClockField(label=gettext_lazy("Until"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        first = 5 if get_language() == "fa" else 0  # a Persian week begins on Saturday
        days = [(first + step) % 7 for step in range(7)]
        self.fields["days"].choices = [(str(day + 1), WEEKDAYS[day]) for day in days]  # type: ignore[attr-defined]

    @classmethod
    def of(cls, role: Role) -> SignInForm:
        asked = role.rules.get("sign_in", {})
        initial = {
            "second_factor": asked.get("second_factor", False), "networks": ", ".join(asked.get("networks", [])),
            "days": [str(day) for day in asked.get("days", [])],
            "begins": asked.get("from", ""), "ends": asked.get("until", ""),
        }  # fmt: skip
        return cls(initial=initial)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if bool(given.get("begins")) != bool(given.get("ends")) and not self.errors:
            self.add_error("ends", _("Write both hours, or neither."))
        return given

    @property
    def asked(self) -> dict[str, Any]:
        given = self.cleaned_data
        days = [int(day) for day in given["days"]]
        found = {
            "second_factor": given["second_factor"], "networks": given["networks"], "days": days,
            "from": given["begins"], "until": given["ends"],
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}


def may_say(request: Any, role: Role) -> bool:
    return request.actor.may_system("*") and request.actor.access(registry["roles"]).may("edit", role)


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """What became of it, as the role's history tells its rows."""
    told = []
    for name, label in (
        ("second_factor", _("Ask for a second step")), ("networks", _("Only from these addresses")),
        ("days", _("Only on these days")), ("from", _("Only from")), ("until", _("Until")),
    ):  # fmt: skip
        held = [rules.get("sign_in", {}).get(name) for rules in (before, after)]
        if held[0] != held[1]:
            told.append({"type": _("Signing in"), "what": label, "words": [_words(one) for one in held]})
    return told


def _words(value: Any) -> str:
    if not value:
        return _("No")
    if isinstance(value, list):
        return _(", ").join(str(WEEKDAYS[one - 1]) if isinstance(one, int) else one for one in value)
    return _("Yes") if value is True else str(value)


@part_of("roles")
@require_POST
def sign_in(request: Any, pk: UUID) -> HttpResponse:
    access, here = request.actor.access(registry["roles"]), f"/settings/roles/{pk}"
    found: Role = record_of(access, pk)
    access.check("edit", found)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return go(request, here, " ".join(str(text) for texts in form.errors.values() for text in texts), tone="bad")
    if request.member.roles.filter(pk=pk).exists():
        now = timezone.localtime(timezone=ZoneInfo(request.tenant.timezone))
        if refusal([form.asked], client_ip(request), now):
            return go(request, here, _("This would shut you out yourself, from here and now."), tone="bad")
    rules = {name: said for name, said in found.rules.items() if name != "sign_in"}
    rules |= {"sign_in": form.asked} if form.asked else {}
    try:
        edit(access, found, {"rules": rules}, int(request.POST.get("version", "0") or 0))
    except ValidationError as error:
        return go(request, here, " ".join(error.messages), tone="bad")
    except Stale:
        return go(request, here, _("Somebody else changed this role meanwhile. Choose again."), tone="warn")
    return go(request, here, _("Saved. It holds from the next click of everybody."), tone="good")
