from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who a person is, on the platform side: identity, sessions, codes."""

    name = "kernel.accounts"
    label = "accounts"
    verbose_name = _("Accounts")
