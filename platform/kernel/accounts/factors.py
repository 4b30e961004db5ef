"""The second step of signing in: codes of an app (TOTP), a passkey, and recovery codes for when both are gone."""

import hashlib
import secrets

import pyotp
import segno
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from kernel.accounts import happening, throttle
from kernel.accounts.models import Identity, Passkey, RecoveryCode, Session, Totp
from kernel.accounts.sealing import Secret
from kernel.lib.text import ascii_digits

TRIES = throttle.Limit("second-step", times=8, seconds=600)
SECONDS, DRIFT = 30, 1  # of a step; steps before and after, for clocks that are not right
CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is mistaken for another


def has_app(identity: Identity) -> bool:
    return Totp.objects.filter(identity=identity, confirmed_at__isnull=False).exists()


def has_second(identity: Identity) -> bool:
    """An app, or a passkey of whichever site: what one site asks for, no other one does without."""
    return has_app(identity) or Passkey.objects.filter(identity=identity).exists()


# -- the app


def begin(identity: Identity) -> str:
    """The secret to put into an app, the same until it is confirmed; "" where one is confirmed already."""
    row, _new = Totp.objects.get_or_create(identity=identity, defaults={"secret": Secret.of(pyotp.random_base32())})
    return "" if row.confirmed_at else row.secret.reveal()


def picture(identity: Identity, secret: str) -> str:
    """The secret as an SVG that apps read with the camera."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=identity.email, issuer_name="Peyvand")
    drawn: str = segno.make(uri, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff", svgclass="qr")
    return drawn


def confirm(identity: Identity, typed: str) -> list[str] | None:
    """Begin to ask for it, once a code shows that the app has the secret: the recovery codes. Other browsers, which
    came in without it, are signed out. Raises `throttle.TooMany`."""
    row = Totp.objects.filter(identity=identity, confirmed_at=None).first()
    if row is None or not _take(identity, row, typed):
        return None
    Totp.objects.filter(pk=row.pk).update(confirmed_at=timezone.now())
    happening.happened(identity, happening.FACTOR_ADDED, "totp")
    return new_codes(identity)


def check(identity: Identity, typed: str) -> bool:
    """Whether this is the app's code of now, which nobody has used. Raises `throttle.TooMany`."""
    row = Totp.objects.filter(identity=identity, confirmed_at__isnull=False).first()
    return _take(identity, row, typed)


def _take(identity: Identity, row: Totp | None, typed: str) -> bool:
    throttle.hit(TRIES, str(identity.pk))
    code = "".join(char for char in ascii_digits(typed) if char.isdigit())
    if row is None or len(code) != 6:
        return False
    app, now = pyotp.TOTP(row.secret.reveal()), int(timezone.now().timestamp()) // SECONDS
    for step in range(now - DRIFT, now + DRIFT + 1):
        if constant_time_compare(app.at(step * SECONDS), code):
            # One statement decides between two that send the same code, and none is taken twice.
            taken = Totp.objects.filter(pk=row.pk, last_step__lt=step).update(
                last_step=step, secret=row.secret.renewed()
            )
            if taken:
                throttle.forget(TRIES, str(identity.pk))
            return bool(taken)
    return False


# -- recovery codes


def new_codes(identity: Identity) -> list[str]:
    """Ten new ones; those before stop working. Only their digests are kept."""
    codes = ["-".join("".join(secrets.choice(LETTERS) for _i in range(4)) for _j in range(4)) for _k in range(CODES)]
    with transaction.atomic("platform"):
        RecoveryCode.objects.filter(identity=identity).delete()
        RecoveryCode.objects.bulk_create(RecoveryCode(identity=identity, digest=_digest(code)) for code in codes)
    happening.happened(identity, happening.CODES_MADE)
    return codes


def spend(identity: Identity, typed: str) -> bool:
    """Whether this is a recovery code that was not used; it is now. Raises `throttle.TooMany`."""
    throttle.hit(TRIES, str(identity.pk))
    mine = RecoveryCode.objects.filter(identity=identity, digest=_digest(typed), used_at=None)
    if not mine.update(used_at=timezone.now()):
        return False
    throttle.forget(TRIES, str(identity.pk))
    return True


def codes_left(identity: Identity) -> int:
    return RecoveryCode.objects.filter(identity=identity, used_at=None).count()


def _digest(code: str) -> str:
    """With nearly 80 bits in a code, a plain digest is as good as a slow one."""
    plain = "".join(char for char in ascii_digits(code).lower() if char.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


# -- without it


def drop(identity: Identity) -> None:
    """No second step any more, until one is set up anew."""
    dropped = Totp.objects.filter(identity=identity).delete()[0] + Passkey.objects.filter(identity=identity).delete()[0]
    if dropped:
        happening.happened(identity, happening.FACTOR_REMOVED)
    RecoveryCode.objects.filter(identity=identity).delete()


def state(identity: Identity) -> str:
    """What is set up, as a word that is another after any change of it."""
    rows = Totp.objects.filter(identity=identity, confirmed_at__isnull=False).values_list("confirmed_at", flat=True)
    keys = Passkey.objects.filter(identity=identity).order_by("pk").values_list("pk", flat=True)
    text = f"{identity.pk}:{[str(one) for one in (*rows, *keys)]}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def end_others(identity: Identity, current: str | None) -> None:
    """Sign out the browsers that came in before there was a second step."""
    Session.objects.filter(identity=identity).exclude(session_key=current).delete()
