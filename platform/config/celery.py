"""The Celery application: `celery -A config worker` and `celery -A config beat`."""

import os
import warnings

from celery import Celery
from celery.signals import worker_init

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
