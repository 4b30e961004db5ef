"""Forms that ask once more for the password of whoever is signed in."""

from typing import Any

from django.utils.translation import gettext as _

from kernel.accounts import throttle
from kernel.accounts.models import Identity
from kernel.accounts.sessions import client_ip
from kernel.accounts.signin import authenticate
from kernel.web.settings.forms import SettingsForm


class ProvedForm(SettingsForm):
    is_throttled = False

    @property
    def status(self) -> int:
        return 429 if self.is_throttled else super().status


def proved(request: Any, form: ProvedForm, field: str) -> Identity | None:
    """Who is signed in, if the password in this field is theirs; else the form says why not."""
    try:
        known = authenticate(request.identity.email, form.cleaned_data[field], ip=client_ip(request))
    except throttle.TooMany as error:
        form.add_error(field, throttle.sentence(error))
        form.is_throttled = True
        return None
    if known is None:
        form.add_error(field, _("This is not your current password."))
    return known
