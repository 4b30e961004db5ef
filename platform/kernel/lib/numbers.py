"""Numbers as people type and read them, in both languages. Exact: no float comes near."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.text import ascii_digits, persian_digits, visible

MAX_DIGITS = 40
EXACT = Context(prec=100, rounding=ROUND_HALF_UP)

LRM = "\u200e"
MINUS = "\u2212"

_SPACE = re.compile(r"\s")
_SIGNS = str.maketrans(MINUS + "\u2010\u2011\u2013\u066b\u2019\u066c،", "----.',,")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+")
# A leading zero before a separator ("0,125") is somebody's decimal comma, so a grouped number starts with 1-9.
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:([,' ])[0-9]{3})(?:\1[0-9]{3})*(?:\.[0-9]*)?")
_COMMA = re.compile(r"[0-9.' ]*,[0-9]+")


def parse_decimal(text: str) -> Decimal:
    """Read a number in any of the three digit sets, grouped by threes or not.

    A comma is a thousands separator and nothing else: "1,234" is 1234 and "1,5" is refused, because the same file
    that means one and a half by "1,5" would mean 1.234 by "1,234".
    """
    typed = text.strip()
    body = _SPACE.sub(" ", visible(ascii_digits(typed)).translate(_SIGNS)).strip()
    if not body:
        raise ParseError(_("Enter a number."), "empty")
    negative = False
    if body.startswith("(") and body.endswith(")"):
        negative, body = True, body[1:-1].strip()
    elif body[0] in "+-":
        negative, body = body[0] == "-", body[1:].lstrip()
    elif body.endswith("-"):
        negative, body = True, body[:-1].rstrip()
    if not (_PLAIN.fullmatch(body) or _GROUPED.fullmatch(body)):
        if _COMMA.fullmatch(body):
            raise ParseError(
                _("“%(text)s” can be read in two ways. Write decimals with a point (1.5) and thousands as 1,234."),
                "ambiguous_number",
                text=typed[:60],
            )
        raise ParseError(
            _("“%(text)s” is not a number. Write it with digits, such as 1234.5."), "number", text=typed[:60]
        )
    digits = re.sub("[,' ]", "", body)
    if len(digits) > MAX_DIGITS:
        raise ParseError(
            _("This number is too long. Use at most %(limit)s digits."), "number_too_long", limit=MAX_DIGITS
        )
    value = Decimal(digits)
    return -value if negative and value else value


def plain(value: Decimal) -> str:
    """The exact value for files and programs: ASCII digits, no exponent, no trailing zeros, no "-0"."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def rounded(value: Decimal, places: int) -> Decimal:
    """`value` with exactly `places` decimals, a half going away from zero."""
    return value.quantize(Decimal(1).scaleb(-places), context=EXACT)


def localize(text: str, language: str) -> str:
    """A plain number (as `plain` gives it, or with commas) in the digits, separators and minus sign of the language."""
    negative, text = text.startswith("-"), text.removeprefix("-")
    if language == "fa":
        text = persian_digits(text.replace(",", "٬").replace(".", "٫"))
        # The mark keeps the sign before the digits inside a right-to-left line.
        return LRM + MINUS + text if negative else text
    return MINUS + text if negative else text


def format_decimal(value: Decimal | int, language: str, places: int | None = None) -> str:
    """Grouped by threes; `places` decimals, or as many as the value has."""
    value = Decimal(value)
    text = plain(value) if places is None else f"{rounded(value, places):f}"
    negative = text.startswith("-") and text.strip("-0.") != ""
    whole, point, fraction = text.removeprefix("-").partition(".")
    return localize(("-" if negative else "") + f"{int(whole):,}" + point + fraction, language)


_SCALES = (
    (12, "T", "هزار میلیارد"),
    (9, "B", "میلیارد"),
    (6, "M", "میلیون"),
    (3, "k", "هزار"),
)


def compact(value: Decimal | int, language: str) -> str:
    """At a glance: 1.2k, 3.4M, 5B; «۱٫۲ هزار», «۳٫۴ میلیون», «۵ میلیارد»."""
    value = Decimal(value)
    for power, letter, word in _SCALES:
        # What rounds up to the step belongs to it: 999,950 is 1M, not 1000k.
        if abs(value) >= Decimal(10) ** power - 5 * Decimal(10) ** (power - 5):
            number = format_decimal(rounded(value.scaleb(-power, EXACT), 1), language)
            return f"{number} {word}" if language == "fa" else number + letter
    return format_decimal(rounded(value, 1), language)
