"""What other apps do about changes, in the transaction of the change: registered here, called for every type.

A hook is called once for everything that is written together, so that many rows cost it no more statements than one.
It may refuse by raising what `change` raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kernel.events.models import Event

if TYPE_CHECKING:
    from kernel.records.types import RecordType

Changed = Sequence[tuple[Any, Event]]
Hook = Callable[["RecordType", Changed], None]
_hooks: list[Hook] = []


def after_change(hook: Hook) -> Hook:
    if hook not in _hooks:
        _hooks.append(hook)
    return hook


def follow(rtype: RecordType, changed: Changed) -> None:
    """What the type itself brings along, then what others do."""
    for record, event in changed:
        rtype.follow(record, event)
    if changed:
        for hook in _hooks:
            hook(rtype, changed)
