"""A plain row of a tenant's side, for tests of where rows land."""

from typing import Any

from kernel.access.models import Team
from kernel.lib.text import sort_key


def new_team(name: str, **more: Any) -> Team:
    return Team.objects.create(name=name, label=name, label_key=sort_key(name), search=name.lower(), **more)


def made() -> list[str]:
    """The names of the teams that this test made."""
    return sorted(Team.objects.filter(name__startswith="t:").values_list("name", flat=True))
