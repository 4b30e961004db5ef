from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "kernel.runs"
    label = "runs"
