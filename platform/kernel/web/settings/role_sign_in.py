"""What a role asks of those who sign in with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kernel.access.models import Role
from kernel.records.change import Stale, edit
from kernel.records.types import registry
from kernel.web.pages import go
from kernel.web.reach import record_of
from kernel.web.settings.forms import SettingsForm, SwitchField
from kernel.web.settings.sections import part_of


class SignInForm(SettingsForm):
    second_factor = SwitchField(
        label=gettext_lazy("Ask for a second step"),
        help_text=gettext_lazy("Whoever has none is led to set one up, and does nothing else before."),
        required=False,
    )

    @classmethod
    def of(cls, role: Role) -> SignInForm:
        return cls(initial=role.rules.get("sign_in", {}))

    @property
    def asked(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}


def may_say(request: Any, role: Role) -> bool:
    return request.actor.may_system("*") and request.actor.access(registry["roles"]).may("edit", role)


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """What became of it, as the role's history tells its rows."""
    told = []
    for name, label in (("second_factor", _("Ask for a second step")),):
        held = [rules.get("sign_in", {}).get(name) for rules in (before, after)]
        if held[0] != held[1]:
            words = [_("Yes") if one else _("No") for one in held]
            told.append({"type": _("Signing in"), "what": label, "words": words})
    return told


@part_of("roles")
@require_POST
def sign_in(request: Any, pk: UUID) -> HttpResponse:
    access, here = request.actor.access(registry["roles"]), f"/settings/roles/{pk}"
    found: Role = record_of(access, pk)
    access.check("edit", found)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return go(request, here, " ".join(str(text) for texts in form.errors.values() for text in texts), tone="bad")
    rules = {name: said for name, said in found.rules.items() if name != "sign_in"}
    rules |= {"sign_in": form.asked} if form.asked else {}
    try:
        edit(access, found, {"rules": rules}, int(request.POST.get("version", "0") or 0))
    except ValidationError as error:
        return go(request, here, " ".join(error.messages), tone="bad")
    except Stale:
        return go(request, here, _("Somebody else changed this role meanwhile. Choose again."), tone="warn")
    return go(request, here, _("Saved. It holds from the next click of everybody."), tone="good")
