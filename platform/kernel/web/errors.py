"""What a person reads, or a program, when a request fails outside any view: 400, 403, 404, 500 and a bad CSRF token.

They ask neither database nor cache nor the manifest, so that they show when those are what broke.
"""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kernel.web.toasts import toast_header

log = logging.getLogger("peyvand.errors")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(
        request, 400, _("This request can't be read"), _("Go back, load the page again, and repeat the step.")
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(
        request,
        403,
        _("Your role doesn't allow this"),
        # A refusal of ours comes with words for people: which fields, for example.
        next((str(words) for words in getattr(exception, "args", ()) if words), "")
        or _("An administrator of your workspace can change what your role may do."),
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(
        request,
        404,
        _("There is nothing here for you"),
        _("The address may be mistyped, or what it named was deleted or isn't shared with you."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    return answer(
        request,
        500,
        _("Something went wrong on our side"),
        _("Nothing of what you did was saved halfway. We have been told; please try again in a moment."),
    )


def busy(request: HttpRequest) -> HttpResponse:
    response = answer(
        request,
        503,
        _("This took too long"),
        _("The workspace is busy, or too much was asked for at once. Use a filter, or try again in a moment."),
    )
    response["Retry-After"] = "2"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    log.warning("Refused for its CSRF token: %s", reason)
    return answer(
        request,
        403,
        _("This page was open for too long"),
        _("Load it again and repeat the step. If that doesn't help, allow cookies for this site."),
    )


def answer(request: HttpRequest, status: int, heading: str, detail: str) -> HttpResponse:
    """The page; problem+json (RFC 9457) below /api/; a toast for a part that a page asked for by itself."""
    if request.path_info.startswith("/api/"):
        problem: dict[str, Any] = {"type": "about:blank", "title": heading, "status": status, "detail": detail}
        return JsonResponse(
            problem | {"errors": []},
            status=status,
            content_type="application/problem+json",
            json_dumps_params={"ensure_ascii": False},
        )
    if request.headers.get("HX-Request") or request.headers.get("X-Requested-With") == "fetch":
        response = JsonResponse({"message": f"{heading}. {detail}"}, status=status)
        response["HX-Trigger"] = toast_header(f"{heading}. {detail}", tone="bad")
        return response
    language = (get_language() or "en").split("-")[0]
    theme = request.COOKIES.get("theme", "")
    context = {
        "status": status,
        "heading": heading,
        "detail": detail,
        "home": "/",
        "reference": getattr(request, "id", "") if status == 500 else "",
        "lang": language,
        "dir": "rtl" if language == "fa" else "ltr",
        "theme": theme if theme in ("light", "dark") else "",
    }
    # Without the request: context processors may ask what is broken.
    return render(None, "ui/error.html", context, status=status)  # type: ignore[arg-type]
