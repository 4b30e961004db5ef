"""Signing up: an address, the code sent to it, the workspace, and in. Every step works without JavaScript."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from kombu.exceptions import OperationalError

from kernel.accounts import codes, factors, throttle
from kernel.accounts.doors import public
from kernel.accounts.models import EmailCode, Identity
from kernel.accounts.sessions import client_ip
from kernel.accounts.tasks import send_code
from kernel.lib.text import written
from kernel.web.accounts.crossing import into
from tenants.models import Tenant
from tenants.signup import progress
from tenants.signup.actions import NotReady, WrongPassword, made_already, make_workspace, wait_for
from tenants.signup.addresses import check_free, suggestions
from tenants.signup.forms import CodeForm, StartForm, WorkspaceForm
from tenants.signup.pages import page, steps, too_many

CODES_PER_IP = throttle.Limit("code-ip", times=20, seconds=3600)
CODES_PER_ADDRESS = throttle.Limit("code-address", times=6, seconds=3600)
TRIES_PER_IP = throttle.Limit("code-try-ip", times=60, seconds=3600)
LOOKS_PER_IP = throttle.Limit("address-ip", times=300, seconds=600)
# How long after it was made a workspace opens for the browser that made it, without a password.
LETS_IN = timedelta(minutes=2)

form_page = require_http_methods(["GET", "POST"])


@public
@never_cache
@form_page
def start(request: HttpRequest) -> HttpResponse:
    """An e-mail address. Whether it has an account already is not told here."""
    if request.method == "GET":
        return _start_page(request, StartForm(initial={"email": request.GET.get("email", "")}))
    form = StartForm(request.POST)
    if not form.is_valid():
        return _start_page(request, form, 422)
    email = form.cleaned_data["email"]
    try:
        throttle.hit(CODES_PER_IP, client_ip(request))
        throttle.hit(CODES_PER_ADDRESS, email)
    except throttle.TooMany as error:
        return too_many(request, "signup/start.html", error, form=form, steps=steps(1))
    code = codes.new_code(email, request.LANGUAGE_CODE)
    try:
        send_code.delay(str(code.pk))
    except OperationalError:  # the queue is away; somebody is waiting for this one
        send_code(str(code.pk))
    response = HttpResponseRedirect("/signup/code")
    progress.remember(response, code)
    return response


def _start_page(request: HttpRequest, form: StartForm, status: int = 200) -> HttpResponse:
    return page(request, "signup/start.html", status, form=form, steps=steps(1))


@public
@never_cache
@form_page
def prove(request: HttpRequest) -> HttpResponse:
    """The six digits."""
    code = progress.current(request)
    if code is None:
        return HttpResponseRedirect("/signup")
    if code.is_verified:
        return HttpResponseRedirect("/signup/workspace")
    form = CodeForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        try:
            throttle.hit(TRIES_PER_IP, client_ip(request))
        except throttle.TooMany as error:
            return too_many(request, "signup/code.html", error, form=form, code=code, steps=steps(2))
        if form.is_valid():
            if codes.verify(code, form.cleaned_data["code"]):
                return HttpResponseRedirect("/signup/workspace")
            form.add_error("code", _wrong_code(code))
    context = {"form": form, "code": code, "is_spent": codes.is_spent(code), "steps": steps(2)}
    return page(request, "signup/code.html", status, **context)


def _wrong_code(code: EmailCode) -> str:
    code.refresh_from_db()
    left = codes.TRIES - code.tries
    if codes.is_spent(code):
        return _("This code no longer works. Have a new one sent.")
    return ngettext(
        "This is not the code. You have %(left)s try left.", "This is not the code. You have %(left)s tries left.", left
    ) % {"left": written(left)}


@public
@never_cache
@form_page
def workspace(request: HttpRequest) -> HttpResponse:
    """Name, password, company and the rest; then the workspace is made and its owner is in it."""
    code = progress.current(request)
    if code is None or not code.is_verified:
        return HttpResponseRedirect("/signup/code" if code else "/signup")
    tenant = made_already(code)
    if tenant is None and request.method == "POST":
        return _send(request, code)
    if tenant is None:
        return _workspace_page(request, code, _workspace_form(code), 200)
    if code.claimed_at is None or timezone.now() - code.claimed_at > LETS_IN:
        # Later the same browser may be somebody else's: the way in is the workspace's own sign-in.
        return HttpResponseRedirect(tenant.url)
    return _into(tenant, code)  # back by the back button


def _send(request: HttpRequest, code: EmailCode) -> HttpResponse:
    """The form was sent. A second sending gets what the first one makes, not "this address is taken"."""
    form = _workspace_form(code, request.POST)
    status = 422
    is_mine = False
    try:
        is_mine = codes.claim(code)
        if not is_mine and (tenant := wait_for(code)):
            return _into(tenant, code)
        if form.is_valid():
            return _into(make_workspace(code, form, ip=client_ip(request)), code)
    except throttle.TooMany as error:
        form.add_error(None, throttle.sentence(error))
        status = 429
    except WrongPassword:
        form.add_error("password", _("This is not the password of your account. Try again, or set a new one."))
    except NotReady:
        form.add_error(None, _("Your workspace is still being made. Wait a few seconds and send the form again."))
        status = 503
    except ValidationError as error:
        form.take(error)
    finally:
        if is_mine:
            codes.release(code)
    return _workspace_page(request, code, form, status)


def _workspace_form(code: EmailCode, data: Any = None) -> WorkspaceForm:
    return WorkspaceForm(data, email=code.email, is_known=codes.owner(code) is not None)


def _into(tenant: Tenant, code: EmailCode) -> HttpResponse:
    identity = Identity.objects.get(email=code.email)
    if factors.has_second(identity):  # which the workspace asks for when they sign in there
        return HttpResponseRedirect(tenant.url)
    return into(tenant, identity)


def _workspace_page(request: HttpRequest, code: EmailCode, form: WorkspaceForm, status: int) -> HttpResponse:
    wish, company = form["subdomain"].value() or "", form["company"].value() or ""
    near = suggestions(wish, company) if form.is_bound and form["subdomain"].errors else []
    # Where nobody typed one: what a script would have proposed while the company was typed.
    proposed = near[0] if near and not wish.strip() else ""
    context = {"email": code.email, "suggestions": near, "proposed": proposed, "steps": steps(3)}
    return page(request, "signup/workspace.html", status, form=form, **context)


@public
@never_cache
@require_GET
def address(request: HttpRequest) -> HttpResponse:
    """While somebody types: may this be the address, and if not, what is near it? A fragment for htmx."""
    try:
        throttle.hit(LOOKS_PER_IP, client_ip(request))
    except throttle.TooMany as error:
        return HttpResponse(status=429, headers={"Retry-After": str(error.seconds)})
    wish, company = request.GET.get("subdomain", "")[:63], request.GET.get("company", "")[:100]
    fill = request.GET.get("fill")
    if fill is not None:
        return _filled(request, fill[:63], company)
    is_untyped = bool(company) and wish.strip() == request.GET.get("proposed", "")
    if is_untyped and (proposed := next(iter(suggestions("", company)), "")):  # it follows the company's name
        response = _filled(request, proposed, company, is_proposed=True)
        response["HX-Retarget"], response["HX-Reswap"] = "#address", "outerHTML"
        return response
    return page(request, "signup/_address.html", **_look(wish, company))


def _filled(request: HttpRequest, subdomain: str, company: str, *, is_proposed: bool = False) -> HttpResponse:
    """The field with an address in it, and what else is free near the company's name."""
    form = WorkspaceForm(None, email="", is_known=True, initial={"subdomain": subdomain})
    look = {"suggestions": suggestions(subdomain, company), **_look(subdomain, company)}
    return page(request, "signup/_address_field.html", form=form, proposed=subdomain if is_proposed else "", **look)


def _look(wish: str, company: str) -> dict[str, Any]:
    """`free`: the address, if it is; else `error` and `suggestions`."""
    if not wish.strip():
        return {"suggestions": suggestions("", company)}
    try:
        return {"free": f"{check_free(wish)}.{settings.BASE_DOMAIN}"}
    except ValidationError as error:
        return {"error": " ".join(error.messages), "suggestions": suggestions(wish, company)}
