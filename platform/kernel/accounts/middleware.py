"""The language of a stranger, and who is asking: both known before anything of a tenant is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from kernel.accounts.sessions import identity_of

LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)
YEAR = 365 * 24 * 60 * 60


class LocaleMiddleware:
    """`?lang=`, else the cookie it left, else Accept-Language. Stands above all that answers with words;
    a tenant's and a member's own language take over further in (kernel.web.members)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("lang") if request.method == "GET" else None
        if asked not in LANGUAGES:
            asked = None
        language = asked or translation.get_language_from_request(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        patch_vary_headers(response, ("Accept-Language",))
        if asked:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                asked,
                max_age=YEAR,
                secure=settings.SESSION_COOKIE_SECURE,
                samesite="Lax",
                httponly=True,
            )
        return response


class IdentityMiddleware:
    """Sets `request.identity` (Identity or None). Reads the platform side only, so it may stand above the tenant's
    transaction."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.identity = identity_of(request, request.tenant)
        return self.get_response(request)
