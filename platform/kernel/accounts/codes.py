"""Six digits by mail that prove an address before a company is made for it."""

import datetime
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from kernel.accounts.models import EmailCode, Identity
from kernel.lib.text import ascii_digits

LIFETIME = datetime.timedelta(minutes=10)
TRIES = 5
KEPT = datetime.timedelta(days=2)


def new_code(email: str, language: str) -> EmailCode:
    now = timezone.now()
    return EmailCode.objects.create(email=email, language=language, created_at=now, expires_at=now + LIFETIME)


def digits(code: EmailCode) -> str:
    """What the mail says. Derived, never stored: only who has the secret key can tell."""
    mac = salted_hmac("kernel.accounts.codes", f"{code.pk}:{code.email}", algorithm="sha256")
    return f"{int.from_bytes(mac.digest()[:8], 'big') % 1_000_000:06d}"


def find_code(pk: UUID | str | None) -> EmailCode | None:
    return EmailCode.objects.filter(pk=pk).first() if pk else None


def verify(code: EmailCode, typed: str) -> bool:
    """Whether these are the digits. A try is spent before they are compared, so that parallel guesses cost as much."""
    now = timezone.now()
    live = EmailCode.objects.filter(pk=code.pk, expires_at__gt=now, tries__lt=TRIES, verified_at=None)
    if not live.update(tries=F("tries") + 1):
        return False
    typed = "".join(c for c in ascii_digits(typed) if c.isdigit())
    if not constant_time_compare(typed, digits(code)):
        return False
    return bool(EmailCode.objects.filter(pk=code.pk, verified_at=None).update(verified_at=now))


def is_spent(code: EmailCode) -> bool:
    """Expired or tried too often: only a new code helps."""
    return EmailCode.objects.filter(pk=code.pk).exclude(expires_at__gt=timezone.now(), tries__lt=TRIES).exists()


def claim(code: EmailCode) -> bool:
    """Take the sign-up for this request; the same form sent twice gets it once. Given back by itself after a minute."""
    now = timezone.now()
    free = EmailCode.objects.filter(pk=code.pk, tenant=None)
    stale = now - datetime.timedelta(minutes=1)
    return bool(free.exclude(claimed_at__gt=stale).update(claimed_at=now))


def release(code: EmailCode) -> None:
    """After a refusal that the person can mend."""
    EmailCode.objects.filter(pk=code.pk, tenant=None).update(claimed_at=None)


def forget_old() -> int:
    """Addresses of people who never finished are not kept."""
    deleted, _rows = EmailCode.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted


def owner(code: EmailCode) -> Identity | None:
    """Who has this address and a password to it."""
    identity = Identity.objects.with_email(code.email)
    return identity if identity and identity.has_password else None
