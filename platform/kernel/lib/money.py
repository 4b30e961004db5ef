"""Amounts of money as people type and read them. Stored in the currency itself; Toman is only a way of writing Rial."""

import re
from decimal import Decimal
from functools import cache

from babel.numbers import get_currency_name, get_currency_precision, get_currency_symbol
from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kernel.lib import numbers
from kernel.lib.errors import ParseError
from kernel.lib.numbers import EXACT, MINUS, format_decimal, parse_decimal, plain, rounded
from kernel.lib.text import ZWNJ, ascii_digits, fold, visible

STORED_PLACES = 4
MAX_WHOLE_DIGITS = 20
TOMAN = "toman"
RIALS_IN_TOMAN = 10

_NUMBER = re.compile(r"[0-9.٫](?:[0-9.,٬٫،'’\s]*[0-9])?")
_TOMAN_WORDS = frozenset(("تومان", "تومن", "toman", "tomans", "irt"))
_AND = frozenset(("و", "and"))
_SCALES = {
    "هزار": 3, "میلیون": 6, "ملیون": 6, "میلیارد": 9, "ملیارد": 9, "تریلیون": 12,
    "k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "b": 9, "bn": 9, "billion": 9, "t": 12, "trillion": 12,
}  # fmt: skip


def currency_places(code: str) -> int:
    """How many decimals an amount that is not whole is shown with: 2 for USD, 0 for IRR, 3 for KWD."""
    return get_currency_precision(code)


@cache
def _symbol(currency: str) -> str:
    return get_currency_symbol(currency, "en")


@cache
def _words(currency: str) -> frozenset[str]:
    """Every folded way to name the currency, short or full, in both languages."""
    english = [get_currency_name(currency, count=count, locale="en") for count in (None, 1, 2)]
    persian = get_currency_name(currency, locale="fa")
    bare = _symbol(currency).lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    symbols = [_symbol(currency), get_currency_symbol(currency, "fa"), bare, bare and currency[:2] + bare]
    short = [name.split()[-1] for name in english] + [persian.split()[0]]
    return frozenset(filter(None, map(fold, [currency, *english, persian, *symbols, *short])))


def unit_name(currency: str, language: str, unit: str = "") -> str:
    """What stands beside an amount field: "$", "SEK", "Toman", «تومان», «دلار آمریکا»."""
    if currency == "IRR":
        toman = unit == TOMAN
        return ("تومان" if toman else "ریال") if language == "fa" else ("Toman" if toman else "Rial")
    return get_currency_name(currency, locale="fa") if language == "fa" else _symbol(currency)


def _unit_name_of_reader(currency: str, unit: str) -> str:
    return unit_name(currency, get_language() or "en", unit)


_unit_name = lazy(_unit_name_of_reader, str)


def parse_money(text: str, currency: str, unit: str) -> Decimal:
    """Read an amount, such as "1,234.50", "$1.2k" or «۱۲ میلیون و ۵۰۰ هزار تومان», as an exact sum in `currency`.

    With `unit` "toman" a bare number means Toman; a unit that is written out always wins. Another currency is refused.
    """
    typed = text.strip()
    if not typed:
        raise ParseError(_("Enter an amount."), "empty")
    amount, words = _spoken(visible(ascii_digits(typed).replace(ZWNJ, " ")).strip(), typed)
    named_toman = bool(words & _TOMAN_WORDS) and currency == "IRR"
    named_itself = bool(words & _words(currency))
    accepted = _words(currency) | (_TOMAN_WORDS if currency == "IRR" else frozenset())
    if words - accepted or (named_toman and named_itself):
        sentence = _("Write the amount in %(unit)s, without another currency or other words.")
        raise ParseError(sentence, "currency", unit=_unit_name(currency, unit))
    if named_toman or (currency == "IRR" and unit == TOMAN and not named_itself):
        amount = EXACT.multiply(amount, Decimal(RIALS_IN_TOMAN))
    return _storable(amount)


