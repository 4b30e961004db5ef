from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class WebSettingsConfig(AppConfig):
    """The pages under /settings. Other apps add theirs in a module `settings_pages`."""

    name = "kernel.web.settings"
    label = "web_settings"
    verbose_name = _("Settings")

    def ready(self) -> None:
        autodiscover_modules("settings_pages")
