"""From an e-mail address and a password to an identity, telling nothing else."""

from kernel.accounts import passwords, throttle
from kernel.accounts.addresses import normal_email
from kernel.accounts.models import Identity

PER_ADDRESS = throttle.Limit("signin-address", times=60, seconds=3600)
PER_PAIR = throttle.Limit("signin-pair", times=8, seconds=600)
PER_IP = throttle.Limit("signin-ip", times=40, seconds=600)


def authenticate(email: str, password: str, *, ip: str) -> Identity | None:
    """The identity, or None for a wrong password, an unknown address and a closed account alike, in the same time.

    Raises `throttle.TooMany` when the address or the caller has failed too often lately.
    """
    email = normal_email(email)
    throttle.hit(PER_PAIR, email, ip)
    throttle.hit(PER_IP, ip)
    throttle.hit(PER_ADDRESS, email)
    identity = Identity.objects.with_email(email)
    if identity is None or not identity.is_active:
        passwords.waste_time(password)
        return None
    if not identity.check_password(password):
        return None
    throttle.forget(PER_PAIR, email, ip)
    throttle.refund(PER_IP, ip)
    throttle.refund(PER_ADDRESS, email)
    return identity
