"""What an operator looks at: health, readiness, metrics, log lines, security headers, mail that isn't sent, reports."""

import ipaddress
import json
import logging

import pytest
import redis
from django.core.mail import EmailMultiAlternatives, get_connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

from config.sentry import without_personal_data
from kernel.accounts.sessions import client_ip
from kernel.tenancy.context import tenant_only
from kernel.web import errors, health, mail
from kernel.web.logs import ContextFilter, JsonFormatter, LineFormatter, request_id
from kernel.web.requests import RequestMiddleware
from kernel.web.security import SecurityHeaders

with_database = pytest.mark.django_db(databases=["default", "platform"])


class Acme:
    subdomain = "acme"


@pytest.mark.parametrize("host", ["localhost", "acme.localhost", "nobody.example", "127.0.0.1"])
def test_healthz_answers_on_any_host_without_a_database(host):
    response = Client(HTTP_HOST=host).get("/healthz")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert response["Cache-Control"] == "no-store"


@with_database
def test_readyz_is_200_when_databases_queue_and_schema_are_right(monkeypatch):
    monkeypatch.setitem(health._checks, "queue", lambda: None)
    response = Client(HTTP_HOST="nobody.example").get("/readyz")
    assert (response.status_code, response.json()) == (200, [])


@with_database
def test_readyz_lists_what_is_not_right(monkeypatch, settings):
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    monkeypatch.setattr(health, "_client", None)
    monkeypatch.setitem(health._checks, "fleet", lambda: "3 workspaces wait for `manage.py upgrade`.")
    response = Client().get("/readyz")
    assert response.status_code == 503
    said = {entry["check"]: entry["problem"] for entry in response.json()}
    assert set(said) == {"queue", "fleet"}
    assert said["queue"].startswith("Valkey doesn't answer: ")


def test_a_database_that_is_gone_is_named(monkeypatch, settings):
    class Gone:
        def get_connection_params(self):
            return {"host": "/nowhere", "dbname": "cell", "user": "nobody"}

    monkeypatch.setattr(health, "connections", {"default": Gone()})
    problem = health._tenant_database()
    assert problem and problem.startswith("The tenants' database doesn't answer: ")


@pytest.mark.parametrize(
    ("address", "status"), [("127.0.0.1", 200), ("10.1.2.3", 200), ("203.0.113.9", 403), ("", 403)]
)
def test_metrics_are_for_allowed_addresses_only(settings, monkeypatch, address, status):
    settings.METRICS_ALLOW = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("10.0.0.0/8")]

    class Broken:
        def llen(self, key):
            raise redis.ConnectionError

    monkeypatch.setattr(health, "_redis", Broken)
    response = Client(REMOTE_ADDR=address).get("/metrics")
    assert response.status_code == status
    if status == 200:
        assert b"peyvand_http_request_seconds" in response.content


def test_the_last_forwarded_address_counts_and_only_behind_a_trusted_proxy(settings):
    request = RequestFactory(REMOTE_ADDR="10.0.0.1").get("/", headers={"X-Forwarded-For": "1.1.1.1, 198.51.100.7"})
    settings.TRUST_PROXY = False
    assert client_ip(request) == "10.0.0.1"
    settings.TRUST_PROXY = True
    assert client_ip(request) == "198.51.100.7"


def answered(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request_id.get())


def test_each_request_has_an_id_of_our_own_making(settings):
    settings.TRUST_PROXY = False
    request = RequestFactory().get("/", headers={"X-Request-ID": "chosen-by-them"})
    response = RequestMiddleware(answered)(request)
    assert response["X-Request-ID"] == response.content.decode() != "chosen-by-them"
    assert request_id.get() == ""


@pytest.mark.parametrize(("given", "is_kept"), [("abc-123-def-456", True), ("bad id\n", False), ("short", False)])
def test_a_trusted_proxys_id_is_kept_when_it_is_well_formed(settings, given, is_kept):
    settings.TRUST_PROXY = True
    response = RequestMiddleware(answered)(RequestFactory().get("/", HTTP_X_REQUEST_ID=given))
    assert (response["X-Request-ID"] == given) is is_kept


