"""A sentence for the next page: "Deal moved to the trash. Undo"."""

import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "toast"
SALT = "kernel.web.toasts"
SECONDS = 60


def toast_header(text: Any, **more: Any) -> str:
    """The HX-Trigger header that shows a toast on the page at hand."""
    return json.dumps({"toast": _toast(text, **more)})


def say(
    response: HttpResponse, text: Any, *, tone: str = "", undo: str = "", url: str = "", label: Any = ""
) -> HttpResponse:
    """Shows the toast on whatever page comes next, after a redirect or a reload."""
    value = signing.dumps(_toast(text, tone=tone, undo=undo, url=url, label=label), salt=SALT, compress=True)
    response.set_cookie(
        COOKIE, value, max_age=SECONDS, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    return response


def _toast(text: Any, **more: Any) -> dict[str, str]:
    return {"text": str(text), **{key: str(value) for key, value in more.items() if value}}


def toasts(request: HttpRequest) -> dict[str, Any]:
    """The context processor: what was left for this page."""
    return {"toasts": getattr(request, "toasts", [])}


class ToastMiddleware:
    """Hands a waiting toast to the next whole page, once. Parts fetched by htmx leave it waiting."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_page = request.method == "GET" and not request.headers.get("HX-Request") and COOKIE in request.COOKIES
        if is_page:
            request.toasts = _read(request.COOKIES[COOKIE])  # type: ignore[attr-defined]
        response = self.get_response(request)
        if is_page and response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html"):
            response.delete_cookie(COOKIE, samesite="Lax")
        return response


def _read(value: str) -> list[dict[str, str]]:
    try:
        return [signing.loads(value, salt=SALT, max_age=SECONDS)]
    except signing.BadSignature:
        return []
