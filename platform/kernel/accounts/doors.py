"""Which views a stranger may see. Everything needs somebody signed in unless it says otherwise here."""

from collections.abc import Callable
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Marks a view that answers without anyone signed in (or that checks its callers itself, as the API does)."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def is_public(view: Callable[..., Any]) -> bool:
    """Whether the view, or the class it was made from, is marked."""
    marked = getattr(view, "is_public", None)
    if marked is None:
        marked = getattr(getattr(view, "view_class", getattr(view, "cls", None)), "is_public", False)
    return bool(marked)
