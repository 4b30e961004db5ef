from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "kernel.web"
    label = "web"
