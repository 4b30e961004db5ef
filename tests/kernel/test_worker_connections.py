"""A worker's connections to the database: kept from task to task, closed when they are old."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import pytest
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_prerun
from django.db import connections

from config.celery import app

pytestmark = pytest.mark.django_db(databases=["platform"])
TASK = Mock(request=Mock(is_eager=False))


def is_kept(close_at: float | None) -> bool:
    """Whether a connection that is to be closed then is the same after a task and before the next."""
    platform: Any = connections["platform"]
    platform.ensure_connection()
    platform.close_at, first = close_at, platform.connection
    try:
        DjangoWorkerFixup(app).on_task_postrun(sender=TASK)
        task_prerun.send(sender=TASK, task=TASK)
        return platform.connection is first
    finally:
        platform.close()


@pytest.mark.parametrize(("close_at", "kept"), [(None, True), (0.0, False)])
def test_a_worker_keeps_a_connection_from_task_to_task_until_it_is_old(close_at: float | None, kept: bool) -> None:
    with ThreadPoolExecutor(1) as apart:  # whose connections are its own
        assert apart.submit(is_kept, close_at).result() is kept
