"""The composition root: settings, URLs, processes. It may import everything and nothing imports it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
