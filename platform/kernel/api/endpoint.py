"""The base of every endpoint: who calls, in which language, one transaction, problems in one form."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from rest_framework.views import APIView

from kernel.access.actor import Access, Actor
from kernel.api import idempotency
from kernel.api.bodies import read_object
from kernel.api.callers import accepted_language, identify
from kernel.api.problems import Problem, answer, problem_of, tell_of_failure
from kernel.records.types import RecordType, registry


class Endpoint(APIView):
    """Subclass it with `get`, `post`, `patch`, `delete`; answer with `reply(...)`; raise what the engine raises.

    `self.actor` is set when a method runs, and translations speak the caller's language. An exception (ValidationError,
    PermissionDenied, NotFound, Problem, ...) undoes all that the request wrote and becomes application/problem+json.
    POST obeys `Idempotency-Key`. Uploads: `request.POST` and `request.FILES`.
    """

    is_public = True  # for the pages' middleware: this view asks its callers itself
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    actor: Actor

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        self.args, self.kwargs, self.request = args, kwargs, request
        # A refusal before the caller is known is in the language asked for too.
        with translation.override(accepted_language(request) or translation.get_language()):
            try:
                response = self._act(request, *args, **kwargs)
            except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets a problem document
                response = self._explain(error, request)
                transaction.set_rollback(True, using="default")
            response.headers["Content-Language"] = translation.get_language() or "en"
        return response

    def _act(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = request.method.lower()
        act = getattr(self, method, None) if method in self.http_method_names else None
        if act is None:
            raise Problem(405, headers={"Allow": ", ".join(self.allowed_methods)})
        if method == "options":
            return HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})
        self.actor = identify(request)
        if method == "post":
            return idempotency.once(request, self.actor, lambda: act(request, *args, **kwargs))
        response: HttpResponseBase = act(request, *args, **kwargs)
        return response

    def _explain(self, error: Exception, request: Any) -> HttpResponse:
        problem = problem_of(error)
        if problem.status == 500:
            tell_of_failure(error, request, type(self))
        return answer(problem)

    def access(self, slug: str) -> Access:
        """This actor's rights over a record type; 404 for a type that is not there."""
        return self.actor.access(rtype_of(slug))

    def body(self) -> dict[str, Any]:
        return read_object(self.request)


def rtype_of(slug: str) -> RecordType:
    rtype = registry.get(slug)
    if rtype is None:
        raise Problem(404)
    return rtype


# Made once, and for what holds no circles: to look for them takes a fifth of the time.
_JSON = json.JSONEncoder(ensure_ascii=False, check_circular=False, default=str)


def reply(data: Any, status: int = 200, **headers: str) -> HttpResponse:
    """JSON. Header names are written with underscores: `reply(record, 201, Location="/api/v1/deals/ID")`."""
    response = HttpResponse(_JSON.encode(data), status=status, content_type="application/json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def empty() -> HttpResponse:
    response = HttpResponse(status=204)
    del response.headers["Content-Type"]
    return response


class Unknown(APIView):
    """Whatever else stands under /api/."""

    is_public = True

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        with translation.override(accepted_language(request) or translation.get_language()):
            return answer(Problem(404))
