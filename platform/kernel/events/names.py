"""The names of events and the sentence each is told with. `manage.py events` lists them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

sentences: dict[str, Any] = {}

RECORD_EVENTS = {
    "created": _("%(who)s created this"),
    "updated": _("%(who)s changed this"),
    "deleted": _("%(who)s moved this to the trash"),
    "restored": _("%(who)s restored this"),
    "purged": _("%(who)s removed this for good"),
}


def tell(name: str, sentence: Any) -> str:
    """Register an event's name and its sentence ("%(who)s won this deal"); answers the name."""
    sentences[name] = sentence
    return name


def tell_record_events(name: str) -> None:
    """The events that every record type has."""
    for suffix, sentence in RECORD_EVENTS.items():
        tell(f"{name}.{suffix}", sentence)
