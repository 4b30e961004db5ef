"""My way in: address, password, and the browsers I am signed in with."""

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.access.models import Provider
from kernel.accounts import devices, email_changes, factors, passkeys, throttle
from kernel.accounts.forms import AddressField, NewPasswordField, PasswordField
from kernel.accounts.passwords import check_new_password
from kernel.accounts.sessions import came_by_provider, close_session, open_session
from kernel.accounts.tasks import post, send_changed
from kernel.web import viewing_as
from kernel.web.accounts import email_changes as letters
from kernel.web.pages import go
from kernel.web.settings.proving import ProvedForm, proved
from kernel.web.settings.second import ProofForm
from kernel.web.settings.sections import page, part_of

HERE = "/settings/security"


class PasswordForm(ProvedForm):
    current = PasswordField(label=gettext_lazy("Current password"))
    password = NewPasswordField(label=gettext_lazy("New password"))

    def __init__(self, *args: Any, identity: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.identity, self.name = identity, name

    def clean_password(self) -> str:
        return check_new_password(self.cleaned_data["password"], email=self.identity.email, name=self.name)


class EmailForm(ProvedForm):
    email = AddressField(label=gettext_lazy("New e-mail address"), autocomplete="off")
    proof = PasswordField(label=gettext_lazy("Current password"))


@part_of("security")
@require_GET
def security(request: Any) -> HttpResponse:
    return _page(request)


@part_of("security")
@require_http_methods(["GET", "POST"])
def password(request: Any) -> HttpResponse:
    """A new password: signed out everywhere but here."""
    if request.method == "GET":
        return HttpResponseRedirect(f"{HERE}#password")
    form = PasswordForm(request.POST, identity=request.identity, name=request.member.name)
    if form.is_valid() and (known := proved(request, form, "current")):
        if known.change_password(form.cleaned_data["password"]):
            post(send_changed, str(known.pk), request.tenant.name, request.LANGUAGE_CODE)
            open_session(request, known, request.tenant, request.session.get("factor", ""))
            return go(request, HERE, _("Your password is changed. All other devices were signed out."), tone="good")
        form.add_error(None, _("Your password was changed in another window meanwhile. Try again."))
    return _page(request, secret=form)


@part_of("security")
@require_http_methods(["GET", "POST"])
def email(request: Any) -> HttpResponse:
    """Another address to sign in with. Whether somebody has it already is not told."""
    if request.method == "GET":
        return HttpResponseRedirect(f"{HERE}#email")
    form = EmailForm(request.POST)
    if form.is_valid() and (known := proved(request, form, "proof")):
        wanted = form.cleaned_data["email"]
        if wanted == known.email:
            form.add_error("email", _("This is your address already."))
        else:
            try:
                letters.ask(known, wanted, request)
            except throttle.TooMany as error:
                form.add_error("email", throttle.sentence(error))
                form.is_throttled = True
            else:
                return go(request, HERE, _("Two letters are on their way: say yes in both mailboxes."), tone="good")
    return _page(request, address=form)


@part_of("security")
@require_POST
def email_withdraw(request: Any) -> HttpResponse:
    email_changes.forget(request.identity)
    return go(request, HERE, _("Your address stays as it is."))


@part_of("security")
@require_POST
def end_device(request: Any) -> HttpResponse:
    handle = request.POST.get("device", "")
    if any(one.handle == handle and one.is_this for one in _devices(request)):
        return _signed_out(request)
    if devices.end(request.identity, handle, _bounds(request)):
        return go(request, f"{HERE}#devices", _("That device is signed out."), tone="good")
    return go(request, f"{HERE}#devices", _("That device was signed out already."))


@part_of("security")
@require_POST
def end_all(request: Any) -> HttpResponse:
    """Sign out everywhere, here too."""
    if _bounds(request):
        devices.end_all_at(request.identity, request.tenant)
    else:
        devices.end_all(request.identity)
    return _signed_out(request)


def _signed_out(request: Any) -> HttpResponse:
    close_session(request)
    answer = go(request, "/login")
    answer["Clear-Site-Data"] = '"storage"'
    viewing_as.end(answer)
    return answer


def _devices(request: Any) -> list[devices.Device]:
    return devices.devices_of(request.identity, request.session.session_key, _bounds(request))


def _bounds(request: Any) -> Any:
    """The only workspace that a session is of which its provider stands for; None for a person's own."""
    return request.tenant if came_by_provider(request) else None


def _page(request: Any, *, secret: Any = None, address: Any = None) -> HttpResponse:
    if came_by_provider(request):
        context = {"provider": Provider.objects.first(), "devices": _devices(request), "email": request.identity.email}
        return page(request, "settings/security_by_provider.html", context)
    form = secret or address
    context = {
        "secret": secret or PasswordForm(identity=request.identity, name=request.member.name),
        "address": address or EmailForm(),
        "has_second": factors.has_second(request.identity),
        "has_app": factors.has_app(request.identity),
        "passkeys": passkeys.keys_of(request.identity),
        "codes_left": factors.codes_left(request.identity),
        "proof": ProofForm(),
        "waiting": email_changes.waiting(request.identity),
        "devices": _devices(request),
        "email": request.identity.email,
    }
    return page(request, "settings/security.html", context, form.status if form else 200)
