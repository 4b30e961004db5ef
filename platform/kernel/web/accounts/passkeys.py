"""Signing in with a passkey: instead of a password, or as the second step after one. Spoken with by a script."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from kernel.access.models import MUST, Provider
from kernel.accounts import halfway, passkeys, throttle
from kernel.accounts.doors import public
from kernel.accounts.models import Identity
from kernel.accounts.sessions import client_ip
from kernel.web.accounts import history, second
from kernel.web.accounts.arriving import sentence_of
from kernel.web.members import member_of

PER_IP = throttle.Limit("passkey-ip", times=60, seconds=600)


def told(text: Any, status: int = 422) -> HttpResponse:
    return JsonResponse({"message": str(text)}, status=status)


def ask(request: HttpRequest) -> HttpResponse:
    try:
        throttle.hit(PER_IP, client_ip(request))
    except throttle.TooMany as error:
        response = told(throttle.sentence(error), 429)
        response["Retry-After"] = str(error.seconds)
        return response
    return passkeys.begin_signing_in(request, halfway.who(request, request.tenant))


def answer(request: HttpRequest, finish: second.Finish, is_welcome: Any = None, instead: str = "") -> HttpResponse:
    half = halfway.who(request, request.tenant)
    identity = passkeys.sign_in(request, half, request.POST.get("credential", ""))
    if identity is None or (is_welcome is not None and not is_welcome(identity)):
        if half is not None:
            history.refused(request, half.email, "passkey")
        return told(instead or _("This passkey does not let you in here. Sign in with your password."))
    let_in = finish(request, identity, "passkey")
    response = JsonResponse({"url": let_in["Location"]})
    response.cookies = let_in.cookies
    return halfway.end(response)


@public
@never_cache
@require_POST
def options(request: HttpRequest) -> HttpResponse:
    return ask(request)


@public
@never_cache
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    def is_welcome(identity: Identity) -> bool:
        member = member_of(identity)
        return member is not None and member.by_provider != MUST

    provider = Provider.objects.filter(is_enforced=True).first()
    return answer(request, second.let_in, is_welcome, sentence_of(provider) if provider else "")
