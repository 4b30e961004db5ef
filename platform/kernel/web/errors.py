"""The pages for what went wrong. They ask no database and no manifest, so that they show when those are what broke."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from kernel.web.toasts import toast_header


def error_page(request: HttpRequest, status: int, heading: str, detail: str) -> HttpResponse:
    """The page; for a program the problem, for htmx the sentence alone."""
    if request.path_info.startswith("/api/"):
        problem = {"type": "about:blank", "title": heading, "status": status, "detail": detail, "errors": []}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    if getattr(request, "htmx", False) or request.headers.get("X-Requested-With") == "fetch":
        response = JsonResponse({"message": detail}, status=status)
        response["HX-Trigger"] = toast_header(detail, tone="bad")
        return response
    reference = getattr(request, "id", "") if status >= 500 else ""
    context = {"status": status, "heading": heading, "detail": detail, "home": "/", "reference": reference}
    response = render(request, "ui/error.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(
        request, 400, _("This request could not be read"), _("Go back, reload the page and try once more.")
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """`exception` is a PermissionDenied, whose words are for people."""
    detail = next((text for text in map(str, exception.args) if text), "") or _("Your role does not allow this.")
    return error_page(request, 403, _("You may not do this"), detail)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    detail = _("It may have been moved to the trash, or it is out of your reach. Check the address, or search for it.")
    return error_page(request, 404, _("There is nothing at this address"), detail)


def failure(request: HttpRequest) -> HttpResponse:
    detail = _("Nothing was saved. We have been told about it; try once more in a minute.")
    return error_page(request, 500, _("Something went wrong on our side"), detail)


def csrf_failure(request: HttpRequest, reason: str = "", **more: Any) -> HttpResponse:
    """Most often a page left open over a new sign-in: going back and reloading gets a valid one."""
    detail = _("The page was open for too long, or cookies are switched off. Go back, reload the page and send it again.")
    return error_page(request, 403, _("This form has expired"), detail)
