"""What benchmarks measure with: calls, clients that repeat them, and a server of our own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CLIENTS, WORKERS = 2, 2
SUBDOMAIN = "bench"
Call = Callable[[http.client.HTTPConnection], None]


def api(key: str, method: str, path: str, body: Any = None) -> Call:
    def call(connection: http.client.HTTPConnection) -> None:
        ask(connection, key, method, path, body)

    return call


def get(path: str) -> Call:
    def call(connection: http.client.HTTPConnection) -> None:
        connection.request("GET", path)
        finish(connection)

    return call


def ask(connection: http.client.HTTPConnection, key: str, method: str, path: str, body: Any = None) -> Any:
    headers = {"Host": f"{SUBDOMAIN}.localhost", "Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
    return finish(connection, f"{method} {path}")


def finish(connection: http.client.HTTPConnection, what: str = "") -> Any:
    answer = connection.getresponse()
    data = answer.read()
    if answer.status >= 400:
        raise SystemExit(f"{what} {answer.status}: {data[:500]!r}")
    return json.loads(data)


def rate(client_of: Callable[[int], contextlib.AbstractContextManager[Callable[[], None]]], seconds: float) -> float:
    """How often CLIENTS clients together finish in a second, after a few calls that warm up."""
    counts: list[float] = []

    def client(number: int) -> None:
        with client_of(number) as call:
            for _ in range(5):
                call()
            began, done = time.perf_counter(), 0
            while (spent := time.perf_counter() - began) < seconds:
                call()
                done += 1
            counts.append(done / spent)

    threads = [threading.Thread(target=client, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(counts) < CLIENTS:
        raise SystemExit("A client failed.")
    return sum(counts)


@contextlib.contextmanager
def http_call(port: int, call: Call) -> Iterator[Callable[[], None]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        yield lambda: call(connection)
    finally:
        connection.close()


@contextlib.contextmanager
def psycopg_call(dsn: str, statements: list[str]) -> Iterator[Callable[[], None]]:
    import psycopg

    with psycopg.connect(dsn) as db:

        def call() -> None:
            with db.transaction():
                for sql in statements:
                    cursor = db.execute(sql)  # type: ignore[call-overload]
                    if cursor.description:
                        cursor.fetchall()

        yield call


@contextlib.contextmanager
def server_for_each(module: str, env: dict[str, str]) -> Iterator[list[int]]:
    """A worker for each client, on a port of its own: behind one port both clients often meet the same worker, since
    their connections last, and the other has nothing to do."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(server(module, env, workers=1)) for _ in range(CLIENTS)]


@contextlib.contextmanager
def server(module: str, env: dict[str, str], workers: int = WORKERS) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address, many = f"127.0.0.1:{port}", str(workers)
    command = [
        sys.executable, "-m", "gunicorn", f"{module}:application", "--bind", address, "--workers", many,
        "--threads", "4", "--worker-class", "gthread", "--keep-alive", "30", "--log-level", "warning", "--preload",
    ]  # fmt: skip
    quiet = {"LOG_LEVEL": "WARNING", "API_REQUESTS_PER_MINUTE": "100000000"}
    process = subprocess.Popen(command, env={**os.environ, **quiet, **env}, cwd=ROOT)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()
