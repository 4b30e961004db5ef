"""Sign-in, sign-out, a forgotten password, an invitation, and the way in from the public site."""

from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.access.models import Invitation, Provider
from kernel.accounts import resets, throttle
from kernel.accounts.doors import public
from kernel.accounts.forms import EmailForm, NewIdentityForm, NewPasswordForm, PasswordForm, SignInForm
from kernel.accounts.models import Identity
from kernel.accounts.sessions import client_ip, close_session
from kernel.accounts.signin import authenticate
from kernel.accounts.tasks import post, send_changed
from kernel.web import viewing_as
from kernel.web.accounts import history, second
from kernel.web.accounts.actions import accept
from kernel.web.accounts.arriving import arrive, held
from kernel.web.accounts.crossing import public_url
from kernel.web.accounts.invitations import find_invitation
from kernel.web.accounts.tasks import send_reset
from kernel.web.members import member_of, safe_next

JOINS_PER_IP = throttle.Limit("join-ip", times=60, seconds=600)

form_page = require_http_methods(["GET", "POST"])


@public
@never_cache
@form_page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Members of this tenant. A wrong password, an unknown address and a stranger here read the same."""
    if request.member is not None:
        return HttpResponseRedirect(safe_next(request))
    form = SignInForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                identity = authenticate(**form.cleaned_data, ip=client_ip(request))
            except throttle.TooMany as error:
                history.refused(request, form.cleaned_data["email"], "password", is_locked=True)
                form.add_error(None, throttle.sentence(error))
                response = _sign_in_page(request, 429, form)
                response["Retry-After"] = str(error.seconds)
                return response
            member = member_of(identity)
            if identity is not None and member is not None:
                if closed := held(request, member):
                    return closed
                return second.ask(request, identity) or second.let_in(request, identity, "")
            history.refused(request, form.cleaned_data["email"], "password")
            form.add_error(None, wrong_password())
    return _sign_in_page(request, status, form)


def _sign_in_page(request: HttpRequest, status: int, form: SignInForm) -> HttpResponse:
    """Where the provider is the only way, the password waits behind a link for the few who have another one."""
    provider = Provider.objects.first()
    asks_password = provider is None or not provider.is_enforced or form.is_bound or "password" in request.GET
    context = {"form": form, "next": safe_next(request), "provider": provider, "asks_password": asks_password}
    return _page(request, "accounts/sign_in.html", status, **context)


def wrong_password() -> str:
    return _("The e-mail address or the password is not right. Check both and try again.")


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    close_session(request)
    answer = HttpResponseRedirect("/login")
    # The service worker, its caches and what was typed without being saved: nothing stays for who comes next.
    answer["Clear-Site-Data"] = '"storage"'
    viewing_as.end(answer)
    return answer


@public
@never_cache
@form_page
def forgot(request: HttpRequest) -> HttpResponse:
    """Asks for a link. The answer is the same for every address; whether there is one, only the mail tells."""
    if closed := held(request):
        return closed
    form = EmailForm(request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        return _page(request, "accounts/forgot.html", form.status, form=form)
    email = form.cleaned_data["email"]
    try:
        if resets.may_ask(email, ip=client_ip(request)):
            post(send_reset, str(request.tenant.pk), email)
    except throttle.TooMany as error:
        return _too_many(request, "accounts/forgot.html", form, error)
    return HttpResponseRedirect("/forgot/sent")


@public
@require_GET
def forgot_sent(request: HttpRequest) -> HttpResponse:
    return _page(request, "accounts/forgot_sent.html")


@public
@never_cache
@form_page
def reset(request: HttpRequest, token: str) -> HttpResponse:
    """A new password, through the link in the mail. Signs in here, and out everywhere else."""
    identity = resets.redeem(token, request.tenant)
    member = member_of(identity)
    if identity is None or member is None:
        return _page(request, "accounts/reset_gone.html", 410)
    if closed := held(request, member):
        return closed
    form = NewPasswordForm(request.POST if request.method == "POST" else None, email=identity.email, name=identity.name)
    if form.is_valid():
        if not identity.change_password(form.cleaned_data["password"]):
            return _page(request, "accounts/reset_gone.html", 410)
        post(send_changed, str(identity.pk), request.tenant.name, request.LANGUAGE_CODE)
        if asked := second.ask(request, identity):
            return asked
        return arrive(request, identity, member, "/", is_first=True)
    return _page(request, "accounts/reset.html", form.status, form=form, email=identity.email)


@public
@never_cache
@form_page
def join(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation: a new person chooses a name and password, one we know types the password they have."""
    try:
        throttle.hit(JOINS_PER_IP, client_ip(request))
    except throttle.TooMany as error:
        return _page(request, "accounts/join_gone.html", 429, sentence=throttle.sentence(error))
    invitation = find_invitation(token)
    if invitation is None:
        return _page(request, "accounts/join_gone.html", 410)
    if closed := held(request, invitation.member):
        return closed
    email = invitation.member.email
    known = Identity.objects.with_email(email)
    data = request.POST if request.method == "POST" else None
    form: Any = PasswordForm(data)
    if known is None:
        form = NewIdentityForm(data, email=email, initial={"name": invitation.member.name})
    context = {
        "public_url": public_url(),
        "form": form,
        "invitation": invitation,
        "email": email,
        "is_known": known is not None,
    }
    if form.is_valid():
        try:
            identity = _who_joins(request, invitation, known, form)
        except throttle.TooMany as error:
            return _too_many(request, "accounts/join.html", form, error, **context)
        if identity is None:
            form.add_error("password", _("This is not the password of your account. Try again, or set a new one."))
        elif not accept(invitation, identity, form.cleaned_data.get("name", "")):
            return _page(request, "accounts/join_gone.html", 410)
        else:
            if asked := second.ask(request, identity):
                return asked
            member = member_of(identity)
            assert member is not None
            return arrive(request, identity, member, "/", is_first=known is None)
    return _page(request, "accounts/join.html", form.status, **context)


def _who_joins(request: HttpRequest, invitation: Invitation, known: Identity | None, form: Any) -> Identity | None:
    email, password = invitation.member.email, form.cleaned_data["password"]
    if known is None:
        try:
            return Identity.objects.new(
                email=email, name=form.cleaned_data["name"], password=password, language=request.LANGUAGE_CODE
            )
        except IntegrityError:  # signed up in another window meanwhile: then this is that password, or it is wrong
            pass
    return authenticate(email, password, ip=client_ip(request))


def _page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    return render(request, template, {"workspace": request.tenant, **context}, status=status)


def _too_many(request: HttpRequest, template: str, form: Any, error: throttle.TooMany, **context: Any) -> HttpResponse:
    form.add_error(None, throttle.sentence(error))
    response = _page(request, template, 429, **{**context, "form": form})
    response["Retry-After"] = str(error.seconds)
    return response
