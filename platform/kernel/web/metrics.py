"""The figures behind /metrics. With PROMETHEUS_MULTIPROC_DIR set, those of all web processes together."""

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

REQUESTS = Counter("peyvand_http_requests_total", "Answered requests.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "peyvand_http_request_seconds",
    "Time to answer a request, in seconds.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def exposition(queued: int | None) -> bytes:
    """The Prometheus text of all processes; `queued` is the length of the task queue, None when the broker is gone."""
    live = CollectorRegistry()
    if queued is not None:
        gauge = Gauge("peyvand_tasks_queued", "Tasks that wait for a worker.", registry=live)
        gauge.set(queued)
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shared = CollectorRegistry()
        multiprocess.MultiProcessCollector(shared)
        return generate_latest(shared) + generate_latest(live)
    return generate_latest(REGISTRY) + generate_latest(live)
