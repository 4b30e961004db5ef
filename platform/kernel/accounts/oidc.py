"""Signing in by OpenID Connect: the authorization code flow with PKCE, and what makes an answer believable.

Everything that a provider says is a stranger's word until its signature, issuer, audience, time and nonce are checked.
Its description and its keys are read anew for each sign-in, so a key that it drops is worth nothing at once.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from cryptography import x509
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from kernel.accounts.sealing import Secret
from kernel.lib import outgoing
from kernel.lib.outgoing import Answer, Failed

# Those of keys that come in two halves: with the others the public half, or nothing, would be the key.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
LEEWAY = 60  # seconds, for clocks that are not right
MOST_KEYS = 50
# RFC 8176: more than one factor was shown.
TWICE = "mfa"

NOT_BELIEVED = _(
    "What the provider answered cannot be believed: it is not signed by it, or not meant for this sign-in."
)


class Refused(Exception):
    """The provider will not do. `field` of the settings is where it is to be mended; `code` is for the log."""

    def __init__(self, code: str, sentence: Any, field: str = "issuer") -> None:
        super().__init__(code)
        self.code, self.sentence, self.field = code, sentence, field


@dataclass(frozen=True)
class Provider:
    """What it says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    takes_basic: bool
    certificate_ends: str


@dataclass(frozen=True)
class Client:
    """What it knows us as."""

    id: str
    secret: Secret
    redirect_uri: str


