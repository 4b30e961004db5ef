"""Which other sites may show a form or send to it."""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_ORIGIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?::\d{1,5})?")


def read_origins(text: str) -> list[str]:
    """One on each line, as browsers write them: scheme, host, and a port if it is not the usual one."""
    found: list[str] = []
    for line in (text or "").split():
        origin = line.strip().rstrip("/").lower()
        if not _ORIGIN.fullmatch(origin):
            problem = _("“%(line)s” is not a site. Write it like https://www.example.com, one on each line.")
            raise ValidationError({"origins": ValidationError(problem, params={"line": line}, code="origin")})
        if origin not in found:
            found.append(origin)
    return found


def is_listed(origin: str, own: str, listed: Iterable[str]) -> bool:
    """Whether a browser that stands on `origin` may send here; a program that is no browser names none."""
    return not origin or origin.lower() == own.lower() or origin.lower() in set(listed)
