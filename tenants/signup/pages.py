"""What every page of the public site is drawn with."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from kernel.accounts.throttle import TooMany, sentence


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """The page, with the links to it in the other language."""
    languages = [
        {"code": code, "label": name, "url": f"{request.path}?lang={code}", "current": code == request.LANGUAGE_CODE}
        for code, name in settings.LANGUAGES
    ]
    return render(request, template, {"languages": languages, **context}, status=status)


def too_many(request: HttpRequest, template: str, error: TooMany, *, form: Any, **context: Any) -> HttpResponse:
    """The form again, with when to come back."""
    form.add_error(None, sentence(error))
    response = page(request, template, 429, form=form, **context)
    response["Retry-After"] = str(error.seconds)
    return response
