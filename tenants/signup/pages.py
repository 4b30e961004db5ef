"""What every page of the public site is drawn with."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from kernel.accounts.throttle import TooMany, sentence


def page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
    """The page, with the links to it in the other language."""
    return render(request, template, {**chrome(request), **context}, status=status)


def chrome(request: HttpRequest) -> dict[str, Any]:
    """What stands around a page of this site."""
    languages = [
        {"code": code, "label": name, "url": f"{request.path}?lang={code}", "current": code == request.LANGUAGE_CODE}
        for code, name in settings.LANGUAGES
    ]
    return {"languages": languages, "base_domain": settings.BASE_DOMAIN}


def steps(current: int) -> list[dict[str, Any]]:
    """The three steps of signing up, for the stepper."""
    labels = (_("Your address"), _("The code"), _("Your workspace"))
    return [
        {"label": label, "done": number < current, "current": number == current}
        for number, label in enumerate(labels, start=1)
    ]


def too_many(request: HttpRequest, template: str, error: TooMany, *, form: Any, **context: Any) -> HttpResponse:
    """The form again, with when to come back."""
    form.add_error(None, sentence(error))
    response = page(request, template, 429, form=form, **context)
    response["Retry-After"] = str(error.seconds)
    return response
