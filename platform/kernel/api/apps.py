from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ApiConfig(AppConfig):
    name = "kernel.api"
    label = "api"

    def ready(self) -> None:
        # What other apps add to the API: their api.py registers it (see kernel.api.resources).
        autodiscover_modules("api")
