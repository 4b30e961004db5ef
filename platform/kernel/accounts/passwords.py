"""Hashing and checking passwords, and the rules for a new one."""

import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

from django.contrib.auth.hashers import Argon2PasswordHasher, is_password_usable, make_password
from django.contrib.auth.hashers import check_password as verify
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.lib.text import ascii_digits, written

MIN_LENGTH = 10
MAX_LENGTH = 256
# How many guesses a password has to withstand, as zxcvbn counts them (powers of ten): it has lists of passwords that
# leaked and of words, and knows the years, digits and turns of the keyboard that people add to them.
GUESSES = 8
ESTIMATED = 72  # characters that are looked at: what is longer is beyond guessing, and would take seconds


class Hasher(Argon2PasswordHasher):
    """Argon2id with parameters that OWASP recommends: as hard to guess as Django's, which would take 100 MB and eight
    threads from a server that has other requests at the same time. Of those that it calls equal, less memory and more
    rounds: clearing 46 MB for each password took longer than the rounds."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


def normal(password: str) -> str:
    """The same characters whichever keyboard typed them."""
    return unicodedata.normalize("NFKC", password)


def hashed(password: str) -> str:
    return make_password(normal(password))


def unusable() -> str:
    """What stands in the column of an identity that has not set a password yet."""
    return make_password(None)


def matches(password: str, encoded: str) -> tuple[bool, str | None]:
    """Whether it is the password, and the new hash to store where the old one is out of date."""
    fresh: list[str] = []
    if not is_password_usable(encoded) or len(password) > MAX_LENGTH:
        waste_time(password)
        return False, None
    right = verify(normal(password), encoded, setter=lambda raw: fresh.append(make_password(raw)))
    return right, fresh[0] if right and fresh else None


def waste_time(password: str) -> None:
    """As long as a real check, so that the clock does not tell whether an account exists."""
    make_password(normal(password)[:MAX_LENGTH])


@lru_cache(maxsize=1)
def common() -> CommonPasswordValidator:
    return CommonPasswordValidator()


def check_new_password(password: str, *, email: str = "", name: str = "") -> str:
    """The password itself when it may be used; ValidationError with one sentence for each rule it breaks."""
    errors = []
    plain = normal(password)
    if len(plain) < MIN_LENGTH:
        errors.append(
            ValidationError(
                _("This password is too short. Use at least %(length)s characters."),
                code="password_too_short",
                params={"length": written(MIN_LENGTH)},
            )
        )
    if len(plain) > MAX_LENGTH:
        errors.append(
            ValidationError(
                _("This password is too long. Use at most %(length)s characters."),
                code="password_too_long",
                params={"length": written(MAX_LENGTH)},
            )
        )
        raise ValidationError(errors)
    western = ascii_digits(plain)
    if western.isdigit():
        errors.append(
            ValidationError(
                _("This password is only digits. Add some letters or words."), code="password_entirely_numeric"
            )
        )
    elif len(set(western)) < 4 or _is_common(western):
        errors.append(
            ValidationError(
                _("This password is among the first that get guessed. Choose another one."), code="password_too_common"
            )
        )
    if any(_is_close(western, known) for known in (email, *email.split("@"), name, *name.split())):
        errors.append(
            ValidationError(
                _("This password is too close to your name or e-mail address."), code="password_too_similar"
            )
        )
    if errors:
        raise ValidationError(errors)
    return password


def _is_close(password: str, known: str) -> bool:
    """Django's measure of likeness, without a model's field to name."""
    password, known = password.lower(), known.lower()
    if len(known) < 3 or len(password) >= 10 * len(known):
        return False
    return SequenceMatcher(a=password, b=known).quick_ratio() >= 0.7


def _is_common(password: str) -> bool:
    """On one of the lists of those that leaked, or little more than one of them."""
    from zxcvbn import zxcvbn  # reads its lists, for which only who sets a password has to wait

    try:
        common().validate(password)
    except ValidationError:
        return True
    return bool(zxcvbn(password[:ESTIMATED])["guesses_log10"] < GUESSES)
