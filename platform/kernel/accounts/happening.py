"""What happens to an account as a whole is told to whoever asked to hear of it: each workspace of the person keeps it
in its history (kernel.web.accounts.history), of which nothing is known here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from kernel.accounts.models import Identity

PASSWORD_CHANGED, SESSION_ENDED, ALL_ENDED = "password_changed", "session_ended", "signed_out_everywhere"
FACTOR_ADDED, FACTOR_REMOVED, CODES_MADE = "factor_added", "factor_removed", "codes_made"

Listener = Callable[["Identity", str, str], object]
Greeter = Callable[[HttpRequest, "Identity"], object]
_listeners: list[Listener] = []
_greeters: list[Greeter] = []


def when_changed(listener: Listener) -> Listener:
    """Have a function called with the identity, what happened, and to which factor."""
    _listeners.append(listener)
    return listener


def when_signed_in(greeter: Greeter) -> Greeter:
    _greeters.append(greeter)
    return greeter


def happened(identity: Identity, what: str, factor: str = "") -> None:
    for listener in _listeners:
        listener(identity, what, factor)


def signed_in(request: HttpRequest, identity: Identity) -> None:
    for greeter in _greeters:
        greeter(request, identity)
