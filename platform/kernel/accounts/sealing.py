"""Secrets that have to be read again, encrypted where they are kept: by SECRET_KEY, and readable by its fallbacks.

A secret is kept in a `SealedField` and nowhere else; so whatever is sealed is found by `sealed_fields`, and can be
brought under another key.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.apps import apps
from django.conf import settings
from django.db import models


class Unreadable(Exception):
    """Sealed by a key that is neither SECRET_KEY nor one of its fallbacks."""


class Secret:
    """A sealed text. Shown, logged or put into a sentence by mistake it is three dots."""

    __slots__ = ("sealed",)

    def __init__(self, sealed: str) -> None:
        self.sealed = sealed

    @classmethod
    def of(cls, text: str) -> Secret:
        return cls(_box(*_keys()).encrypt(text.encode()).decode())

    def reveal(self) -> str:
        try:
            return _box(*_keys()).decrypt(self.sealed.encode()).decode()
        except InvalidToken:
            raise Unreadable from None

    def renewed(self) -> Secret:
        """The same under today's key."""
        try:
            return Secret(_box(*_keys()).rotate(self.sealed.encode()).decode())
        except InvalidToken:
            raise Unreadable from None

    @property
    def is_current(self) -> bool:
        """Whether today's key alone reads it."""
        try:
            _box(settings.SECRET_KEY).decrypt(self.sealed.encode())
        except InvalidToken:
            return False
        return True

    def __repr__(self) -> str:
        return "…"


if TYPE_CHECKING:
    Text = models.CharField[Secret, Secret]
else:
    Text = models.CharField


class SealedField(Text):
    """Holds a `Secret`. `max_length` is of the sealed text: about a hundred, and four thirds of what is sealed."""

    def from_db_value(self, value: Any, *_context: Any) -> Secret | None:
        return None if value is None else Secret(value)

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, Secret):
            raise TypeError(f"{self.name} takes a Secret, so that nothing is kept in the clear.")
        return value.sealed


def sealed_fields() -> Iterator[tuple[type[models.Model], str]]:
    """Every field that holds secrets, of the platform and of workspaces."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedField):
                yield model, field.name


def _keys() -> tuple[str, ...]:
    return (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=8)
def _box(*secrets: str) -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"kernel.accounts.sealing").derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
