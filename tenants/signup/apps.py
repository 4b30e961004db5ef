from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SignupConfig(AppConfig):
    """The public site: what the product is, signing up, and the way to one's workspaces."""

    name = "tenants.signup"
    label = "signup"
    verbose_name = _("Public site")
