"""Every URL pattern and verb, asked by the whole cast: what each is answered stands in matrix.txt, and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from asking import Row, filled, is_api, send, table, without_limits
from django.conf import settings
from django.test import Client, RequestFactory
from django.urls import resolve
from standing import CAST
from world import fill, path_of, routes, theirs, undone

from kernel.access.actor import actor_for
from kernel.access.models import ApiKey, Member, Role
from kernel.accounts.models import Identity
from kernel.accounts.sessions import SessionStore
from kernel.tenancy.context import in_tenant

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
URLCONFS = {"workspace": "config.urls_tenant", "public site": "config.urls_public"}


@dataclass
class Asker:
    page: Client
    api: Client
    near: Mapping[str, str]
    far: Mapping[str, str]

    def told(self, row: Row) -> str:
        """As a cell says it."""
        client = self.api if is_api(row.route) else self.page
        near, far = ((path_of(row.route, ids), filled(row.sent, ids)) for ids in (self.near, self.far))
        answer = cell(send(client, row.verb, *near))
        other = cell(send(client, row.verb, *far)) if far != near and self.far else answer
        return answer if answer == other else f"{answer}/{other}"


def cell(answer: Any) -> str:
    if answer.status_code == 302 and answer["Location"].partition("?")[0] == "/login":
        return "login"
    return str(answer.status_code)


@pytest.fixture(autouse=True)
def _calm(settings: Any, monkeypatch: Any) -> Iterator[None]:
    without_limits(settings, monkeypatch)
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def browser(host: str, **session: Any) -> Client:
    """One that has the cookie of a session like this."""
    made = SessionStore()
    made.update({"ip": "127.0.0.1", "agent": "test", **session})
    made.create()
    client = Client(HTTP_HOST=host, raise_request_exception=False)
    client.cookies[settings.SESSION_COOKIE_NAME] = made.session_key
    return client


def on_the_site(name: str, host: str = "localhost") -> Client:
    """A browser with a session of the public site, which is of a person and of no workspace."""
    identity = Identity.objects.get(pk=CAST[name].identity_id)
    return browser(host, identity=str(identity.pk), tenant=None, epoch=identity.session_epoch)


@pytest.fixture
def near(tenant_a: Any) -> dict[str, str]:
    """What reza has, who sees his own alone."""
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules["types"]["*"]["verbs"] |= {"view": "own", "claim": "own"}
        role.save()
    return fill(tenant_a, "Near", "reza")


@pytest.fixture
def asker(near: Any, tenant_a: Any, tenant_b: Any, client_for: Any) -> Callable[[str], Asker]:
    """Out of reza's reach is what sara has; out of everybody's, what is another tenant's or another's alone."""
    far, beyond = fill(tenant_a, "Far", "sara"), fill(tenant_b, "Beyond", "eve")

    def make(name: str) -> Asker:
        with in_tenant(tenant_a):
            member = Member.objects.get(pk=CAST["leila" if name == "key" else name].member_id)
            role = Role.objects.get(code="read-only") if name == "key" else None
            _key, secret = ApiKey.issue(name="matrix", member=member, role=role)
        api = Client(HTTP_HOST="a.localhost", HTTP_AUTHORIZATION=f"Bearer {secret}", raise_request_exception=False)
        page = api if name == "key" else client_for(name, raise_request_exception=False)
        if name == "reza":
            return Asker(page, api, near, far)
        own = theirs(tenant_a, name, CAST["leila" if name == "key" else name].key, near)
        others = {} if name == "sara" else {what: far[what] for what in own}
        return Asker(page, api, {**near, **own}, {**beyond, **others})

    return make


def check(part: str, column: str, asker: Asker) -> None:
    wrong = [
        f"{row.route} {row.verb} {row.sent}: {column} is told {told}, not {row.cells[column]}"
        for row in table()[part]
        if (told := asker.told(row)) != row.cells[column]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.nodb
@pytest.mark.parametrize("part", URLCONFS)
def test_the_table_has_every_pattern_and_no_other(part: str) -> None:
    listed = {row.route for row in table()[part]}
    assert listed == set(routes(URLCONFS[part])), "a URL without its row, or a row without a URL"


@pytest.mark.parametrize("names", ["sara key", "reza kian", "nima leila"])
def test_a_member_is_answered_as_the_table_says(asker: Any, names: str) -> None:
    for name in names.split():
        check("workspace", name, asker(name))


@pytest.mark.parametrize("part", URLCONFS)
def test_a_verb_without_a_row_is_no_verb_of_that_address(
    part: str, tenant_a: Any, member: Any, rf: RequestFactory
) -> None:
    """Asked of the views themselves, by an administrator: what stands before them lets these through."""
    listed = {(row.route, row.verb) for row in table()[part]}
    told = {}
    with in_tenant(tenant_a):
        sara = member("sara")
        actor = actor_for(sara, "page")
        for route, pattern in routes(URLCONFS[part]).items():
            parts = resolve(path_of(route, {}), URLCONFS[part]).kwargs
            for verb in VERBS:
                request = rf.generic(verb, "/")
                request.tenant, request.member, request.actor = tenant_a, sara, actor
                if (route, verb) in listed:
                    continue
                with undone():
                    told[f"{verb} {route}"] = pattern.callback(request, **parts).status_code
    assert {name: status for name, status in told.items() if status != 405} == {}


def test_whoever_is_not_of_the_workspace_is_answered_as_the_table_says(
    near: Any, client_for: Any, tenant_b: Any
) -> None:
    with in_tenant(tenant_b):
        _key, secret = ApiKey.issue(name="matrix", member=Member.objects.get(pk=CAST["eve"].member_id))
    key = Client(HTTP_HOST="a.localhost", HTTP_AUTHORIZATION=f"Bearer {secret}", raise_request_exception=False)
    eve = client_for("eve", raise_request_exception=False)
    eve.defaults["HTTP_HOST"] = "a.localhost"
    nobody = Client(HTTP_HOST="a.localhost", raise_request_exception=False)
    for client in (nobody, eve, on_the_site("sara", "a.localhost")):
        check("workspace", "outside", Asker(client, key, near, {}))


def test_the_public_site_is_answered_as_the_table_says_and_has_nothing_of_workspaces(
    near: Any, client_for: Any
) -> None:
    member = client_for("sara", raise_request_exception=False)
    member.defaults["HTTP_HOST"] = "localhost"
    site = routes(URLCONFS["public site"])
    for column, client in (
        ("nobody", Client(HTTP_HOST="localhost", raise_request_exception=False)),
        ("nobody", member),
        ("person", on_the_site("sara")),
    ):
        asker = Asker(client, client, near, {})
        check("public site", column, asker)
    others = {route: asker.told(Row(route, "GET", {})) for route in routes() if route not in site}
    assert {route: status for route, status in others.items() if status != "404"} == {}
