"""The Celery application: `celery -A config worker` and `celery -A config beat`."""

import os
import warnings

from celery import Celery, Task
from celery.signals import task_prerun, worker_init
from django.db import close_old_connections

from config import env
from config.collecting import collect_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

if env.embedded():
    # On a developer's machine or in a container root is usual; the advice is for servers.
    warnings.filterwarnings("ignore", message=r"(?s).*superuser privileges")

app = Celery("peyvand")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _before_forking(**_said: object) -> None:
    collect_seldom()


@task_prerun.connect
def _close_old_connections(task: Task, **_said: object) -> None:
    """As before a request: what is old or broken is closed. Celery would close all of them around each task, and a new
    one costs the server more than most tasks do."""
    if not task.request.is_eager:
        close_old_connections()
