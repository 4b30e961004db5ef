"""What other apps do about changes, in the transaction of the change: registered here, called for every type.

A hook is called once for everything that is written together, with the access that wrote it, so that many rows cost it
no more statements than one.
It may refuse by raising what `change` raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kernel.events.models import Event

if TYPE_CHECKING:
    from kernel.access.actor import Access

Changed = Sequence[tuple[Any, Event]]
Hook = Callable[["Access", Changed], None]
_hooks: list[Hook] = []


def after_change(hook: Hook) -> Hook:
    if hook not in _hooks:
        _hooks.append(hook)
    return hook


def follow(access: Access, changed: Changed) -> None:
    """What the type itself brings along, then what others do."""
    for record, event in changed:
        access.rtype.follow(record, event)
    if changed:
        for hook in _hooks:
            hook(access, changed)
