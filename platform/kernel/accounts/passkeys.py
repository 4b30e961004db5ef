"""Passkeys (WebAuthn): a key on the device, opened by a finger or a PIN. A password and a second step in one."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.core.cache import caches
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from redis import RedisError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kernel.accounts import happening
from kernel.accounts.models import Identity, Passkey

COOKIE = "__Host-passkey" if settings.HTTPS else "passkey"
SALT = "kernel.accounts.passkeys"
SECONDS = 5 * 60
MOST = 20
REQUIRED = UserVerificationRequirement.REQUIRED
# What a body that was made up can make of the library.
REFUSED = (WebAuthnException, ValueError, KeyError, TypeError)


def site_of(request: HttpRequest) -> str:
    """The name that keys of this host are made under: one for the public site and all workspaces. Browsers allow that
    below a registered domain only, so that a domain of one word, and one of a customer's own, stands for itself."""
    host = request.get_host().partition(":")[0].lower()
    is_ours = host == settings.BASE_DOMAIN or host.endswith(f".{settings.BASE_DOMAIN}")
    return settings.BASE_DOMAIN if is_ours and "." in settings.BASE_DOMAIN else host


def keys_of(identity: Identity) -> list[Passkey]:
    return list(Passkey.objects.filter(identity=identity).order_by("created_at"))


def usable(request: HttpRequest, identity: Identity) -> list[Passkey]:
    return [key for key in keys_of(identity) if key.site == site_of(request)]


def begin_making(request: HttpRequest, identity: Identity) -> HttpResponse:
    options = generate_registration_options(
        rp_id=site_of(request),
        rp_name="Peyvand",
        user_id=identity.pk.bytes,
        user_name=identity.email,
        user_display_name=identity.name or identity.email,
        exclude_credentials=_descriptors(usable(request, identity)),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=REQUIRED
        ),
    )
    return _asked(options, "make", str(identity.pk))


def make(request: HttpRequest, identity: Identity, answer: str, name: str) -> Passkey | None:
    """The new key; None where the answer is not one to what was asked here a moment ago."""
    challenge = _challenge(request, "make", str(identity.pk))
    if challenge is None or Passkey.objects.filter(identity=identity).count() >= MOST:
        return None
    try:
        made = verify_registration_response(
            credential=_read(answer),
            expected_challenge=challenge,
            expected_rp_id=site_of(request),
            expected_origin=_origin(request),
            require_user_verification=True,
        )
        key = Passkey.objects.create(
            identity=identity, site=site_of(request), credential_id=made.credential_id,
            public_key=made.credential_public_key, sign_count=made.sign_count, name=name[:100],
        )  # fmt: skip
    except (*REFUSED, IntegrityError):
        return None
    happening.happened(identity, happening.FACTOR_ADDED, "passkey")
    return key


def remove(identity: Identity, pk: UUID) -> None:
    if Passkey.objects.filter(pk=pk, identity=identity).delete()[0]:
        happening.happened(identity, happening.FACTOR_REMOVED, "passkey")


def begin_signing_in(request: HttpRequest, identity: Identity | None) -> HttpResponse:
    """For whoever has a key here, or, after a password, for one person."""
    keys = _descriptors(usable(request, identity)) if identity else []
    options = generate_authentication_options(
        rp_id=site_of(request), allow_credentials=keys, user_verification=REQUIRED
    )
    return _asked(options, "enter", str(identity.pk) if identity else "")


def sign_in(request: HttpRequest, identity: Identity | None, answer: str) -> Identity | None:
    """Whose key it is; with an `identity`, theirs or nobody's."""
    challenge = _challenge(request, "enter", str(identity.pk) if identity else "")
    if challenge is None:
        return None
    try:
        body = _read(answer)
        keys = Passkey.objects.select_related("identity").filter(site=site_of(request), identity__is_active=True)
        key = keys.filter(credential_id=base64url_to_bytes(body["rawId"])).first()
        if key is None or (identity is not None and key.identity_id != identity.pk):
            return None
        shown = verify_authentication_response(
            credential=body,
            expected_challenge=challenge,
            expected_rp_id=site_of(request),
            expected_origin=_origin(request),
            credential_public_key=bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except REFUSED:
        return None
    Passkey.objects.filter(pk=key.pk).update(sign_count=shown.new_sign_count, last_used_at=timezone.now())
    return key.identity


def _asked(options: Any, purpose: str, whom: str) -> HttpResponse:
    response = HttpResponse(options_to_json(options), content_type="application/json")
    value = signing.dumps([purpose, whom, bytes_to_base64url(options.challenge)], salt=SALT)
    response.set_cookie(
        COOKIE, value, max_age=SECONDS, httponly=True, samesite="Strict", secure=settings.SESSION_COOKIE_SECURE
    )
    return response


def _challenge(request: HttpRequest, purpose: str, whom: str) -> bytes | None:
    """What this browser was asked, for once."""
    try:
        asked, of, challenge = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    if (asked, of) != (purpose, whom):
        return None
    try:
        is_first = caches["platform"].add(f"passkey:{challenge}", 1, SECONDS * 2)
    except RedisError:
        return None
    return base64url_to_bytes(challenge) if is_first else None


def _read(answer: str) -> dict[str, Any]:
    body = json.loads(answer[:20_000])
    if not isinstance(body, dict):
        raise TypeError("not an object")
    return body


def _origin(request: HttpRequest) -> str:
    return f"{settings.LINK_SCHEME}://{request.get_host()}"


def _descriptors(keys: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=bytes(key.credential_id)) for key in keys]
