"""Web addresses in the one form they are kept in, safe to put into a link."""

import re
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from kernel.lib.emails import ascii_host
from kernel.lib.errors import ParseError
from kernel.lib.text import ascii_digits, visible

# "example.com:8080" is a host with a port, "javascript:…" a scheme.
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?![0-9]{1,5}(?:/|$))", re.IGNORECASE)
_valid = URLValidator(schemes=["http", "https"])


def parse_url(text: str) -> str:
    """Read a web address; https:// is added when no scheme is written, and only http and https are allowed."""
    typed = visible(text).strip()
    if not typed:
        raise ParseError(_("Enter a web address."), "empty")
    if not _SCHEME.match(typed):
        typed = "https://" + typed.removeprefix("//")
    try:
        parts = urlsplit(typed)
        host = ascii_host(ascii_digits(parts.hostname or ""))
        netloc = host if parts.port is None else f"{host}:{parts.port}"
        url = urlunsplit((parts.scheme.lower(), netloc, parts.path, parts.query, parts.fragment))
        _valid(url)
    except (ValueError, ValidationError):
        url = ""
    # "https://bank.example@elsewhere.example" shows one host and opens another.
    if not url or "@" in parts.netloc:
        sentence = _("“%(text)s” is not a web address. It looks like https://example.com.")
        raise ParseError(sentence, "url", text=text.strip()[:60])
    return url
