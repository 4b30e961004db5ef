"""What every template knows without its view's help: language, direction, theme and the viewer's Format."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from kernel.lib.format import Format

THEMES = ("system", "light", "dark")
DENSITIES = ("comfortable", "compact")


def default_format(language: str) -> Format:
    """How a stranger reads: only the language is known."""
    if language == "fa":
        return Format(language="fa", calendar="jalali", timezone="Asia/Tehran", currency="IRR", region="IR")
    return Format(language="en")


def ui(request: HttpRequest) -> dict[str, Any]:
    """The context processor of all pages."""
    language = (get_language() or "en").split("-")[0]
    # A member's own choice goes wherever they sign in; the cookie is this browser's.
    theme = getattr(getattr(request, "member", None), "theme", "") or request.COOKIES.get("theme", "")
    density = request.COOKIES.get("density", "")
    actor = getattr(request, "actor", None)

    return {
        "lang": language,
        "dir": "rtl" if language == "fa" else "ltr",
        "theme": theme if theme in THEMES[1:] else "",
        "density": density if density in DENSITIES[1:] else "",
        "format": getattr(actor, "format", None) or default_format(language),
    }
