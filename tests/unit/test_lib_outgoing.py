"""Where requests to addresses that a workspace chose may go, and what becomes of answers without end."""

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kernel.lib import outgoing

pytestmark = pytest.mark.nodb
LOCAL = [ipaddress.ip_network("127.0.0.1")]


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def say(text: bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(text)

    return answer


def code_of(ask: Callable[[], object]) -> str:
    with pytest.raises(outgoing.Failed) as failed:
        ask()
    assert str(failed.value.sentence)
    return failed.value.code


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What names lead to; answers the list of those that were asked for."""

    def say_so(*addresses: str) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(host: str, port: int, *_args: object, **_more: object) -> list[tuple[object, ...]]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return say_so


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "2002:7f00:1::", "2001:0:1::1", "64:ff9b::7f00:1",
    ],
)  # fmt: skip
def test_a_name_that_leads_into_a_private_network_is_not_asked(names, address, settings):
    settings.OUTGOING_ALLOW = []
    names(address)
    assert code_of(lambda: outgoing.get("https://login.example/")) == "private"


def test_one_private_address_among_public_ones_is_enough(names, settings):
    settings.OUTGOING_ALLOW = []
    names("93.184.215.14", "10.0.0.1")
    assert code_of(lambda: outgoing.get("https://login.example/")) == "private"


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://localhost/"])
def test_addresses_of_this_machine_are_not_asked(url, settings):
    settings.OUTGOING_ALLOW = []
    assert code_of(lambda: outgoing.get(url)) == "private"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://login.example/", "https"), ("ftp://login.example/", "https"), ("file:///etc/passwd", "url"),
        ("//login.example", "https"), ("https://", "url"), ("https://me:pass@login.example/", "url"),
        ("https://login.example:99999/", "url"), ("https://login.example/a b", "url"), ("https://a..b/", "url"),
        ("https://login.example/\r\nX: y", "url"), ("https://login.example/#x", "url"),
    ],
)  # fmt: skip
def test_what_is_no_address_of_the_web_is_refused_unasked(names, url, code, settings):
    settings.OUTGOING_ALLOW = []
    asked = names("93.184.215.14")
    assert code_of(lambda: outgoing.get(url)) == code
    assert asked == []


def test_without_tls_only_allowed_addresses_are_asked(names, settings):
    settings.OUTGOING_ALLOW = LOCAL
    names("93.184.215.14")
    assert code_of(lambda: outgoing.get("http://login.example/")) == "https"


def test_the_name_is_looked_up_once_and_the_connection_goes_there(names, settings):
    settings.OUTGOING_ALLOW = LOCAL
    with serving(say(b'{"a": 1}')) as url:
        asked = names("127.0.0.1")
        assert outgoing.get(url.replace("127.0.0.1", "login.example")).document == {"a": 1}
        assert asked == ["login.example", "127.0.0.1"]  # the second is no name any more


def test_a_redirect_is_told_and_not_followed(settings):
    settings.OUTGOING_ALLOW = LOCAL
    with serving(say(b"", 302, Location="http://169.254.169.254/")) as url:
        assert code_of(lambda: outgoing.get(url)) == "redirect"


def test_an_endless_answer_is_cut(settings):
    settings.OUTGOING_ALLOW = LOCAL
    with serving(say(b" " * (outgoing.MOST_BYTES + 1))) as url:
        assert code_of(lambda: outgoing.get(url)) == "large"


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.0 200 OK\r\n\r\n"])
def test_whoever_drips_is_hung_up_on(settings, monkeypatch, begin):
    settings.OUTGOING_ALLOW = LOCAL
    monkeypatch.setattr(outgoing, "SECONDS", 0.2)
    gone = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        try:
            handler.wfile.write(begin)
            while not gone.wait(0.01):
                handler.wfile.write(b"x")
        except OSError:
            pass

    with serving(drip) as url:
        assert code_of(lambda: outgoing.get(url)) == "silent"
        gone.set()


def test_what_is_no_document_is_told(settings):
    settings.OUTGOING_ALLOW = LOCAL
    with serving(say(b"<html>")) as url:
        assert code_of(lambda: outgoing.get(url).document) == "no-document"


class TestCertificates:
    @pytest.fixture
    def authority(self, tmp_path) -> Path:
        """The certificate, which says so of itself, and the key of a server that is login.example."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "login.example")])
        built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        built = built.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9))
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("login.example")]), critical=False)
        certificate = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file: Path = tmp_path / "login.pem"
        file.write_bytes(certificate + private)
        return file

    @pytest.fixture
    def tls(self, authority: Path) -> ssl.SSLContext:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(authority)
        return server

    def test_the_certificate_is_asked_of_the_name(self, tls, authority, monkeypatch, names, settings):
        settings.OUTGOING_ALLOW = LOCAL
        trusting = ssl.create_default_context(cafile=authority)
        monkeypatch.setattr(outgoing, "context", lambda: trusting)
        with serving(say(b"{}"), tls) as url:
            names("127.0.0.1")
            assert outgoing.get(url.replace("127.0.0.1", "login.example")).certificate_ends
            assert code_of(lambda: outgoing.get(url.replace("127.0.0.1", "other.example"))) == "certificate"

    def test_one_that_nobody_vouches_for_is_refused(self, tls, names, settings):
        settings.OUTGOING_ALLOW = LOCAL
        with serving(say(b"{}"), tls) as url:
            names("127.0.0.1")
            assert code_of(lambda: outgoing.get(url.replace("127.0.0.1", "login.example"))) == "certificate"
