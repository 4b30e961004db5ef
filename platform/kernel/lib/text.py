"""One spelling for search and comparison, and one alphabetical order, for Persian and Latin text alike.

Both are computed here and stored beside the record, so that every server and every database locale agrees.
"""

import re
import unicodedata

from django.utils.translation import get_language

_PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹"
_ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩"
_TO_ASCII = str.maketrans(_PERSIAN_DIGITS + _ARABIC_DIGITS, "0123456789" * 2)
_TO_PERSIAN = str.maketrans("0123456789" + _ARABIC_DIGITS, _PERSIAN_DIGITS * 2)

ALPHABET = "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"

# Letters that Unicode keeps apart even after NFKD and removal of marks. Alef, vav and ye with hamza or madda, and
# the many ligatures, come apart by themselves.
_LETTERS = {
    "ي": "ی", "ى": "ی", "ې": "ی", "ے": "ی", "ۍ": "ی",
    "ك": "ک", "ڪ": "ک",
    "ة": "ه", "ە": "ه", "ہ": "ه", "ھ": "ه", "ۃ": "ه",
    "ٱ": "ا",
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "ŧ": "t",
    "٫": ".", "٪": "%", "،": ",", "؛": ";", "؟": "?",
}  # fmt: skip

ZWNJ = "\u200c"
_ZERO_WIDTH_SPACES = ZWNJ + "\u200b"
_DROPPED = "\u0640\u0674"  # tatweel, high hamza
# Marks of other scripts (Devanagari vowels, Thai tones) are letters to their readers and stay.
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0898-\u08ff\ufe00-\ufe0f\ufe20-\ufe2f]"
)
_INVISIBLE = re.compile("[\u200b-\u200f\u061c\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_GROUPING = re.compile("(?<=[0-9])\u066c(?=[0-9])")


class _Fold(dict[int, str]):
    """A `str.translate` table that judges each character once, the first time it is met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in _ZERO_WIDTH_SPACES:
            folded = " "
        elif char.isspace():
            folded = char
        elif char in _DROPPED or _MARKS.match(char) or unicodedata.category(char) in ("Cc", "Cf", "Cs"):
            folded = ""
        else:
            folded = _LETTERS.get(char) or char.translate(_TO_ASCII)
        self[code] = folded
        return folded


_FOLD = _Fold()


def fold(text: str) -> str:
    """The spelling that is searched and compared: two texts a person calls the same fold to the same string."""
    if not text.isascii():
        # Case folding both needs and undoes compatibility forms, hence before and after.
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        text = unicodedata.normalize("NFC", _GROUPING.sub("", text.translate(_FOLD)))
    else:
        text = text.lower().translate(_FOLD)
    return " ".join(text.split())


# A permutation of the alphabet's own code points: prefixes stay prefixes, and different texts keep different keys.
_ORDER = str.maketrans(ALPHABET, "".join(sorted(ALPHABET)))


def sort_key(text: str) -> str:
    """A string whose code point order is dictionary order: digits, Latin, Persian. Equal exactly when folds are."""
    return key_of_folded(fold(text))


def key_of_folded(text: str) -> str:
    """The sort key of text that is folded already; spaces and signs stay where they are."""
    return text.translate(_ORDER)


def visible(text: str) -> str:
    """Without what has no width: joiners and direction marks that come along when text is copied."""
    return _INVISIBLE.sub("", text)


def isolated(text: str) -> str:
    """What somebody wrote, marked so that its direction leaves the sentence around it alone (UAX #9, FSI and PDI)."""
    return f"\u2068{text}\u2069"


def without_isolates(text: str) -> str:
    return text.replace("\u2068", "").replace("\u2069", "")


def ascii_digits(text: str) -> str:
    """Persian and Arabic digits as 0-9; everything else untouched."""
    return text.translate(_TO_ASCII)


def persian_digits(text: str) -> str:
    """ASCII and Arabic digits as ۰-۹; everything else untouched."""
    return text.translate(_TO_PERSIAN)


def written(figure: int | str) -> str:
    """A number or a date as sentences of the active language write it; for years and limits, which aren't grouped."""
    return persian_digits(str(figure)) if (get_language() or "").startswith("fa") else str(figure)
