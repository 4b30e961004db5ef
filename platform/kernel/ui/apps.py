"""The design system as a Django app: its templates, tags and static files are found through it."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "kernel.ui"
    label = "ui"
