"""`/healthz`, `/readyz` and `/metrics`, answered on any host before a tenant is looked for."""

import ipaddress
import time
from collections.abc import Callable

import psycopg
import redis
from django.conf import settings
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from kernel.accounts.sessions import client_ip
from kernel.tenancy.fleet import tenants_behind
from kernel.web.metrics import exposition

# A check answers None, or a sentence that says what isn't right.
Check = Callable[[], str | None]
_checks: dict[str, Check] = {}


def readiness(name: str) -> Callable[[Check], Check]:
    """Registers a further condition for /readyz."""

    def register(check: Check) -> Check:
        _checks[name] = check
        return check

    return register


@readiness("platform database")
def _platform_database() -> str | None:
    try:
        with connections["platform"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"The platform database doesn't answer: {_first_line(error)}"
    return None


@readiness("tenant database")
def _tenant_database() -> str | None:
    # Not through Django's connection: that one refuses to speak without a tenant.
    parameters = connections["default"].get_connection_params()
    wanted = ("host", "port", "user", "password", "dbname", "sslmode", "sslrootcert")
    try:
        with psycopg.connect(
            connect_timeout=3, **{key: parameters[key] for key in wanted if parameters.get(key)}
        ) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        return f"The tenants' database doesn't answer: {_first_line(error)}"
    return None


@readiness("queue")
def _queue() -> str | None:
    try:
        _redis().ping()
    except redis.RedisError as error:
        return f"Valkey doesn't answer: {_first_line(error)}"
    return None


_schema_right_until = 0.0


@readiness("schema")
def _platform_schema() -> str | None:
    global _schema_right_until
    # Reading every migration file takes a while; a schema that was right a minute ago still is.
    if time.monotonic() < _schema_right_until:
        return None
    try:
        executor = MigrationExecutor(connections["platform"])
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return f"The platform schema can't be read: {_first_line(error)}"
    if waiting:
        return f"{len(waiting)} migrations of the platform haven't run; `manage.py upgrade` runs them."
    _schema_right_until = time.monotonic() + 60
    return None


@readiness("tenants' schemas")
def _tenants_schemas() -> str | None:
    try:
        behind = tenants_behind()
    except DatabaseError as error:
        return f"The state of the tenants' schemas can't be read: {_first_line(error)}"
    if behind:
        return f"{len(behind)} tenants are not at the newest migrations; `manage.py tenant migrate` brings them there."
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


_client: redis.Redis | None = None


def _redis() -> redis.Redis:
    global _client
    if _client is None:
        _client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3, socket_connect_timeout=3)
    return _client


def problems() -> list[dict[str, str]]:
    """What keeps this process from being ready, in the order it was checked."""
    found = ((name, check()) for name, check in _checks.items())
    return [{"check": name, "problem": problem} for name, problem in found if problem]


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok", "release": settings.RELEASE})


def readyz(request: HttpRequest) -> HttpResponse:
    found = problems()
    return JsonResponse(found, status=503 if found else 200, safe=False)


def metrics(request: HttpRequest) -> HttpResponse:
    address = ipaddress.ip_address(client_ip(request))
    if not any(address in network for network in settings.METRICS_ALLOW):
        return HttpResponse("This address may not read the metrics.", status=403, content_type="text/plain")
    try:
        queued: int | None = int(_redis().llen("celery:celery"))  # type: ignore[arg-type]
    except redis.RedisError:
        queued = None
    return HttpResponse(exposition(queued), content_type="text/plain; version=0.0.4; charset=utf-8")


_ANSWERS: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = _ANSWERS.get(request.path_info) if request.method in ("GET", "HEAD") else None
        if answer is None:
            return self.get_response(request)
        response = answer(request)
        response.headers["Cache-Control"] = "no-store"
        return response
