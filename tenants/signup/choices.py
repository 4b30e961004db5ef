"""What a new workspace can choose from, named in the reader's language, and sensible first answers."""

from collections import Counter
from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from babel.numbers import get_currency_name

from kernel.lib.text import sort_key

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


def country_of(zone: str, language: str) -> str:
    """The country whose phone numbers are typed without a prefix there."""
    country = get_global("zone_territories").get(zone, "")
    if _is_country(country):
        return country
    return "IR" if language == "fa" else "US"


@lru_cache(maxsize=8)
def zones(language: str) -> list[tuple[str, str]]:
    """(name, country with the city where it has several), by country; UTC first."""
    locale = Locale(language)
    known = available_timezones()
    pairs = [
        (zone, country)
        for zone, country in get_global("zone_territories").items()
        if zone in known and "/" in zone and _is_country(country) and country in locale.territories
    ]
    zones_of = Counter(country for _zone, country in pairs)
    comma = "،" if language == "fa" else ","
    named = []
    for zone, country in pairs:
        name = locale.territories[country]
        named.append((zone, f"{name}{comma} {_city(zone, locale)}" if zones_of[country] > 1 else name))
    return [("UTC", "UTC"), *sorted(named, key=lambda choice: sort_key(choice[1]))]


def _is_country(code: str) -> bool:
    return len(code) == 2 and code.isalpha() and code != "ZZ"


def _city(zone: str, locale: Locale) -> str:
    older = get_global("zone_aliases").get(zone, zone)
    for name in (zone, older):
        if city := locale.time_zones.get(name, {}).get("city"):
            return city
    return zone.rsplit("/", 1)[-1].replace("_", " ")
