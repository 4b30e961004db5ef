"""The second step of signing in, on a workspace's host and on the public site alike, and a way past a lost one."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from celery import shared_task
from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kernel.accounts import factors, halfway, passkeys, throttle
from kernel.accounts.doors import public
from kernel.accounts.forms import DigitsField, PageForm, PasswordForm
from kernel.accounts.letters import factor_reset_letter
from kernel.accounts.models import Identity
from kernel.accounts.sessions import client_ip
from kernel.accounts.signin import authenticate
from kernel.accounts.tasks import RETRY
from kernel.tenancy.tasks import PlatformTask
from kernel.web.accounts import history
from kernel.web.accounts.arriving import arrive, held
from kernel.web.members import member_of, reachable, safe_next

SALT, DAY = "kernel.web.accounts.second", 24 * 60 * 60
Finish = Callable[[HttpRequest, Identity, str], HttpResponse]


class CodeForm(PageForm):
    code = DigitsField(
        label=gettext_lazy("Six-digit code"),
        max_length=20,
        help_text=gettext_lazy("Your authenticator app shows it."),
        error_messages={"required": gettext_lazy("Type the six digits that your app shows.")},
    )


class RecoveryForm(PageForm):
    code = forms.CharField(
        label=gettext_lazy("Recovery code"),
        max_length=40,
        help_text=gettext_lazy("One of those you were given when you set up the second step. Each works once."),
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "dir": "ltr"}),
        error_messages={"required": gettext_lazy("Type one of your recovery codes.")},
    )


def ask(request: HttpRequest, identity: Identity) -> HttpResponse | None:
    """On to the second step; None for somebody who has none."""
    if not factors.has_second(identity):
        return None
    where, target = "/login/code", safe_next(request)
    if target != "/":
        where += "?" + urlencode({"next": target})
    return halfway.begin(HttpResponseRedirect(where), identity, request.tenant)


def step(request: HttpRequest, finish: Finish, **context: Any) -> HttpResponse:
    """The page that asks for a code. `finish` lets in whoever showed one, and is told which sort it was."""
    identity = halfway.who(request, request.tenant)
    if identity is None:
        return HttpResponseRedirect("/login")
    keys, has_app = passkeys.usable(request, identity), factors.has_app(identity)
    is_recovery = "recovery" in request.GET or not (has_app or keys)
    context |= {"has_app": has_app, "has_keys": bool(keys)}
    kind: type[PageForm] = RecoveryForm if is_recovery else CodeForm
    form = kind(request.POST if request.method == "POST" else None)
    context |= {"form": form, "is_recovery": is_recovery, "next": safe_next(request), "workspace": request.tenant}
    status = form.status
    if form.is_valid():
        code = form.cleaned_data["code"]
        try:
            if (factors.spend if is_recovery else factors.check)(identity, code):
                return halfway.end(finish(request, identity, "recovery" if is_recovery else "totp"))
            history.refused(request, identity.email, "recovery" if is_recovery else "totp")
            form.add_error("code", _("This code is not right, or was used already."))
        except throttle.TooMany as error:
            history.refused(request, identity.email, "totp", is_locked=True)
            form.add_error("code", throttle.sentence(error))
            status = 429
    return render(request, "accounts/second.html", context, status=status)


def let_in(request: HttpRequest, identity: Identity, factor: str) -> HttpResponse:
    member = member_of(identity)
    if member is None:
        return HttpResponseRedirect("/login")
    return arrive(request, identity, member, safe_next(request), factor)


@public
@never_cache
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    return step(request, let_in)


# -- lost: an administrator opens the way, the mailbox and the password are its keys


@shared_task(base=PlatformTask, **RETRY)
def send_factor_reset(tenant_id: str, identity_id: str, by: str) -> None:
    identity = Identity.objects.filter(pk=identity_id, is_active=True).first()
    found = reachable(tenant_id, identity)
    if identity is None or found is None:
        return
    tenant, member = found
    token = signing.dumps([tenant_id, identity_id, factors.state(identity)], salt=SALT)
    with translation.override(member.language or tenant.language):
        letter = factor_reset_letter(tenant.name, by, f"{tenant.url}/second-step/{quote(token)}")
        letter.send(identity.email, member.name)


@public
@never_cache
@require_http_methods(["GET", "POST"])
def lost(request: HttpRequest, token: str) -> HttpResponse:
    """Out of that letter: with the password, the second step ends, and its owner is in."""
    identity = _of_token(request, token)
    if identity is None:
        return render(request, "accounts/second_gone.html", {"workspace": request.tenant}, status=410)
    if closed := held(request, member_of(identity)):
        return closed
    form = PasswordForm(request.POST if request.method == "POST" else None)
    status = form.status
    if form.is_valid():
        try:
            known = authenticate(identity.email, form.cleaned_data["password"], ip=client_ip(request))
        except throttle.TooMany as error:
            form.add_error("password", throttle.sentence(error))
            status = 429
        else:
            if known is not None:
                factors.drop(known)
                return let_in(request, known, "")
            history.refused(request, identity.email, "password")
            form.add_error("password", _("This is not your current password."))
    context = {"form": form, "email": identity.email, "workspace": request.tenant}
    return render(request, "accounts/second_lost.html", context, status=status)


def _of_token(request: HttpRequest, token: str) -> Identity | None:
    try:
        tenant, pk, state = signing.loads(token, salt=SALT, max_age=DAY)
    except signing.BadSignature:
        return None
    identity = Identity.objects.filter(pk=pk, is_active=True).first() if tenant == str(request.tenant.pk) else None
    if identity is None or member_of(identity) is None or not factors.has_second(identity):
        return None
    return identity if constant_time_compare(state, factors.state(identity)) else None
