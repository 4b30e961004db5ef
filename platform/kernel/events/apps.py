from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "kernel.events"
    label = "events"
