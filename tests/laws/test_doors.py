"""Who may see a page without being signed in: nobody, but where a view says so and this list agrees."""

import uuid

import pytest
from django.conf import settings
from django.urls import get_resolver
from world import patterns

from kernel.accounts.doors import is_public

PUBLIC = {
    "config.urls_tenant": {
        "login",
        "login/code",
        "login/passkey",
        "login/passkey/options",
        "login/sso",
        "login/sso/back",
        "logout",
        "enter",
        "enter/back",
        "forgot",
        "forgot/sent",
        "reset/<str:token>",
        "join/<str:token>",
        "second-step/<str:token>",  # so it is here
        "email/<str:token>",  # out of a letter; the token is the key
        "styleguide",
        "manifest.webmanifest",
        "sw.js",
        "offline",
        "files/<str:token>",  # the token is the key
        "attachments/<str:token>",  # so it is here
        "f/<slug:address>",  # a form for strangers
        "notifications/leave/<str:token>",  # out of a mail; the token is the key
        "dev/mail",  # exists with embedded services only, for this machine only
    },
    "config.urls_public": {
        "",
        "signup",
        "signup/code",
        "signup/workspace",
        "signup/address",
        "login",
        "login/code",
        "login/passkey",
        "login/passkey/options",
        "logout",
        "forgot",
        "forgot/sent",
        "reset/<str:token>",
        "enter/back",
        "dev/mail",
    },
}
SAMPLES = {"uuid": str(uuid.UUID(int=7)), "slug": "deals", "str": "x", "int": "1", "path": "x"}


def checks_its_own_callers(route: str) -> bool:
    return route.lstrip("^").startswith("api")


@pytest.mark.parametrize("urlconf", PUBLIC)
def test_what_strangers_may_see_is_listed(urlconf: str) -> None:
    marked = {route for route, pattern in patterns(get_resolver(urlconf)) if is_public(pattern.callback)}
    assert {route for route in marked if not checks_its_own_callers(route)} == PUBLIC[urlconf]


@pytest.mark.parametrize(("urlconf", "host"), [("config.urls_tenant", "a"), ("config.urls_public", "")])
def test_every_other_view_sends_a_stranger_to_the_sign_in_page(at, urlconf: str, host: str) -> None:
    client = at(host)
    seen = 0
    for route, pattern in patterns(get_resolver(urlconf)):
        if is_public(pattern.callback):
            continue
        path = "/" + route
        for name, converter in pattern.pattern.converters.items():
            kind = {"UUIDConverter": "uuid", "SlugConverter": "slug", "IntConverter": "int"}.get(
                type(converter).__name__, "str"
            )
            path = path.replace(f"<{kind}:{name}>", SAMPLES[kind])
        for parent in ("uuid:pk", "slug:slug"):
            path = path.replace(f"<{parent}>", SAMPLES[parent.partition(":")[0]])
        for method in (client.get, client.post):
            answer = method(path)
            assert (answer.status_code, answer.headers.get("Location", "").partition("?")[0]) == (302, "/login"), path
        seen += 1
    assert seen


def test_strangers_leave_no_session_behind(at) -> None:
    for host, path in (("a", "/login"), ("", "/"), ("", "/signup")):
        client = at(host)
        client.get(path)
        assert settings.SESSION_COOKIE_NAME not in client.cookies
