"""Work that needs connections of its own, away from whatever transaction the caller is in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def apart(work: Callable[[], T]) -> T:
    """Run work in a thread of its own: no tenant, no open transaction, and its connections closed at the end."""

    def run() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
