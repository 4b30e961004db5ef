"""The public site beside signing up: what the product is, and the way to one's workspaces."""

from functools import lru_cache

from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from kernel.accounts import resets, throttle
from kernel.accounts.doors import public
from kernel.accounts.forms import EmailForm, NewPasswordForm, SignInForm
from kernel.accounts.greeting import greet
from kernel.accounts.models import Identity
from kernel.accounts.sessions import client_ip, close_session, open_session
from kernel.accounts.signin import authenticate
from kernel.accounts.tasks import post, send_changed
from kernel.lib.format import Format
from kernel.web.accounts import passkeys, second
from kernel.web.accounts.crossing import into, over, workspaces
from kernel.web.accounts.views import wrong_password
from tenants.signup import choices
from tenants.signup.pages import chrome, page, too_many
from tenants.signup.tasks import send_workspaces

form_page = require_http_methods(["GET", "POST"])


@public
@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    return page(request, "signup/landing.html", shot=_shot(request.LANGUAGE_CODE))


@lru_cache(maxsize=8)
def _shot(language: str) -> dict[str, str]:
    """The picture of the product in this language, by theme, as far as it has been taken."""
    names = {theme: f"signup/board-{language}-{theme}.webp" for theme in ("light", "dark")}
    found = {theme: name for theme, name in names.items() if staticfiles_storage.exists(name)}
    return found if "light" in found else {}


@public
@never_cache
@form_page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Straight into the only workspace, else to the list of them."""
    if request.identity is not None:
        return HttpResponseRedirect("/workspaces")
    form = SignInForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return page(request, "signup/sign_in.html", form.status, form=form)
    try:
        identity = authenticate(**form.cleaned_data, ip=client_ip(request))
    except throttle.TooMany as error:
        return too_many(request, "signup/sign_in.html", error, form=form)
    if identity is None:
        form.add_error(None, wrong_password())
        return page(request, "signup/sign_in.html", 422, form=form)
    return second.ask(request, identity) or _let_in(request, identity, "")


@public
@never_cache
@form_page
def code(request: HttpRequest) -> HttpResponse:
    return second.step(request, _let_in, **chrome(request))


@public
@never_cache
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    return passkeys.ask(request)


@public
@never_cache
@require_POST
def passkey(request: HttpRequest) -> HttpResponse:
    return passkeys.answer(request, _let_in)


def _let_in(request: HttpRequest, identity: Identity, factor: str) -> HttpResponse:
    mine = workspaces(identity)
    if len(mine) == 1:
        return _greet(request, into(mine[0], identity, factor), identity)
    open_session(request, identity, factor=factor)
    return _greet(request, HttpResponseRedirect("/workspaces"), identity)


def _greet(request: HttpRequest, response: HttpResponse, identity: Identity, *, is_first: bool = False) -> HttpResponse:
    """In the language of the page, and as its readers mostly write dates."""
    language = request.LANGUAGE_CODE
    usual = choices.defaults(language)
    fmt = Format(language, str(usual["calendar"]), str(usual["timezone"]))
    return greet(request, response, identity, fmt, is_first=is_first)


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    close_session(request)
    return HttpResponseRedirect("/")


@never_cache
@require_GET
def my_workspaces(request: HttpRequest) -> HttpResponse:
    assert request.identity is not None
    return page(request, "accounts/workspaces.html", workspaces=workspaces(request.identity))


@require_POST
def open_workspace(request: HttpRequest) -> HttpResponse:
    """Over into one of mine."""
    return over(request)


@public
@never_cache
@form_page
def forgot(request: HttpRequest) -> HttpResponse:
    """The address of a workspace, or a password: one mail tells the way to both. The answer here is always the same."""
    form = EmailForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return page(request, "signup/forgot.html", form.status, form=form)
    email = form.cleaned_data["email"]
    try:
        if resets.may_ask(email, ip=client_ip(request)):
            post(send_workspaces, email, request.LANGUAGE_CODE)
    except throttle.TooMany as error:
        return too_many(request, "signup/forgot.html", error, form=form)
    return HttpResponseRedirect("/forgot/sent")


@public
@require_GET
def forgot_sent(request: HttpRequest) -> HttpResponse:
    return page(request, "signup/forgot_sent.html")


@public
@never_cache
@form_page
def reset(request: HttpRequest, token: str) -> HttpResponse:
    identity = resets.redeem(token)
    if identity is None:
        return page(request, "accounts/reset_gone.html", 410)
    data = request.POST if request.method == "POST" else None
    form = NewPasswordForm(data, email=identity.email, name=identity.name)
    if not form.is_valid():
        return page(request, "accounts/reset.html", form.status, form=form, email=identity.email)
    if not identity.change_password(form.cleaned_data["password"]):
        return page(request, "accounts/reset_gone.html", 410)
    post(send_changed, str(identity.pk), _("Peyvand"), request.LANGUAGE_CODE)
    if asked := second.ask(request, identity):
        return asked
    open_session(request, identity)
    return _greet(request, HttpResponseRedirect("/workspaces"), identity, is_first=True)
