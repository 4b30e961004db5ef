"""A provider of OpenID Connect on a local port: description, keys, authorization and token endpoints that really check
and sign. It gives whoever comes the account that `person` says."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import secrets
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

CLIENT, SECRET = "peyvand", "s3cret/of:the client"
DIANA = {"sub": "d-1", "email": "diana@new.example", "email_verified": True, "name": "Diana  New"}


class LocalProvider:
    def __init__(self, url: str) -> None:
        self.issuer = url
        self.keys: list[Key] = []
        self.person: dict[str, Any] = {}
        self.more: dict[str, Any] = {}  # of the description
        self.claims: dict[str, Any] = {}  # over what belongs into a token; None takes one away
        self.token: str | None = None  # in place of one
        self.userinfo: dict[str, Any] = {}
        self.is_broken = False
        self.asked: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self.new_key()

    def as_new(self) -> None:
        self.person, self.more, self.claims, self.userinfo = dict(DIANA), {}, {}, {}
        self.token, self.is_broken = None, False
        self.asked.clear()

    def new_key(self, kind: str = "RSA") -> Key:
        """From now on it signs with this one, and forgets those before."""
        made: Key
        if kind == "RSA":
            made = RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})
        else:
            made = ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig"})
        self.keys = [made]
        return made

    def described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me", "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        } | self.more  # fmt: skip

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent: back, with a code."""
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def exchange(self, sent: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        if authorization.startswith("Basic "):
            name, _colon, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            known = (unquote(name), unquote(secret)) == (CLIENT, SECRET)
        else:
            known = (sent.get("client_id"), sent.get("client_secret")) == (CLIENT, SECRET)
        if not known:
            return 401, {"error": "invalid_client"}
        asked = self._codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not asked or asked["redirect_uri"] != sent.get("redirect_uri") or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "an-access-token", "token_type": "Bearer", "id_token": self.id_token(asked)}

    def id_token(self, asked: dict[str, str]) -> str:
        if self.token is not None:
            return self.token
        now = int(time.time())
        said = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.person,
        } | self.claims  # fmt: skip
        return signed(self.keys[0], {name: value for name, value in said.items() if value is not None})


def signed(key: Key, claims: dict[str, Any], **header: Any) -> str:
    algorithm = "RS256" if key.key_type == "RSA" else "ES256"
    told = {"alg": algorithm, "kid": key.as_dict().get("kid"), **header}
    return jwt.encode(told, claims, key, algorithms=[told["alg"]])


@contextmanager
def serving() -> Iterator[LocalProvider]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            provider.asked.append(parts.path)
            if provider.is_broken:
                self.say(500, {})
            elif parts.path == "/.well-known/openid-configuration":
                self.say(200, provider.described())
            elif parts.path == "/keys":
                self.say(200, {"keys": [key.as_dict(private=False) for key in provider.keys]})
            elif parts.path == "/me" and self.headers["Authorization"] == "Bearer an-access-token":
                self.say(200, provider.userinfo)
            elif parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(dict(parse_qsl(parts.query))))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.say(404, {})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.asked.append(self.path)
            self.say(*provider.exchange(dict(parse_qsl(sent)), self.headers.get("Authorization", "")))

        def say(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = LocalProvider(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def local() -> Iterator[LocalProvider]:
    with serving() as found:
        yield found


@pytest.fixture
def idp(local: LocalProvider, settings: Any) -> LocalProvider:
    """One that may be asked, and to which Diana comes, whom nobody knows."""
    settings.OUTGOING_ALLOW = [ipaddress.ip_network("127.0.0.1")]
    local.as_new()
    return local


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any) -> None:
        return None


def sent_back(where: str) -> str:
    """What a browser does that is sent to the provider: the address it is sent back to."""
    try:
        urllib.request.build_opener(_Stay()).open(where)
    except HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("The provider sent nobody back.")


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
