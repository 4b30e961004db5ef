"""What went wrong, as application/problem+json (RFC 9457), in the caller's language. Never HTML, never a trace."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, RequestDataTooBig, ValidationError
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled
from rest_framework import exceptions as drf

from kernel.accounts.throttle import TooMany
from kernel.lib.errors import ParseError
from kernel.records.change import NotFound
from kernel.records.duplicates import Duplicates

log = logging.getLogger(__name__)
TYPE = "urn:peyvand:problem:"

TITLES = {
    400: ("invalid", gettext_lazy("The request cannot be carried out as sent")),
    401: ("unauthenticated", gettext_lazy("Sign in first")),
    403: ("forbidden", gettext_lazy("Not allowed")),
    404: ("not-found", gettext_lazy("There is nothing here")),
    405: ("method-not-allowed", gettext_lazy("This address does not take this method")),
    409: ("conflict", gettext_lazy("This does not fit the present state")),
    412: ("stale", gettext_lazy("Changed meanwhile")),
    413: ("too-large", gettext_lazy("Too large")),
    415: ("unsupported-type", gettext_lazy("This content type is not taken")),
    429: ("too-many", gettext_lazy("Too many requests")),
    500: ("failed", gettext_lazy("Something went wrong on our side")),
    503: ("unavailable", gettext_lazy("Not available right now")),
}


class Problem(Exception):
    """Raised anywhere below an endpoint to answer with this. `errors` are {"field", "code", "message"}."""

    def __init__(
        self,
        status: int,
        detail: Any = "",
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status)
        self.status, self.detail, self.errors = status, detail, list(errors)
        self.headers, self.more = dict(headers or {}), more

    def document(self) -> dict[str, Any]:
        name, title = TITLES.get(self.status, TITLES[400 if self.status < 500 else 500])
        detail = str(self.detail) or " ".join(str(error["message"]) for error in self.errors)
        return {
            "type": TYPE + name,
            "title": str(title),
            "status": self.status,
            "detail": detail or str(title),
            "errors": self.errors,
            **self.more,
        }


def answer(problem: Problem) -> HttpResponse:
    body = json.dumps(problem.document(), ensure_ascii=False)
    response = HttpResponse(body, status=problem.status, content_type="application/problem+json")
    for name, value in problem.headers.items():
        response.headers[name] = value
    return response


def problem_of(error: Exception) -> Problem:
    """The problem that an exception amounts to; one that nobody foresaw is logged and told as our own fault."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Duplicates):
        alike = [{"id": str(item.record.pk), "label": item.record.label, "why": item.why} for item in error.found.shown]
        return Problem(409, errors=errors_of(error), candidates=alike, may_insist=error.may_insist)
    if isinstance(error, ValidationError):
        return Problem(400, errors=errors_of(error))
    if isinstance(error, ParseError):
        return Problem(400, errors=[{"field": None, "code": error.code, "message": str(error.message)}])
    if isinstance(error, (NotFound, Http404, drf.NotFound)):
        return Problem(404, _("There is no such record, or it is not yours to see."))
    if isinstance(error, PermissionDenied):
        return Problem(403, str(error) or _("Your role does not allow this."))
    if isinstance(error, drf.MethodNotAllowed):
        return Problem(405)
    if isinstance(error, RequestDataTooBig):
        return Problem(413, _("Send at most 5 MB at once."))
    if isinstance(error, MultiPartParserError | drf.ParseError):
        return Problem(400, _("The body cannot be read."))
    if isinstance(error, drf.UnsupportedMediaType):
        return Problem(415)
    if isinstance(error, TooMany):
        return Problem(429, _("Wait a moment, then go on."), headers={"Retry-After": str(error.seconds)})
    if isinstance(error, OperationalError) and isinstance(error.__cause__, _BUSY):
        log.warning("A request gave way to others: %s", error.__cause__)
        return Problem(503, _("The workspace is busy. Try again in a moment."), headers={"Retry-After": "2"})
    log.error("An API request failed", exc_info=error)
    return Problem(500, _("Something went wrong on our side. We have been told."))


_BUSY = (DeadlockDetected, LockNotAvailable, QueryCanceled)


def tell_of_failure(error: Exception, request: HttpRequest, sender: type) -> None:
    """Let whatever watches for unforeseen errors (Sentry, the tests' client) see this one."""
    try:
        raise error
    except type(error):
        got_request_exception.send(sender=sender, request=request)


def errors_of(error: ValidationError, **more: Any) -> list[dict[str, Any]]:
    """One entry for each message, with the field it is about (null where it is about the whole)."""
    if not hasattr(error, "error_dict"):
        return [_entry(None, item) | more for item in error.error_list]
    return [
        _entry(None if field == NON_FIELD_ERRORS else field, item) | more
        for field, items in error.error_dict.items()
        for item in items
    ]


def _entry(field: str | None, error: ValidationError) -> dict[str, Any]:
    message = str(error.message % error.params if error.params else error.message)
    return {"field": field, "code": error.code or "invalid", "message": message}


def unknown(field: str) -> dict[str, Any]:
    """A field that is not there, or not for this caller: the same words."""
    return {"field": field, "code": "unknown", "message": _("There is no such field.")}
