"""Time zones and countries, named in the reader's language."""

from collections import Counter
from functools import cache, lru_cache
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global
from phonenumbers import SUPPORTED_REGIONS

from kernel.lib.text import sort_key


@cache
def known_zones() -> frozenset[str]:
    """The names of all time zones; to gather them takes a walk through a folder."""
    return frozenset(available_timezones())


def country_of(zone: str, language: str) -> str:
    """The country whose phone numbers are typed without a prefix there."""
    country: str = get_global("zone_territories").get(zone, "")
    if is_country(country):
        return country
    return "IR" if language == "fa" else "US"


@lru_cache(maxsize=8)
def zones(language: str) -> list[tuple[str, str]]:
    """(name, country with the city where it has several), by country; UTC first."""
    locale = Locale(language)
    pairs = [
        (zone, country)
        for zone, country in get_global("zone_territories").items()
        if zone in known_zones() and "/" in zone and is_country(country) and country in locale.territories
    ]
    zones_of = Counter(country for _zone, country in pairs)
    comma = "،" if language == "fa" else ","
    named = []
    for zone, country in pairs:
        name = locale.territories[country]
        named.append((zone, f"{name}{comma} {_city(zone, locale)}" if zones_of[country] > 1 else name))
    return [("UTC", "UTC"), *sorted(named, key=lambda choice: sort_key(choice[1]))]


@lru_cache(maxsize=8)
def countries(language: str) -> list[tuple[str, str]]:
    """(code, name) of every country that has telephone numbers."""
    names = Locale(language).territories
    known = [(code, names[code]) for code in SUPPORTED_REGIONS if code in names]
    return sorted(known, key=lambda pair: sort_key(pair[1]))


def is_country(code: str) -> bool:
    return len(code) == 2 and code.isalpha() and code != "ZZ"


def _city(zone: str, locale: Locale) -> str:
    older = get_global("zone_aliases").get(zone, zone)
    for name in (zone, older):
        if city := locale.time_zones.get(name, {}).get("city"):
            return str(city)
    return zone.rsplit("/", 1)[-1].replace("_", " ")
