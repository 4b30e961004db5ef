"""Setting up the second step of one's sign-in, new recovery codes, and doing without it."""

from typing import Any
from urllib.parse import quote

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kernel.accounts import factors, throttle
from kernel.accounts.forms import PasswordField
from kernel.accounts.sessions import close_session
from kernel.web.accounts.second import CodeForm
from kernel.web.members import SECOND_STEP
from kernel.web.pages import go
from kernel.web.settings.proving import ProvedForm, proved
from kernel.web.settings.sections import page, part_of

SECURITY = "/settings/security"


class ProofForm(ProvedForm):
    proof = PasswordField()


@part_of("security")
@require_http_methods(["GET", "POST"])
def second_step(request: Any) -> HttpResponse:
    """The picture for the app, and a code that shows it has it."""
    identity = request.identity
    if request.must_prove and factors.has_second(identity):  # set up in another browser, and never shown in this one
        close_session(request)
        return go(request, "/login")
    secret = factors.begin(identity)
    if not secret:
        return HttpResponseRedirect(f"{SECURITY}#second-step")
    form = CodeForm(request.POST if request.method == "POST" else None)
    status = form.status
    if form.is_valid():
        try:
            codes = factors.confirm(identity, form.cleaned_data["code"])
        except throttle.TooMany as error:
            form.add_error("code", throttle.sentence(error))
            status = 429
        else:
            if codes is not None:
                factors.end_others(identity, request.session.session_key)
                request.session["factor"] = "totp"
                return _codes(request, codes)
            form.add_error("code", _("This is not the code that the app shows now. Check the clock of your phone."))
    context = {
        "form": form,
        "picture": mark_safe(factors.picture(identity, secret)),  # noqa: S308 - drawn by us, of letters and digits
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "heading": _("Set up the second step"),
    }
    return _page(request, "settings/second_step.html", context, status)


@part_of("security")
@require_POST
def codes(request: Any) -> HttpResponse:
    form = ProofForm(request.POST)
    if not (form.is_valid() and proved(request, form, "proof")):
        return _refused(request, form)
    return _codes(request, factors.new_codes(request.identity))


@part_of("security")
@require_POST
def off(request: Any) -> HttpResponse:
    form = ProofForm(request.POST)
    if not (form.is_valid() and proved(request, form, "proof")):
        return _refused(request, form)
    factors.drop(request.identity)
    request.session["factor"] = ""
    return go(request, f"{SECURITY}#second-step", _("The second step is off. Your password alone lets you in."))


def _refused(request: Any, form: ProofForm) -> HttpResponse:
    texts = [str(text) for texts in form.errors.values() for text in texts]
    return go(request, f"{SECURITY}#second-step", " ".join(texts), tone="bad")


def _codes(request: Any, made: list[str]) -> HttpResponse:
    """Shown this once."""
    text = "\r\n".join([_("Recovery codes of %(email)s") % {"email": request.identity.email}, "", *made, ""])
    file = f"data:text/plain;charset=utf-8,{quote(text)}"
    context = {"codes": made, "file": file, "text": "\n".join(made), "heading": _("Recovery codes")}
    return _page(request, "settings/recovery_codes.html", context)


def _page(request: Any, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """For somebody who must set it up before anything else, a page that leads nowhere else."""
    frame = "settings/second_alone.html" if request.must_prove else "settings/page.html"
    crumbs = [{"label": _("Sign-in and security"), "url": SECURITY}]
    context |= {"frame": frame, "crumbs": crumbs, "here": SECOND_STEP, "must": request.must_prove}
    return page(request, template, {**context, "workspace": {"name": request.tenant.name, "url": "/"}}, status)
