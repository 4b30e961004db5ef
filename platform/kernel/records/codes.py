"""Codes made of names: short, ASCII, for programs to know a thing by whatever it is called later."""

import re
import unicodedata
from collections.abc import Container

from kernel.lib.text import fold

_LETTERS = {
    "ا": "a", "ب": "b", "پ": "p", "ت": "t", "ث": "s", "ج": "j", "چ": "ch", "ح": "h", "خ": "kh", "د": "d", "ذ": "z",
    "ر": "r", "ز": "z", "ژ": "zh", "س": "s", "ش": "sh", "ص": "s", "ض": "z", "ط": "t", "ظ": "z", "ع": "a", "غ": "gh",
    "ف": "f", "ق": "gh", "ک": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "و": "v", "ه": "h", "ی": "y",
}  # fmt: skip
LONGEST = 40


def code_of(name: str, taken: Container[str] = (), *, otherwise: str = "field") -> str:
    """A code for this name that is not taken yet: "Contract no." → contract_no, «شماره قرارداد» → shmarh_ghrardad."""
    latin = "".join(_LETTERS.get(letter, letter) for letter in fold(name))
    plain = "".join(c for c in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(c)).lower()
    code = re.sub("[^a-z0-9]+", "_", plain).strip("_").lstrip("0123456789_")[: LONGEST - 4].rstrip("_") or otherwise
    number, made = 1, code
    while made in taken:
        number += 1
        made = f"{code}_{number}"
    return made
