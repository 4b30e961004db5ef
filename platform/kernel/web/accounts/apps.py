from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebAccountsConfig(AppConfig):
    """The pages through which people come in: sign-in, reset, invitation, hand-off."""

    name = "kernel.web.accounts"
    label = "web_accounts"
    verbose_name = _("Signing in")

    def ready(self) -> None:
        # They listen to what happens to accounts, and have work for the worker.
        from kernel.web.accounts import arriving, expiring, history  # noqa: F401