def test_the_access_log_names_the_route_and_nothing_personal(caplog):
    class Match:
        route = "reset/<str:token>"

    def view(request):
        request.resolver_match = Match()
        request.tenant = Acme()
        return HttpResponse("ok")

    with caplog.at_level(logging.INFO, "peyvand.access"):
        RequestMiddleware(view)(RequestFactory().get("/reset/SECRET?q=Sara"))
    record = caplog.records[-1]
    line = JsonFormatter().format(record)
    assert json.loads(line)["route"] == "/reset/<str:token>"
    assert json.loads(line)["tenant"] == "acme"
    assert "SECRET" not in line and "Sara" not in line and "127.0.0.1" not in line


def made(message: str) -> logging.LogRecord:
    record = logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "peyvand.test"})
    ContextFilter().filter(record)
    return record


def test_log_lines_carry_workspace_and_request():
    token = request_id.set("0123456789abcdef")
    try:
        with tenant_only(Acme()):
            record = made("پیوند")
    finally:
        request_id.reset(token)
    parsed = json.loads(JsonFormatter().format(record))
    assert (parsed["tenant"], parsed["request_id"], parsed["message"]) == ("acme", "0123456789abcdef", "پیوند")
    assert "[acme/01234567] پیوند" in LineFormatter().format(record)


def test_security_headers_are_on_every_answer_and_a_view_may_set_its_own():
    def view(request):
        return HttpResponse(headers={"Cache-Control": "no-store"})

    response = SecurityHeaders(view)(RequestFactory().get("/"))
    policy = response["Content-Security-Policy"]
    assert "script-src 'self';" in policy and "style-src 'self';" in policy
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    assert "http://*.localhost:*" in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["Cache-Control"] == "no-store"


@pytest.fixture
def outbox(settings, tmp_path):
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    with get_connection("kernel.web.mail.FileBackend") as connection:
        for number in (1, 2):
            message = EmailMultiAlternatives(
                f"کد {number}", f"https://acme.localhost/join/{number}", "us@localhost", ["sara@example.com"]
            )
            message.attach_alternative("<p>html</p>", "text/html")
            connection.send_messages([message])
    return tmp_path / "mail"


def test_mail_that_is_not_sent_is_kept_newest_first(outbox):
    first, second = mail.latest()
    assert (first["subject"], second["subject"]) == ("کد 2", "کد 1")
    assert first["text"] == "https://acme.localhost/join/2"
    assert first["to"] == "sara@example.com"
    assert outbox.stat().st_mode & 0o077 == 0


def test_dev_mail_as_page_and_as_json(outbox):
    page = mail.dev_mail(RequestFactory().get("/dev/mail"))
    assert '<a href="https://acme.localhost/join/2"' in page.content.decode()
    answer = mail.dev_mail(RequestFactory().get("/dev/mail", headers={"Accept": "application/json"}))
    assert [entry["subject"] for entry in json.loads(answer.content)["results"]] == ["کد 2", "کد 1"]


@pytest.mark.parametrize(("embedded", "address"), [(False, "127.0.0.1"), (True, "192.0.2.1"), (True, "")])
def test_dev_mail_exists_only_for_this_machine_with_embedded_services(outbox, settings, embedded, address):
    from django.http import Http404

    settings.EMBEDDED = embedded
    with pytest.raises(Http404):
        mail.dev_mail(RequestFactory(REMOTE_ADDR=address).get("/dev/mail"))


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize("page", [errors.bad_request, errors.forbidden, errors.not_found, errors.server_error])
def test_error_pages_speak_both_languages(page, language):
    with translation.override(language):
        response = page(RequestFactory().get("/"))
    text = response.content.decode()
    assert f'dir="{"rtl" if language == "fa" else "ltr"}"' in text
    assert response.status_code in (400, 403, 404, 500)


def test_below_api_errors_are_problem_json():
    response = errors.not_found(RequestFactory().get("/api/v1/nothing"))
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["status"] == 404


def test_reports_to_sentry_name_the_workspace_and_nobody():
    event = {
        "user": {"ip_address": "192.0.2.7", "email": "sara@example.com"},
        "request": {
            "method": "POST",
            "url": "https://acme/join/SECRET",
            "query_string": "q=Sara",
            "cookies": {"a": "b"},
        },
        "breadcrumbs": {"values": [{"message": "Sara"}]},
    }
    with tenant_only(Acme()):
        sent = without_personal_data(event, {})
    assert sent["tags"]["tenant"] == "acme"
    assert sent["request"] == {"method": "POST"}
    text = json.dumps(sent)
    assert "Sara" not in text and "SECRET" not in text and "192.0.2.7" not in text
