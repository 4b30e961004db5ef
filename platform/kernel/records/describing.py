"""What programs may do here, as the API itself tells it; pages draw from the same document.

The API stands beside the pages, not below them, so it hands its description down here.
"""

from collections.abc import Callable
from typing import Any

from kernel.access.actor import Actor

Describe = Callable[[Actor], dict[str, Any]]
_descriptions: list[Describe] = []


def describes(describe: Describe) -> Describe:
    """Registers the function that answers the OpenAPI document for an actor."""
    _descriptions[:] = [describe]
    return describe


def described(actor: Actor) -> dict[str, Any]:
    return _descriptions[0](actor)
