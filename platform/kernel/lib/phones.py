"""Phone numbers: kept in E.164, shown the way the reader's country writes them."""

import re

import phonenumbers
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.text import ascii_digits, visible


def parse_phone(text: str, region: str) -> str:
    """Read a number, as dialled in `region` (ISO 3166) or with its country code, into E.164: "+989121234567"."""
    typed = visible(ascii_digits(text)).strip()
    if not typed:
        raise ParseError(_("Enter a phone number."), "empty")
    number = _read(typed, region)
    if number is None and re.match(r"00\s*-?\s*[1-9]", typed):
        # Abroad "00" is what most of the world dials for "+", even where the region's own prefix is another.
        number = _read("+" + typed[2:].lstrip(" -"), region)
    if number is None:
        sentence = _("“%(text)s” is not a complete phone number. Write it with its area or country code.")
        raise ParseError(sentence, "phone", text=text.strip()[:40])
    if number.extension:
        raise ParseError(_("Write the phone number without its extension."), "phone_extension")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _read(typed: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(typed, region or None)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def format_phone(e164: str, region: str) -> str:
    """National form inside the number's own region, international elsewhere. ASCII digits, to be shown in `dir=ltr`."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    style = phonenumbers.PhoneNumberFormat
    at_home = phonenumbers.region_code_for_number(number) == region
    return phonenumbers.format_number(number, style.NATIONAL if at_home else style.INTERNATIONAL)
