"""The floor: a bare Django view that does one task's SQL and answers JSON. No tenant, no rights, no events.

Run by loadtests/bench.py under the same gunicorn as the product: BENCH_DSN and BENCH_TASKS (JSON) come from it.
"""

import json
import os
import threading
from typing import Any

import django
import psycopg
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[], SECRET_KEY="floor", USE_TZ=True)  # noqa: S106
    django.setup()

_held = threading.local()
TASKS: dict[str, list[Any]] = json.loads(os.environ.get("BENCH_TASKS", "{}"))


def connection() -> psycopg.Connection[Any]:
    if not hasattr(_held, "connection"):
        _held.connection = psycopg.connect(os.environ["BENCH_DSN"])
    held: psycopg.Connection[Any] = _held.connection
    return held


def task(request: HttpRequest, name: str) -> HttpResponse:
    rows: list[Any] = []
    with connection().transaction():
        for sql in TASKS[name]:
            cursor = connection().execute(sql)
            rows = cursor.fetchall() if cursor.description else rows
    return JsonResponse({"rows": rows})


urlpatterns = [path("<slug:name>", task)]
application = WSGIHandler()
