"""The names of events and the sentence each is told with. `manage.py events` lists them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

sentences: dict[str, Any] = {}


@dataclass(frozen=True)
class Settings:
    """What an event of the settings tells: labels of what it may have changed, and how a value of it reads for whom
    (a function of actor, name and value); without words it reads as it was written."""

    labels: Mapping[str, Any]
    words: Callable[[Any, str, Any], str] | None = None


settings_events: dict[str, Settings] = {}

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


def tell_settings(
    name: str, sentence: Any, labels: Mapping[str, Any], words: Callable[[Any, str, Any], str] | None = None
) -> str:
    """Register an event of the settings (kernel.events.noting.note_settings)."""
    settings_events[name] = Settings(labels, words)
    return tell(name, sentence)


def tell_record_events(name: str) -> None:
    """The events that every record type has."""
    for suffix, sentence in RECORD_EVENTS.items():
        tell(f"{name}.{suffix}", sentence)
