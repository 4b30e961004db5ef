"""Is this address free, and which ones near it are?"""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.lib.text import fold
from tenants.models import Tenant
from tenants.names import LONGEST, clean_subdomain, lookalike_key

# Sounds, roughly: what a Persian name is usually written like in Latin letters, but for the short vowels.
LATIN = {
    "ا": "a", "ب": "b", "پ": "p", "ت": "t", "ث": "s", "ج": "j", "چ": "ch", "ح": "h", "خ": "kh", "د": "d", "ذ": "z",
    "ر": "r", "ز": "z", "ژ": "zh", "س": "s", "ش": "sh", "ص": "s", "ض": "z", "ط": "t", "ظ": "z", "ع": "a", "غ": "gh",
    "ف": "f", "ق": "gh", "ک": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "و": "o", "ه": "h", "ی": "i",
}  # fmt: skip
# Words that say "company" rather than which one.
FILLERS = re.compile(r"\b(inc|llc|ltd|gmbh|corp|corporation|company|co|the|شرکت|گروه|موسسه|صنایع|بازرگانی)\b")


def latin(company: str) -> str:
    """A company's name as the start of an address; "" where no letter of it can be written so."""
    text = FILLERS.sub(" ", fold(company))
    text = "".join(LATIN.get(char, char) for char in text)
    return re.sub("[^a-z0-9]+", "-", text)[:LONGEST].strip("-")


def is_free(subdomain: str) -> bool:
    """Free just now; who really gets it, the table's constraint decides."""
    return not Tenant.objects.filter(lookalike=lookalike_key(subdomain)).exists()


def check_free(text: str) -> str:
    """The address as it will be kept; ValidationError if it is not one, or is taken."""
    subdomain = clean_subdomain(text)
    if not is_free(subdomain):
        raise ValidationError(_("This address is taken. Choose another."), code="taken")
    return subdomain


def suggestions(wish: str, company: str = "", most: int = 3) -> list[str]:
    """Free addresses near what was wished for, or near the company's name."""
    stems = [stem for stem in dict.fromkeys((latin(company), latin(wish))) if stem]
    candidates = [
        form.format(stem)
        for stem in stems
        for form in ("{}", "{}-co", "{}-team", "{}-hq", "{}-crm", "{}-1", "{}-2", "my-{}", "{}-group")
    ]
    good = {}
    for candidate in candidates:
        try:
            good[lookalike_key(clean_subdomain(candidate))] = candidate
        except ValidationError:
            continue
    taken = set(Tenant.objects.filter(lookalike__in=good).values_list("lookalike", flat=True))
    return [candidate for key, candidate in good.items() if key not in taken and candidate != wish][:most]
