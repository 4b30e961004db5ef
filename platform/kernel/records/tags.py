"""What must stay true of tags."""

from __future__ import annotations

import zlib

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.lib.text import sort_key
from kernel.records.kinds.tags import SEPARATORS
from kernel.records.models import Tag


def check_name(tag: Tag) -> None:
    """Names stand beside each other in one cell of a file, so none holds what parts them."""
    tag.name = " ".join(tag.name.split())
    if set(tag.name) & set(SEPARATORS):
        problem = _("A tag has no comma or semicolon in its name.")
        raise ValidationError({"name": ValidationError(problem, code="separator")})


def color_of(name: str) -> str:
    """The colour of a tag of which only the name is known: always the same, and not the same for all."""
    colors = [color for color in Tag.Color.values if color != Tag.Color.GREY]
    return colors[zlib.crc32(sort_key(name).encode()) % len(colors)]
