"""What a new workspace can choose from, named in the reader's language, and sensible first answers."""

from functools import lru_cache

from babel.numbers import get_currency_name

from kernel.lib.places import country_of, zones
from kernel.lib.text import sort_key

__all__ = ["CURRENCIES", "DEFAULTS", "country_of", "currencies", "defaults", "zones"]

# Asked of most who sign up; more on request, as each needs its places and unit checked.
CURRENCIES = (
    "AED", "AFN", "AMD", "AUD", "AZN", "BHD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EGP", "EUR", "GBP",
    "GEL", "HKD", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "JOD", "JPY", "KRW", "KWD", "KZT", "LBP", "MAD",
    "MXN", "MYR", "NGN", "NOK", "NZD", "OMR", "PHP", "PKR", "PLN", "QAR", "RON", "RUB", "SAR", "SEK", "SGD",
    "THB", "TJS", "TMT", "TND", "TRY", "TWD", "UAH", "USD", "UZS", "VND", "ZAR",
)  # fmt: skip
DEFAULTS = {
    "fa": {"calendar": "jalali", "currency": "IRR", "toman": True, "timezone": "Asia/Tehran"},
    "en": {"calendar": "gregorian", "currency": "USD", "toman": False, "timezone": "UTC"},
}


def defaults(language: str) -> dict[str, object]:
    """The first answers for somebody who reads this language."""
    return {"language": language, **DEFAULTS.get(language, DEFAULTS["en"])}


@lru_cache(maxsize=8)
def currencies(language: str) -> list[tuple[str, str]]:
    """(code, "name (code)"), the language's own first, then by name."""
    first = DEFAULTS.get(language, DEFAULTS["en"])["currency"]
    named = [(code, f"{get_currency_name(code, locale=language)} ({code})") for code in CURRENCIES]
    return sorted(named, key=lambda choice: (choice[0] != first, sort_key(choice[1])))
