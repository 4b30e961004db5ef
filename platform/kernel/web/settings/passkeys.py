"""Making a passkey and taking one away: with the password, whoever sits at the screen."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kernel.accounts import devices, factors, passkeys
from kernel.web.accounts.passkeys import told
from kernel.web.pages import go
from kernel.web.settings.proving import proved
from kernel.web.settings.second import SECURITY, ProofForm
from kernel.web.settings.sections import part_of
from kernel.web.toasts import say

HERE = f"{SECURITY}#passkeys"


def _reasons(form: ProofForm) -> str:
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


@part_of("security")
@require_POST
def options(request: Any) -> HttpResponse:
    form = ProofForm(request.POST)
    if not (form.is_valid() and (known := proved(request, form, "proof"))):
        return told(_reasons(form), form.status)
    return passkeys.begin_making(request, known)


@part_of("security")
@require_POST
def add(request: Any) -> HttpResponse:
    identity = request.identity
    had = factors.has_second(identity)
    name = devices.name_of(request.META.get("HTTP_USER_AGENT", ""))
    if passkeys.make(request, identity, request.POST.get("credential", ""), name) is None:
        return told(_("The passkey could not be made. Try again."))
    if not had:
        factors.end_others(identity, request.session.session_key)
    request.session["factor"] = request.session.get("factor") or "passkey"
    text = _("The passkey is made. Next time it lets you in without a password.")
    return say(JsonResponse({"url": HERE if factors.codes_left(identity) else f"{SECURITY}#second-step"}), text)


@part_of("security")
@require_POST
def remove(request: Any, pk: UUID) -> HttpResponse:
    form = ProofForm(request.POST)
    if not (form.is_valid() and proved(request, form, "proof")):
        return go(request, HERE, _reasons(form), tone="bad")
    passkeys.remove(request.identity, pk)
    if not factors.has_second(request.identity):
        factors.drop(request.identity)
        request.session["factor"] = ""
    return go(request, HERE, _("The passkey no longer lets anybody in."))
