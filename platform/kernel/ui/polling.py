"""Progress that a page asks for again and again."""

from typing import Any

from django.http import HttpResponse


def polled(response: HttpResponse, run: Any) -> HttpResponse:
    """The progress of a run, or the whole page anew once the run is over."""
    if not run.is_open:
        response.headers["HX-Refresh"] = "true"
    return response
