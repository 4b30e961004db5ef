"""Nothing is written for a page of another site: every view that writes asks for the token that only ours have."""

import re
import uuid

import pytest
from django.urls import get_resolver
from world import patterns

# Whoever sends these has no page of ours, and gains nothing by a session.
WITHOUT_A_TOKEN = {
    "f/<slug:address>",  # a form on another site, for strangers: that is what it is for
    "notifications/leave/<str:token>",  # the one click of a mail program; the token is the key
    "api(?:/.*)?",  # what is nowhere else of the API: 404
}
SAMPLES = {"uuid": str(uuid.UUID(int=7)), "slug": "deals", "int": "1"}


@pytest.mark.parametrize(("urlconf", "host"), [("config.urls_tenant", "a"), ("config.urls_public", "")])
def test_a_request_without_our_token_is_refused_everywhere(client_for, at, urlconf, host) -> None:
    browser = client_for("sara", enforce_csrf_checks=True) if host else at("", enforce_csrf_checks=True)
    open_to_forgery = set()
    for whole, _pattern in patterns(get_resolver(urlconf)):
        route = whole.replace("^", "").replace("$", "")
        path = "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda match: SAMPLES.get(match[1] or "str", "x"), route)
        if browser.post(path).status_code not in (403, 405):
            open_to_forgery.add(route)
    assert open_to_forgery == (WITHOUT_A_TOKEN if host else set())
