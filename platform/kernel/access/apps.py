from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "kernel.access"
    label = "access"
