"""The one way out: requests to addresses that a workspace chose, which must not reach what only we can reach.

A name is looked up once, every address it has must be a public one, and the connection goes to what was looked up, so
that a second answer of the name server changes nothing. The certificate is still asked of the name.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

SECONDS, MOST_BYTES = 8, 512 * 1024
GLOBAL_6 = ipaddress.ip_network("2000::/3")
REFUSED = _("This address leads into a private network. It has to be one that is reached from everywhere.")


class Failed(Exception):
    """What was asked for did not come. `sentence` says why, to whoever chose the address; `code` names the reason."""

    def __init__(self, code: str, sentence: Any) -> None:
        super().__init__(code)
        self.code, self.sentence = code, sentence


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    certificate_ends: str = ""  # of TLS, as an ISO day

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object that it is; Failed otherwise."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise Failed("no-document", _("Something else answers at this address."))
        return found


def get(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    return _ask("GET", url, None, headers or {})


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    return _ask("POST", url, body, headers)


def check_url(url: str) -> SplitResult:
    """Refuse what is no address of the web, without asking anybody."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        raise Failed("url", _("This is no web address. Write one such as https://login.example.com.")) from None
    if not host or parts.username is not None or parts.fragment or port == 0 or not url.isprintable() or " " in url:
        raise Failed("url", _("This is no web address. Write one such as https://login.example.com."))
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.OUTGOING_ALLOW):
        raise Failed("https", _("The address has to begin with https://."))
    return parts


def _ask(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    """Redirects are not followed: what answers with one has not answered."""
    parts = check_url(url)
    connection = _connection(parts)
    # One clock for all of it: a server that sends a byte now and then holds nobody.
    bell = threading.Timer(SECONDS, connection.hang_up)
    bell.daemon = True
    bell.start()
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, path, body, {"Accept": "application/json", "User-Agent": "Peyvand", **headers})
        answer = connection.getresponse()
        content = answer.read(MOST_BYTES + 1)
    except ssl.SSLCertVerificationError as error:
        raise Failed("certificate", _("The server’s certificate is not valid for this address.")) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Failed("silent", _("The server does not answer, or not in time.")) from error
    finally:
        bell.cancel()
        connection.close()
    if connection.is_over:
        raise Failed("silent", _("The server does not answer, or not in time."))
    if len(content) > MOST_BYTES:
        raise Failed("large", _("The server’s answer is too large."))
    if 300 <= answer.status < 400:
        raise Failed("redirect", _("The server sends on to another address. Write the one where it answers itself."))
    return Answer(answer.status, content, connection.certificate_ends)


def _connection(parts: SplitResult) -> Any:
    host = (parts.hostname or "").encode("idna").decode()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = _addresses(host, port)
    if not all(_may_reach(address) for address in addresses):
        raise Failed("private", REFUSED)
    if parts.scheme == "http" and not all(_is_allowed(address) for address in addresses):
        raise Failed("https", _("The address has to begin with https://."))
    kind = _Secure if parts.scheme == "https" else _Plain
    return kind(host, port, addresses[0])


def _addresses(host: str, port: int) -> list[Any]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Failed("unknown", _("There is no server of this name.")) from None
    addresses = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in found]
    return sorted(dict.fromkeys(addresses), key=lambda address: address.version)


def _may_reach(address: Any) -> bool:
    if _is_allowed(address):
        return True
    if address.version == 6 and (address not in GLOBAL_6 or address.sixtofour or address.teredo):
        return False  # these may be addresses of IPv4 in other clothes
    return bool(address.is_global and not address.is_multicast and not address.is_reserved)


def _is_allowed(address: Any) -> bool:
    return any(address.version == network.version and address in network for network in settings.OUTGOING_ALLOW)


class _Plain(http.client.HTTPConnection):
    """Speaks to the address that was looked up, in the name of the host."""

    certificate_ends, is_over = "", False
    wire: socket.socket | None = None  # stays at hand when http.client lets go of its own

    def __init__(self, host: str, port: int, address: Any) -> None:
        super().__init__(host, port, timeout=SECONDS)
        self.address = str(address)

    def connect(self) -> None:
        self.sock = self.wire = socket.create_connection((self.address, self.port), self.timeout)

    def hang_up(self) -> None:
        self.is_over = True
        if self.wire is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(self.wire, socket.SHUT_RDWR)


class _Secure(_Plain):
    default_port = http.client.HTTPS_PORT

    def connect(self) -> None:
        super().connect()
        secured = context().wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock = self.wire = secured
        secured.do_handshake()
        ends = ssl.cert_time_to_seconds(str((secured.getpeercert() or {})["notAfter"]))
        self.certificate_ends = datetime.fromtimestamp(ends, UTC).date().isoformat()


@lru_cache(maxsize=1)
def context() -> ssl.SSLContext:
    """The authorities that this machine trusts."""
    return ssl.create_default_context()
