"""What the first visitor of each process would wait for, done before the processes are forked, so for all of them."""

from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.template.utils import get_app_template_dirs
from django.urls import get_resolver


def warm() -> None:
    """Every address is known and every template compiled: together they took the first page half a second."""
    for urls in (settings.ROOT_URLCONF, settings.PUBLIC_SCHEMA_URLCONF):
        get_resolver(urls)._populate()  # what `reverse` would do
    for folder in map(Path, get_app_template_dirs("templates")):
        for file in folder.rglob("*.html"):
            get_template(str(file.relative_to(folder)))
