"""The company's own place to sign in: how it is reached, whether it answers, and whether it is the only way."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kernel.access.models import Member, Provider, Role
from kernel.accounts.sealing import Secret
from kernel.accounts.sessions import came_by_provider, end_all_by_provider
from kernel.events.names import tell_settings
from kernel.events.noting import note_settings
from kernel.lib.format import Format
from kernel.web.accounts.expiring import SOON
from kernel.web.accounts.provider import redirect_uri
from kernel.web.pages import go
from kernel.web.settings.provider_forms import OnlyForm, ProviderForm
from kernel.web.settings.sections import page, part_of

HERE = "/settings/sso"
CHANGED = tell_settings(
    "provider.changed",
    gettext_lazy("%(who)s changed how the company signs in"),
    {
        "name": gettext_lazy("Name"), "issuer": gettext_lazy("Address of the provider"),
        "client_id": gettext_lazy("Client ID"), "secret": gettext_lazy("New client secret"),
        "secret_expires": gettext_lazy("The secret runs out on"), "domains": gettext_lazy("Addresses that are let in"),
        "role": gettext_lazy("Role of whoever comes for the first time"),
        "does_second_step": gettext_lazy("The provider sees to the second step"),
        "vouches_for_addresses": gettext_lazy("Only people of the company have an account there"),
        "is_enforced": gettext_lazy("The only way to sign in"),
        "break_glass": gettext_lazy("Who may still use a password"),
    },
)  # fmt: skip


@part_of("sso")
@require_http_methods(["GET", "POST"])
def provider(request: Any) -> HttpResponse:
    held = _held()
    if request.method == "GET":
        return _page(request, held)
    form = ProviderForm(request.POST, held=held, fmt=request.actor.format)
    answer = None
    if form.is_valid() and form.is_other and (answer := form.check(request.tenant)) is None:
        return _page(request, held, form)
    if not form.is_valid():
        return _page(request, held, form)
    _save(request, held, form, answer)
    return go(request, HERE, _("Saved. The button stands on the sign-in page."), tone="good")


def _save(request: Any, held: Provider | None, form: ProviderForm, answer: tuple[str, dict[str, Any]] | None) -> None:
    given = form.cleaned_data
    before = told(held) if held else {}
    row = held or Provider()
    row.name, row.client_id, row.domains = given["name"], given["client_id"], given["domains"]
    row.secret_expires, row.does_second_step = given["secret_expires"], given["does_second_step"]
    row.vouches_for_addresses = given["vouches_for_addresses"]
    row.role = Role.objects.alive().filter(pk=given["role"]).first() if given["role"] else None
    if given["client_secret"]:
        row.client_secret = Secret.of(given["client_secret"])
    if answer:
        moved = bool(held) and row.issuer != answer[0]
        row.issuer, row.state = answer
        row.checked_at = timezone.now()
        if moved:
            end_all_by_provider(request.tenant, but=request.session.session_key)
    row.save()
    after = told(row) | ({"secret": True} if given["client_secret"] else {})
    note_settings(request.actor, CHANGED, before, after)


@part_of("sso")
@require_POST
def test(request: Any) -> HttpResponse:
    """What is typed, saved or not: whether it would do."""
    held = _held()
    form = ProviderForm(request.POST, held=held, fmt=request.actor.format)
    if not form.is_valid() or (answer := form.check(request.tenant)) is None:
        return _page(request, held, form)
    if held and not form.is_other:
        Provider.objects.update(state=answer[1], checked_at=timezone.now())
    return _page(request, _held(), form, works=True)


@part_of("sso")
@require_POST
def only(request: Any) -> HttpResponse:
    """Make it the only way, or one of several."""
    held = _held()
    if held is None:
        return go(request, HERE, _("Connect a provider first."), tone="warn")
    form = OnlyForm(request.POST)
    if form.is_valid():
        chosen = {pk for pk, _name in form.fields["break_glass"].choices if pk in form.cleaned_data["break_glass"]}  # type: ignore[attr-defined]
        is_on = form.cleaned_data["is_enforced"]
        if is_on and str(request.member.pk) not in chosen and not came_by_provider(request):
            form.add_error(
                "break_glass", _("This would shut you out. Sign in by the provider first, or choose yourself.")
            )
        else:
            before = told(held)
            held.is_enforced, held.break_glass = is_on, sorted(chosen)
            held.save(update_fields=["is_enforced", "break_glass"])
            note_settings(request.actor, CHANGED, before, told(_held()))
            text = _("From now on everybody signs in by it.") if is_on else _("It is one way of several again.")
            return go(request, HERE, text, tone="good")
    return _page(request, held, only=form)


@part_of("sso")
@require_POST
def off(request: Any) -> HttpResponse:
    held = _held()
    if held is not None:
        note_settings(request.actor, CHANGED, told(held), dict.fromkeys(told(held)))
        held.delete()
        end_all_by_provider(request.tenant, but=request.session.session_key)
    return go(request, HERE, _("It is off. Everybody signs in with a password or passkey."), tone="good")


def _held() -> Provider | None:
    return Provider.objects.select_related("role").first()


def told(held: Provider | None) -> dict[str, Any]:
    """As the history keeps it: never the secret."""
    if held is None:
        return {}
    names = Member.objects.filter(pk__in=held.break_glass).order_by("label_key").values_list("name", flat=True)
    return {
        "name": held.name, "issuer": held.issuer, "client_id": held.client_id, "domains": ", ".join(held.domains),
        "secret_expires": held.secret_expires.isoformat() if held.secret_expires else None,
        "role": held.role.name if held.role else None, "does_second_step": held.does_second_step,
        "vouches_for_addresses": held.vouches_for_addresses,
        "is_enforced": held.is_enforced, "break_glass": ", ".join(names),
    }  # fmt: skip


def _page(
    request: Any, held: Provider | None, form: ProviderForm | None = None, *, only: OnlyForm | None = None,
    works: bool = False,
) -> HttpResponse:  # fmt: skip
    fmt: Format = request.actor.format
    shown = form or ProviderForm(held=held, fmt=fmt, initial=ProviderForm.values_of(held) if held else None)
    today = timezone.localdate()
    context = {
        "form": shown,
        "held": held,
        "works": works,
        "only": only or OnlyForm(initial=OnlyForm.values_of(held)),
        "redirect_uri": redirect_uri(request.tenant),
        "ends": _ends(held, today) if held else [],
    }  # fmt: skip
    failed = not works and (form or only)
    return page(request, "settings/sso.html", context, failed.status if failed else 200)


def _ends(held: Provider, today: dt.date) -> list[dict[str, Any]]:
    """What runs out one day: the secret, the certificates of the keys and of the server."""
    days = [(_("Client secret"), held.secret_expires)]
    for name, label in (
        ("certificate_ends", _("Certificate of its keys")),
        ("tls_ends", _("Certificate of its server")),
    ):
        found = held.state.get(name)
        days.append((label, dt.date.fromisoformat(found) if found else None))
    return [
        {"label": label, "day": day, "tone": "bad" if day < today else "warn" if day - today <= SOON else "good"}
        for label, day in days
        if day is not None
    ]
