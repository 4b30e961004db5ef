"""Signing in and out on a tenant's host: each success beside its refusals."""

import datetime
from unittest import mock

import pytest
from django.conf import settings
from django.utils import timezone
from standing import CAST, PASSWORD

from kernel.access.models import Member
from kernel.accounts.models import Identity, Session
from kernel.accounts.signin import PER_PAIR
from kernel.tenancy.context import in_tenant

pytestmark = pytest.mark.urls("private_urls")
SARA, EVE = CAST["sara"], CAST["eve"]


def sign_in(client, email=SARA.email, password=PASSWORD, **more):
    return client.post("/login", {"email": email, "password": password, **more})


def test_a_stranger_is_sent_to_the_sign_in_page_and_back(at):
    client = at("a")
    answer = client.get("/room?view=board")
    assert (answer.status_code, answer["Location"]) == (302, "/login?next=%2Froom%3Fview%3Dboard")
    page = client.get(answer["Location"])
    assert page.status_code == 200
    assert "/room?view=board" in page.content.decode()
    answer = sign_in(client, next="/room?view=board")
    assert (answer.status_code, answer["Location"]) == (302, "/room?view=board")


def test_htmx_is_sent_there_by_a_header(at):
    answer = at("a").get(
        "/room", headers={"HX-Request": "true", "HX-Current-URL": f"http://a.{settings.BASE_DOMAIN}/room/2"}
    )
    assert answer["HX-Redirect"] == "/login?next=%2Froom%2F2"
    assert "Location" not in answer


def test_the_session_says_whose_it_is_and_where(at, tenant_a):
    client = at("a", headers={"User-Agent": "Tester/1"})
    assert sign_in(client).status_code == 302
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["domain"], cookie["httponly"], cookie["samesite"]) == ("", True, "Lax")
    row = Session.objects.get(session_key=cookie.value)
    assert (row.identity_id, row.tenant_id, row.user_agent) == (SARA.identity_id, tenant_a.pk, "Tester/1")
    assert row.ip == "127.0.0.1"


def test_the_address_may_be_typed_in_any_case_and_with_persian_digits(at):
    assert sign_in(at("a"), email=f"  {SARA.email.upper()} ").status_code == 302


@pytest.mark.parametrize(
    ("email", "password"),
    [(SARA.email, "wrong password"), ("nobody@a.example", PASSWORD), (EVE.email, PASSWORD), ("خ@a.example", PASSWORD)],
    ids=["wrong password", "unknown address", "member of another tenant", "not an address"],
)
def test_a_refusal_signs_nobody_in(at, email, password):
    client = at("a")
    answer = sign_in(client, email, password)
    assert answer.status_code == 422
    assert settings.SESSION_COOKIE_NAME not in client.cookies
    assert client.get("/room").status_code == 302


def test_refusals_read_the_same_whoever_is_asked_about(at):
    pages = [
        sign_in(at("a"), email, password).content.decode()
        for email, password in [(SARA.email, "wrong"), ("nobody@a.example", "wrong"), (EVE.email, PASSWORD)]
    ]
    sentences = {page.partition('class="notice')[2].partition("</div>")[0] for page in pages}
    assert len(sentences) == 1
    assert "password is not right" in sentences.pop()


def test_the_hasher_runs_for_an_unknown_address_too(at):
    with mock.patch("kernel.accounts.passwords.make_password") as hasher:
        sign_in(at("a"), "nobody@a.example", "wrong")
    hasher.assert_called_once()


def test_nothing_typed_is_lost_but_the_password(at):
    page = sign_in(at("a"), "someone@a.example", "a secret nobody sees").content.decode()
    assert 'value="someone@a.example"' in page
    assert "a secret nobody sees" not in page


def test_an_inactive_member_is_a_stranger_at_once(client_for, at, tenant_a):
    client = client_for("reza")
    assert client.get("/login").status_code == 302
    with in_tenant(tenant_a):
        Member.objects.filter(pk=CAST["reza"].member_id).update(active=False)
    assert client.get("/room")["Location"].startswith("/login")
    assert sign_in(at("a"), CAST["reza"].email).status_code == 422


def test_a_closed_identity_is_a_stranger_at_once(client_for, at):
    client = client_for("reza")
    Identity.objects.filter(pk=CAST["reza"].identity_id).update(is_active=False)
    assert client.get("/room")["Location"].startswith("/login")
    assert sign_in(at("a"), CAST["reza"].email).status_code == 422