@dataclass(frozen=True)
class Attempt:
    """A sign-in on its way: kept by the browser that began it, and by nobody else."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Attempt:
        return cls(*(secrets.token_urlsafe(32) for _i in range(3)))


def discover(issuer: str) -> Provider:
    """Read the provider's description; it must be of the issuer that was asked for, but for a slash at the end."""
    try:
        answer = outgoing.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if answer.status != 200:
            raise Refused("no-description", _("There is no OpenID provider at this address: it shows no description."))
        said = answer.document
        if str(said.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
            raise Refused("issuer", _("The provider at this address calls itself by another one. Write that one."))
        endpoints = [str(said.get(name) or "") for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        for url in endpoints:
            outgoing.check_url(url)
    except Failed as error:
        raise Refused(error.code, error.sentence) from None
    if "code" not in said.get("response_types_supported", ["code"]):
        raise Refused("flow", _("This provider does not do the authorization code flow."))
    methods = said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    userinfo = str(said.get("userinfo_endpoint") or "")
    way_in, token, keys = endpoints
    takes_basic = "client_secret_basic" in methods
    return Provider(said["issuer"], way_in, token, keys, userinfo, takes_basic, answer.certificate_ends)


def keys_of(provider: Provider) -> list[Key]:
    """The public keys that it signs with today."""
    try:
        listed = outgoing.get(provider.jwks_uri).document.get("keys")
    except Failed as error:
        raise Refused(error.code, error.sentence) from None
    found = []
    for data in (listed if isinstance(listed, list) else [])[:MOST_KEYS]:
        if isinstance(data, dict) and data.get("kty") in KINDS.values() and data.get("use", "sig") == "sig":
            try:
                found.append(JWKRegistry.import_key(data))
            except (JoseError, ValueError, TypeError, KeyError):  # one that we can't read is none
                continue
    if not found:
        raise Refused("no-keys", _("The provider shows no keys that we could check its signatures by."))
    return found


def way_in(provider: Provider, client: Client, attempt: Attempt) -> str:
    """Where the browser goes."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code", "client_id": client.id, "redirect_uri": client.redirect_uri,
        "scope": "openid email profile", "state": attempt.state, "nonce": attempt.nonce,
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    glue = "&" if "?" in provider.authorization_endpoint else "?"
    return f"{provider.authorization_endpoint}{glue}{urlencode(asked)}"


def claims(provider: Provider, client: Client, attempt: Attempt, code: str) -> dict[str, Any]:
    """Who came back with this code, as the provider says it and we believe it."""
    answer = _exchange(provider, client, code, attempt.verifier)
    try:
        told = answer.document if answer.status == 200 else {}
        token, access = told.get("id_token"), told.get("access_token")
        if not isinstance(token, str):
            raise Refused("exchange", _("The provider did not take the code that it had given itself."))
        said = believed(token, keys_of(provider), provider.issuer, client.id, attempt.nonce)
        if "email" not in said and provider.userinfo_endpoint and isinstance(access, str) and access.isprintable():
            more = outgoing.get(provider.userinfo_endpoint, {"Authorization": f"Bearer {access}"}).document
            if more.get("sub") == said["sub"]:
                said |= {name: more[name] for name in ("email", "email_verified", "name") if name in more}
    except Failed as error:
        raise Refused(error.code, error.sentence) from None
    return said


def believed(token: str, keys: list[Key], issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of an id token, if it is signed by one of these keys and meant for this sign-in; Refused otherwise."""
    said = _signed(token, keys)
    now = timezone.now().timestamp()
    audience = said.get("aud")
    audience = [audience] if isinstance(audience, str) else audience
    wrong = [
        name
        for name, is_right in {
            "iss": said.get("iss") == issuer,
            "aud": isinstance(audience, list) and client_id in audience,
            "azp": said.get("azp", client_id) == client_id and (audience == [client_id] or "azp" in said),
            "exp": _number(said.get("exp")) > now - LEEWAY,
            "iat": 0 < _number(said.get("iat")) < now + LEEWAY,
            "nbf": _number(said.get("nbf")) < now + LEEWAY,
            "nonce": constant_time_compare(str(said.get("nonce")), nonce),
            "sub": isinstance(said.get("sub"), str) and 0 < len(said["sub"]) <= 255 and said["sub"].isprintable(),
        }.items()
        if not is_right
    ]
    if wrong:
        raise Refused(f"claims: {' '.join(wrong)}", NOT_BELIEVED)
    return said


def check_client(provider: Provider, client: Client) -> None:
    """Ask for something that is not there, as ourselves: whoever does not know us says that first."""
    answer = _exchange(provider, client, "none", secrets.token_urlsafe(32))
    try:
        said = str(answer.document.get("error", ""))
    except Failed:
        said = ""
    if said == "unauthorized_client":
        raise Refused("client", _("The provider does not let this client sign people in this way."), "client_id")
    if said == "invalid_client" or answer.status == 401:
        raise Refused("client", _("The provider does not take this client and secret."), "client_secret")


def state_of(provider: Provider, keys: list[Key]) -> dict[str, Any]:
    """What the settings show of it: its keys, and the first day on which a certificate runs out."""
    ends = [found for found in (_end_of(key) for key in keys) if found]
    return {
        "keys": [{"kind": key.key_type, "id": str(key.as_dict().get("kid", ""))[:80]} for key in keys],
        "certificate_ends": min(ends) if ends else "",
        "tls_ends": provider.certificate_ends,
    }


def _exchange(provider: Provider, client: Client, code: str, verifier: str) -> Answer:
    body = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri,
        "code_verifier": verifier,
    }  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    secret = client.secret.reveal()
    if provider.takes_basic:
        both = f"{quote(client.id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
    else:
        body |= {"client_id": client.id, "client_secret": secret}
    try:
        return outgoing.post(provider.token_endpoint, urlencode(body).encode(), headers)
    except Failed as error:
        raise Refused(error.code, error.sentence) from None


def _signed(token: str, keys: list[Key]) -> dict[str, Any]:
    try:
        header = jws.extract_compact(token.encode()).headers()
        algorithm, kid = str(header.get("alg")), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise Refused("algorithm", NOT_BELIEVED)
        fitting = [
            key for key in keys if key.key_type == KINDS[algorithm[:2]] and kid in (None, key.as_dict().get("kid"))
        ]
        for key in fitting:
            try:
                return jwt.decode(token, key, algorithms=[algorithm]).claims
            except JoseError:
                continue
    except (JoseError, ValueError, RecursionError):
        pass
    raise Refused("signature", NOT_BELIEVED)


def _number(value: Any) -> float:
    """Zero for what is none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


def _end_of(key: Key) -> str:
    """When the certificate that a key comes with runs out; "" for one that comes without."""
    chain = key.as_dict().get("x5c")
    try:
        first = chain[0] if isinstance(chain, list) else ""
        return x509.load_der_x509_certificate(base64.b64decode(first)).not_valid_after_utc.date().isoformat()
    except (ValueError, TypeError, IndexError):
        return ""
