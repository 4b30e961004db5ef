"""A member of one workspace goes everywhere with another's ids, links and cookies: nothing of it is anywhere to see."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import filled, is_api, send, table, without_limits
from django.core import mail
from django.core.cache import caches
from django.core.files.storage import default_storage
from standing import CAST
from world import fill, path_of

from kernel.accounts.handoff import new_handoff
from kernel.accounts.models import Identity
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant, tenant_only

SECRET = "Zqxcanary"


@pytest.fixture(autouse=True)
def _no_limit(settings: Any, monkeypatch: Any) -> None:
    without_limits(settings, monkeypatch)


@pytest.fixture
def foreign(tenant_b: Any) -> dict[str, str]:
    """What B has: one of everything, with the secret in whatever can be read of it."""
    return fill(tenant_b, SECRET, "eve")


def walk(page: Any, api: Any, ids: dict[str, str], verbs: str = "") -> Iterator[tuple[str, Any]]:
    for row in table()["workspace"]:
        if verbs and row.verb not in verbs:
            continue
        client = api if is_api(row.route) else page
        yield f"{row.verb} {row.route}", send(client, row.verb, path_of(row.route, ids), filled(row.sent, ids))


def has(text: bytes | str) -> bool:
    return SECRET.lower() in (text.decode(errors="replace") if isinstance(text, bytes) else text).lower()


def in_caches(ids: dict[str, str], but_of: Any) -> list[str]:
    """The keys that have the secret or one of these ids in their name or in what they hold, but for those of one
    tenant."""
    kept = {**caches["default"]._cache, **caches["platform"]._cache}
    known = [value.encode() for value in ids.values()]
    return [
        key
        for key, value in kept.items()
        if f":t:{but_of.pk}:" not in key and (has(key) or has(value) or any(one in value for one in known))
    ]


def moved(client: Any, key: str) -> Any:
    """With all its cookies and keys, at another host."""
    client.defaults["HTTP_HOST"] = f"{key}.localhost"
    return client


@pytest.fixture
def sara(client_for: Any, api_for: Any) -> tuple[Any, Any]:
    """A's administrator, by page and by key."""
    return (client_for("sara", raise_request_exception=False), api_for("sara", raise_request_exception=False))


@pytest.fixture
def eve(client_for: Any, api_for: Any) -> tuple[Any, Any]:
    """B's."""
    return (client_for("eve", raise_request_exception=False), api_for("eve", raise_request_exception=False))


def test_nothing_of_another_workspace_is_anywhere_to_see(
    foreign: Any,
    sara: Any,
    eve: Any,
    tenant_a: Any,
    tenant_b: Any,
    caplog: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    caplog.set_level(logging.INFO)
    own = [name for name, answer in walk(*eve, foreign, "GET") if has(answer.body)]
    assert len(own) > 60, "she sees what is hers, and what is kept of it for the next time is there to be found"
    with django_capture_on_commit_callbacks(execute=True):
        assert eve[0].get(f"/r/deals/{foreign['deal']}").status_code == 200
    assert in_caches(foreign, but_of=tenant_a)
    caplog.clear()
    mail.outbox.clear()
    for who in (sara, (moved(eve[0], "a"), moved(eve[1], "a"))):
        for name, answer in walk(*who, foreign):
            assert not has(answer.body), name
            assert not has(repr(answer.headers)), name
    assert not has(caplog.text)
    assert not [letter for letter in mail.outbox if has(letter.message().as_bytes())]
    assert in_caches(foreign, but_of=tenant_b) == []
    folder = Path(default_storage.path(f"t/{tenant_a.pk}"))
    assert not [file for file in folder.rglob("*") if file.is_file() and has(file.read_bytes())]


LINKS = (
    "/files/<download>",
    "/attachments/<content>",
    "/join/<invitation>",
    "/reset/<reset>",
    "/notifications/leave/<leave>",
    "/enter?code=<way_in>",
)


@pytest.mark.parametrize("link", LINKS)
def test_a_link_of_one_workspace_is_nonsense_at_another(
    foreign: Any, sara: Any, at: Any, tenant_b: Any, link: str
) -> None:
    way_in = new_handoff(Identity.objects.get(pk=CAST["eve"].identity_id), tenant_b)
    for client in (sara[0], at("a")):
        for verb in ("GET", "POST"):
            theirs, nonsense = (send(client, verb, filled(link, ids)) for ids in ({**foreign, "way_in": way_in}, {}))
            assert theirs.status_code == nonsense.status_code
            assert theirs.status_code in (401, 404, 405, 410) or theirs["Location"] == nonsense["Location"]


def test_a_run_of_one_workspace_is_not_carried_out_in_another(foreign: Any, tenant_a: Any, tenant_b: Any) -> None:
    with in_tenant(tenant_b):
        Run.objects.filter(pk=foreign["export"]).update(status="queued")
    with tenant_only(tenant_a):
        work(foreign["export"])
    with in_tenant(tenant_b):
        assert Run.objects.get(pk=foreign["export"]).status == "queued"


def test_one_connection_serves_each_its_own_by_turns(foreign: Any, sara: Any, eve: Any, tenant_a: Any) -> None:
    """More often than it takes the database to keep a plan."""
    ours = sara[1].post("/api/v1/deals", {"name": "Ours"}).json()["id"]
    for _turn in range(7):
        for api, own, other in ((sara[1], ours, foreign["deal"]), (eve[1], foreign["deal"], ours)):
            assert api.get(f"/api/v1/deals/{own}").status_code == 200
            assert api.get(f"/api/v1/deals/{other}").status_code == 404
