from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class RecordsConfig(AppConfig):
    name = "kernel.records"
    label = "records"

    def ready(self) -> None:
        # Every app's declarations, then what listens to their events, then their kinds of runs.
        autodiscover_modules("records")
        autodiscover_modules("subscribers")
        autodiscover_modules("runs")
