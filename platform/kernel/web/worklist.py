"""What waits for somebody: lists that apps add to the first page, each shown while there is something in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kernel.access.actor import Actor


@dataclass(frozen=True)
class Item:
    url: str
    label: str
    note: str = ""
    due: datetime | None = None


@dataclass(frozen=True)
class Waiting:
    """`url` leads to all of them."""

    title: Any
    icon: str
    items: list[Item] = field(default_factory=list)
    url: str = ""


Source = Callable[[Actor], Waiting | None]
_sources: list[Source] = []


def add_waiting(source: Source) -> Source:
    if source not in _sources:
        _sources.append(source)
    return source


def waiting_for(actor: Actor) -> list[Waiting]:
    return [found for source in _sources if (found := source(actor)) and found.items]