@pytest.mark.parametrize(
    "hostile",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "http:///evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        " //evil.example",
        "evil",
    ],
)
def test_nobody_is_sent_to_another_site(at, hostile):
    assert sign_in(at("a"), next=hostile)["Location"] == "/"
    assert "evil" not in at("a").get("/login", {"next": hostile}).content.decode()


def test_the_session_key_changes_when_somebody_signs_in(at):
    client = at("a")
    sign_in(client)
    first = client.cookies[settings.SESSION_COOKIE_NAME].value
    client.post("/logout")
    planted = "x" * 32
    client.cookies[settings.SESSION_COOKIE_NAME] = planted
    sign_in(client)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert key not in (first, planted)


def test_signing_out_ends_the_session_on_the_server(client_for):
    client = client_for("sara")
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.get("/logout").status_code == 405
    assert client.post("/logout")["Location"] == "/login"
    assert not Session.objects.filter(session_key=key).exists()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert client.get("/room")["Location"].startswith("/login")


def test_signing_in_and_out_asks_for_a_csrf_token(at, client_for):
    assert sign_in(at("a", enforce_csrf_checks=True)).status_code == 403
    assert client_for("sara", enforce_csrf_checks=True).post("/logout").status_code == 403


def test_a_cookie_of_one_tenant_means_nothing_at_another(client_for, at):
    key = client_for("sara").cookies[settings.SESSION_COOKIE_NAME].value
    for host in ("b", ""):
        stranger = at(host)
        stranger.cookies[settings.SESSION_COOKIE_NAME] = key
        assert stranger.get("/room" if host else "/workspaces")["Location"].startswith("/login")


def test_a_new_password_ends_every_session(client_for):
    client = client_for("sara")
    assert client.get("/login").status_code == 302
    identity = Identity.objects.get(pk=SARA.identity_id)
    assert identity.change_password("another horse battery")
    assert client.get("/room")["Location"].startswith("/login")


def test_a_session_that_is_used_lives_on_and_one_that_is_not_ends(client_for):
    client = client_for("sara")
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    begun = Session.objects.get(pk=key)
    later = timezone.now() + datetime.timedelta(days=8)
    with mock.patch("django.utils.timezone.now", return_value=later):
        assert client.get("/login").status_code == 302
    assert Session.objects.get(pk=key).last_seen == later
    assert Session.objects.get(pk=key).expire_date > begun.expire_date
    with mock.patch("django.utils.timezone.now", return_value=later + datetime.timedelta(days=15)):
        assert client.get("/login").status_code == 200


def test_guessing_one_account_is_stopped_and_starts_anew_later(at):
    client = at("a")
    for _try in range(PER_PAIR.times):
        assert sign_in(client, password="wrong").status_code == 422
    stopped = sign_in(client)
    assert stopped.status_code == 429
    assert int(stopped["Retry-After"]) > 0
    assert "Too many attempts" in stopped.content.decode()
    # For an address that nobody has it reads the same.
    for _try in range(PER_PAIR.times):
        assert sign_in(client, "nobody@a.example", "wrong").status_code == 422
    assert sign_in(client, "nobody@a.example", "wrong").status_code == 429
    # Somebody else, elsewhere, and the same person after a while, are let in.
    assert sign_in(at("a", REMOTE_ADDR="10.1.1.1")).status_code == 302
    later = timezone.now() + datetime.timedelta(seconds=PER_PAIR.seconds + 1)
    with mock.patch("django.utils.timezone.now", return_value=later):
        assert sign_in(at("a")).status_code == 302


def test_good_sign_ins_are_not_counted(at):
    for _time in range(PER_PAIR.times * 6):
        assert sign_in(at("a")).status_code == 302


def test_pages_are_in_the_language_of_the_tenant_then_of_the_member(at, client_for, tenant_b, settings):
    page = at("b").get("/login", headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="fa" dir="rtl"' in page
    assert '<html lang="en" dir="ltr"' in at("a").get("/login", headers={"Accept-Language": "fa"}).content.decode()
    with in_tenant(tenant_b):
        Member.objects.filter(pk=EVE.member_id).update(language="en")
    assert client_for("eve").get("/forgot")["Content-Language"] == "en"
    assert at("b").get("/forgot")["Content-Language"] == "fa"


def test_passwords_are_asked_for_as_browsers_understand(at):
    page = at("a").get("/login").content.decode()
    assert 'autocomplete="username"' in page
    assert 'autocomplete="current-password"' in page
