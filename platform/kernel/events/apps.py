from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "kernel.events"
    label = "events"

    def ready(self) -> None:
        # Their events have sentences, and the sweep finds what is to be sealed.
        from kernel.events import erasing, removing, sealing  # noqa: F401
