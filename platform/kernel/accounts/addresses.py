"""One spelling per e-mail address, so that an address has one identity however it is typed."""

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode
from django.utils.translation import gettext as _


def normal_email(text: str) -> str:
    """Lower case, ASCII form of the domain, without the invisible marks that copying from Persian text brings along."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c for c in text if unicodedata.category(c) not in {"Cf", "Cc", "Zs"}).lower()
    local, at, domain = text.rpartition("@")
    if not at:
        return text
    try:
        return f"{local}@{punycode(domain)}"
    except UnicodeError:  # not a domain at all; the validator says so
        return text


def check_email(text: str) -> str:
    """The normal form of an address one can write to; ValidationError otherwise."""
    email = normal_email(text)
    try:
        validate_email(email)
        is_good = len(email) <= 254
    except ValidationError:
        is_good = False
    if not is_good:
        raise ValidationError(_("This is not an e-mail address. Write it like name@example.com."), code="email")
    return email