def _spoken(body: str, typed: str) -> tuple[Decimal, frozenset[str]]:
    """The sum of the numbers with their scales, and the words left over."""
    negative, body = _sign(body)
    found = list(_NUMBER.finditer(body))
    if not found:
        raise ParseError(
            _("“%(text)s” is not an amount. Write it with digits, such as 1,200."), "money", text=typed[:60]
        )
    total, left, last_scale = Decimal(0), [fold(body[: found[0].start()])], 99
    for match, following in zip(found, [*found[1:], None], strict=True):
        words = fold(body[match.end() : following.start() if following else None]).split()
        scale = 0
        while words and words[0] in _SCALES:
            scale += _SCALES[words.pop(0)]
        rest = " ".join(words)
        if scale >= last_scale or (following and rest not in _AND):
            sentence = _("“%(text)s” holds more than one amount. Write a single one, such as 1,200.")
            raise ParseError(sentence, "money", text=typed[:60])
        if not following:
            left.append(rest)
        total, last_scale = total + parse_decimal(match[0]).scaleb(scale, EXACT), scale
    return (-total if negative and total else total), frozenset(filter(None, left))


def _sign(body: str) -> tuple[bool, str]:
    body = body.replace(MINUS, "-")
    if body.startswith("(") and body.endswith(")"):
        return True, body[1:-1]
    first = next((i for i, char in enumerate(body) if char.isdecimal()), len(body))
    if "-" in body[:first] and body.count("-") == 1:
        return True, body.replace("-", "", 1)
    if body.endswith("-") and body.count("-") == 1:
        return True, body[:-1]
    return False, body


def _storable(amount: Decimal) -> Decimal:
    if abs(amount) >= Decimal(10) ** MAX_WHOLE_DIGITS:
        sentence = _("This amount is too large. It may have at most %(digits)s digits.")
        raise ParseError(sentence, "money_too_large", digits=MAX_WHOLE_DIGITS)
    stored = rounded(amount, STORED_PLACES)
    if stored != amount:
        sentence = _("This amount has too many decimals. Use at most %(places)s.")
        raise ParseError(sentence, "money_decimals", places=STORED_PLACES)
    return stored


def _shown(amount: Decimal | int, currency: str, unit: str) -> Decimal:
    amount = Decimal(amount)
    return EXACT.divide(amount, Decimal(RIALS_IN_TOMAN)) if currency == "IRR" and unit == TOMAN else amount


def amount_input(amount: Decimal | int, currency: str, unit: str) -> str:
    """The amount as a form field holds it: exact, in the typed unit, ASCII digits. `parse_money` reads it back."""
    return plain(_shown(amount, currency, unit))


def format_money(amount: Decimal | int, currency: str, language: str, unit: str = "", compact: bool = False) -> str:
    """ "$1,200", "$1,200.50", "SEK 1,200", "120,000 Toman", «۱۲۰٬۰۰۰ تومان»; compact: "$1.2k", «۱٫۲ هزار تومان».

    A whole amount is shown without decimals; what is stored is never rounded away, except by `compact`.
    """
    # A fifth decimal cannot be stored; it comes from an average.
    shown = _shown(rounded(Decimal(amount), STORED_PLACES), currency, unit)
    name = unit_name(currency, language, unit)
    number = numbers.compact(shown, language) if compact else _full(shown, currency, language)
    if language == "fa" or currency == "IRR":
        return f"{number} {name}"
    sign = MINUS if number.startswith(MINUS) else ""
    return f"{sign}{name}{' ' if name[-1].isalpha() else ''}{number.removeprefix(MINUS)}"


def _full(amount: Decimal, currency: str, language: str) -> str:
    if amount == amount.to_integral_value(context=EXACT):
        return format_decimal(amount, language, 0)
    decimals = len(plain(amount).partition(".")[2])
    return format_decimal(amount, language, max(currency_places(currency), decimals))
