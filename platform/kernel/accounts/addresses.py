"""One spelling per e-mail address, so that an address has one identity however it is typed."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.lib.emails import parse_email
from kernel.lib.errors import ParseError
from kernel.lib.text import ascii_digits, visible

LONGEST = 254


def normal_email(text: str) -> str:
    """Trimmed, in lower case, the domain in ASCII. What is no address at all comes back trimmed and matches nobody."""
    try:
        return parse_email(text).lower()
    except ParseError:
        return visible(ascii_digits(text)).strip().lower()


def check_email(text: str) -> str:
    """The one spelling of an address that one can write to; ValidationError otherwise."""
    try:
        email = parse_email(text).lower()
    except ParseError as error:
        raise ValidationError(str(error), code=error.code) from None
    if len(email) > LONGEST:
        raise ValidationError(_("This address is too long. Use one of at most 254 characters."), code="long")
    return email
