"""What two spellings of a name have in common: «سید علی رضایی», «علي رضايى» and «عليرضايي» are one person's.

Unlike `fold`, which keeps what a reader would call different, these drop spaces, signs and words that say nothing of
who is meant. They are compared for equality, never shown.
"""

import re

from kernel.lib.text import fold

_WORD = re.compile(r"[^\W_]+")


def _words(text: str | None) -> list[str]:
    return _WORD.findall(fold(text or ""))


def _folded(*words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


HONORIFICS = _folded(
    *("سید", "سیده", "حاج", "حاجی", "آقا", "آقای", "خانم", "مهندس", "دکتر", "استاد", "جناب", "سرکار", "کربلایی"),
    *("mr", "mrs", "ms", "miss", "dr", "prof", "eng", "herr", "frau"),
)
COMPANY_WORDS = _folded(
    *("شرکت", "گروه", "صنعتی", "صنایع", "بازرگانی", "تجاری", "تولیدی", "خدماتی", "موسسه", "کارخانه", "هلدینگ"),
    *("سهامی", "خاص", "عام", "با", "مسئولیت", "محدود"),
    *("ltd", "limited", "inc", "incorporated", "gmbh", "llc", "llp", "co", "company", "corp", "corporation", "plc"),
    *("ag", "kg", "sarl", "srl", "bv", "pty", "group", "holding", "the"),
)
_SEYED = fold("سید")
# Names begin with these three letters too (سیدی), but no first name that is so long.
_SEYED_AND_NAME = 6
# At these everybody has an address, and what tells one from another is the path.
_SHARED_HOSTS = frozenset(
    {"instagram.com", "facebook.com", "linkedin.com", "twitter.com", "x.com", "t.me", "telegram.me", "wa.me",
     "youtube.com", "aparat.com", "eitaa.com", "ble.ir", "rubika.ir", "sites.google.com", "g.page", "linktr.ee"}
)  # fmt: skip


def person_key(name: str | None) -> str:
    words = _words(name)
    while len(words) > 1 and words[0] in HONORIFICS:
        words = words[1:]
    if words and words[0].startswith(_SEYED) and len(words[0]) >= _SEYED_AND_NAME:
        words[0] = words[0].removeprefix(_SEYED)
    return "".join(words)


def company_key(name: str | None) -> str:
    words = _words(name)
    return "".join(word for word in words if word not in COMPANY_WORDS) or "".join(words)


def plain_key(text: str | None) -> str:
    return "".join(_words(text))


def site_key(address: str | None) -> str:
    """The domain of a website; with the path where the domain is a network's."""
    rest = (address or "").strip().lower().rpartition("://")[2]
    host, _slash, path = rest.partition("/")
    host = host.rpartition("@")[2].partition(":")[0].removeprefix("www.").rstrip(".")
    path = path.partition("?")[0].strip("/")
    return f"{host}/{path}" if host in _SHARED_HOSTS and path else host if host not in _SHARED_HOSTS else ""
