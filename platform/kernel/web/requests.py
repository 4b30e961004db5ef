"""What every request gets, whichever host it came to: an id, one log line, and its place in the metrics."""

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from kernel.accounts.sessions import client_ip
from kernel.events.asking import asking_ip
from kernel.web.logs import request_id
from kernel.web.metrics import REQUEST_SECONDS, REQUESTS

log = logging.getLogger("peyvand.access")

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestMiddleware:
    """Outermost, so that its id is on every line and its time includes everything."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "") if settings.TRUST_PROXY else ""
        request.id = given if _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        token = request_id.set(request.id)  # type: ignore[attr-defined]
        ip = asking_ip.set(client_ip(request))
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            seconds = time.perf_counter() - started
            response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined]
            # The pattern, not the path: a path may hold an invitation's or a reset's secret.
            match = request.resolver_match
            route = f"/{match.route}" if match else "(no route)"
            method = request.method if request.method in _METHODS else "OTHER"
            REQUESTS.labels(method, route, response.status_code).inc()
            REQUEST_SECONDS.labels(route).observe(seconds)
            if match:
                tenant = getattr(request, "tenant", None)
                log.info(
                    "%s %s %s in %d ms", method, route, response.status_code, seconds * 1000,
                    extra={
                        "tenant": getattr(tenant, "subdomain", ""), "method": method, "route": route,
                        "status": response.status_code, "ms": round(seconds * 1000, 1),
                    },
                )  # fmt: skip
            return response
        finally:
            request_id.reset(token)
            asking_ip.reset(ip)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
