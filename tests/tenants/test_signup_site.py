"""The public site beside signing up: its pages in two languages, signing in, finding one's workspaces."""

import re

import pytest
from django.conf import settings
from standing import CAST, PASSWORD

from kernel.accounts.models import Identity, Membership
from tenants.models import Tenant

SARA = CAST["sara"]


@pytest.fixture(autouse=True)
def _mail_at_once():
    from config.celery import app

    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


def sign_in(client, email=SARA.email, password=PASSWORD):
    return client.post("/login", {"email": email, "password": password})


@pytest.fixture
def in_both(tenant_b):
    Membership.objects.create(identity_id=SARA.identity_id, tenant=tenant_b)


@pytest.mark.parametrize("path", ["/", "/signup", "/login", "/forgot", "/forgot/sent"])
@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fa", "rtl")])
def test_every_page_is_in_both_languages(at, path, language, direction):
    answer = at("").get(path, headers={"Accept-Language": language})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert f'<html lang="{language}" dir="{direction}"' in page
    assert page.count("<h1") == 1
    assert " style=" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


def test_the_language_chosen_stays_and_any_other_word_is_ignored(at):
    client = at("")
    assert 'lang="fa"' in client.get("/?lang=fa", headers={"Accept-Language": "en"}).content.decode()
    assert client.get("/signup", headers={"Accept-Language": "en"})["Content-Language"] == "fa"
    assert client.get("/?lang=xx")["Content-Language"] == "fa"
    assert client.get("/?lang=en")["Content-Language"] == "en"


def test_one_workspace_is_entered_at_once(at, tenant_a):
    client = at("")
    answer = sign_in(client)
    assert answer["Location"].startswith(f"{tenant_a.url}/enter?code=")
    inside = at("a")
    asked = inside.get("/enter?" + answer["Location"].partition("?")[2])["Location"]
    bound = client.get("/enter/back" + asked.partition("/enter/back")[2])["Location"]
    assert inside.get("/enter" + bound.partition("/enter")[2])["Location"] == "/"
    assert inside.get("/login").status_code == 302


def test_of_several_one_is_chosen(at, tenant_a, tenant_b, in_both):
    client = at("")
    assert sign_in(client)["Location"] == "/workspaces"
    page = client.get("/workspaces").content.decode()
    assert tenant_a.name in page
    assert tenant_b.name in page
    answer = client.post("/workspaces/open", {"tenant": str(tenant_b.pk)})
    assert answer["Location"].startswith(f"{tenant_b.url}/enter?code=")


def test_only_ones_own_that_are_active_are_shown_and_opened(at, tenant_b, in_both):
    client = at("")
    sign_in(client)
    other = Tenant.objects.create(subdomain="other", name="Other", status=Tenant.Status.ACTIVE)
    assert client.post("/workspaces/open", {"tenant": str(other.pk)}).status_code == 404
    assert client.post("/workspaces/open", {"tenant": "nonsense"}).status_code == 404
    Tenant.objects.filter(pk=tenant_b.pk).update(status=Tenant.Status.SUSPENDED)
    assert client.post("/workspaces/open", {"tenant": str(tenant_b.pk)}).status_code == 404
    assert tenant_b.name not in client.get("/workspaces").content.decode()


def test_without_a_workspace_one_may_be_made(at):
    Identity.objects.new(email="alone@nowhere.example", name="Alone", password=PASSWORD, language="en")
    client = at("")
    sign_in(client, "alone@nowhere.example")
    assert 'href="/signup"' in client.get("/workspaces").content.decode()


@pytest.mark.parametrize(("email", "password"), [(SARA.email, "wrong"), ("nobody@a.example", PASSWORD)])
def test_a_refusal_reads_the_same(at, email, password):
    client = at("")
    answer = sign_in(client, email, password)
    assert answer.status_code == 422
    assert "password is not right" in answer.content.decode()
    assert settings.SESSION_COOKIE_NAME not in client.cookies
    assert client.get("/workspaces")["Location"].startswith("/login")
    assert client.post("/workspaces/open")["Location"].startswith("/login")


def test_guessing_is_stopped(at):
    client = at("")
    for _try in range(8):
        assert sign_in(client, password="wrong").status_code == 422
    assert sign_in(client).status_code == 429


def test_signing_out_here(at, in_both):
    client = at("")
    sign_in(client)
    assert client.get("/workspaces").status_code == 200
    assert client.get("/login")["Location"] == "/workspaces"
    assert client.post("/logout")["Location"] == "/"
    assert client.get("/workspaces")["Location"].startswith("/login")


def test_a_cookie_of_this_site_means_nothing_at_a_tenant(at, in_both):
    client = at("")
    sign_in(client)
    stranger = at("a")
    stranger.cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert stranger.get("/login").status_code == 200


def test_a_mail_tells_the_workspaces_and_sets_a_password(
    at, mailoutbox, tenant_a, tenant_b, in_both, django_capture_on_commit_callbacks
):
    answers = []
    for email in (SARA.email.upper(), "nobody@a.example"):
        with django_capture_on_commit_callbacks(using="platform", execute=True):
            answer = at("").post("/forgot", {"email": email})
        answers.append((answer.status_code, answer["Location"]))
    assert answers == [(302, "/forgot/sent")] * 2
    assert len(mailoutbox) == 1
    body = mailoutbox[0].body
    assert f"{tenant_a.url}/" in body
    assert f"{tenant_b.url}/" in body
    path = "/reset/" + re.search(r"/reset/(\S+)", body)[1]
    assert at("a").get(path).status_code == 410
    client = at("")
    assert client.get(path).status_code == 200
    assert client.post(path, {"password": "short"}).status_code == 422
    assert client.post(path, {"password": "seven green bicycles"})["Location"] == "/workspaces"
    assert client.get("/workspaces").status_code == 200
    assert at("").get(path).status_code == 410
