"""E-mail addresses in the one form they are kept in."""

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.text import ascii_digits, visible

LONGEST_HOST = 253
_valid = EmailValidator(allowlist=[])


def parse_email(text: str) -> str:
    """Read an address: trimmed, ASCII digits, the domain in lower case and in its ASCII (IDNA) form."""
    typed = visible(ascii_digits(text)).strip().removeprefix("mailto:")
    if not typed:
        raise ParseError(_("Enter an e-mail address."), "empty")
    local, _at, domain = typed.rpartition("@")
    try:
        address = f"{local}@{ascii_host(domain)}"
        _valid(address)
    except (UnicodeError, ValidationError):
        sentence = _("“%(text)s” is not an e-mail address. It looks like name@example.com.")
        raise ParseError(sentence, "email", text=text.strip()[:60]) from None
    return address


def ascii_host(host: str) -> str:
    """A host name in lower-case ASCII; UnicodeError for one that cannot be."""
    if len(host) > LONGEST_HOST:
        raise UnicodeError("no host is as long")  # and to encode one takes the square of its length in time
    return host.encode("idna").decode("ascii").lower()
