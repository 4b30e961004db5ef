"""Forms that ask once more who it is: for the password, or for a sign-in by the provider that is not long ago."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.accounts import throttle
from kernel.accounts.models import Identity
from kernel.accounts.sessions import came_by_provider, client_ip
from kernel.accounts.signin import authenticate
from kernel.web.settings.forms import SettingsForm

FRESH = 15 * 60  # seconds in which a sign-in by the provider stands for a password


class ProvedForm(SettingsForm):
    is_throttled = False

    @property
    def status(self) -> int:
        return 429 if self.is_throttled else super().status


def proved(request: Any, form: ProvedForm, field: str) -> Identity | None:
    """Who is signed in, if the password in this field is theirs; else the form says why not.

    Whoever came by the provider may have no password: the field is not asked for, a fresh sign-in is.
    """
    if came_by_provider(request):
        if timezone.now().timestamp() - request.session["since"] < FRESH:
            return request.identity  # type: ignore[no-any-return]
        form.add_error(None, _("Sign out, sign in again and do this within a quarter of an hour."))
        return None
    try:
        known = authenticate(request.identity.email, form.cleaned_data[field], ip=client_ip(request))
    except throttle.TooMany as error:
        form.add_error(field, throttle.sentence(error))
        form.is_throttled = True
        return None
    if known is None:
        form.add_error(field, _("This is not your current password."))
    return known
