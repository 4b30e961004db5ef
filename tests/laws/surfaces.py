"""Every way in which something leaves the server, and how Mina uses it.

A surface names the ways out that it covers and calls them: `each` for a type of records, `once` for what is about all
of them. Ways out are found where they are declared: addresses in the resolver, kinds of runs, notifications and files,
letters. `test_surfaces.py` holds that each of them is a surface's, or among `WITHOUT_RECORDS`, with the reason.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver
from world import patterns

from kernel.accounts import letters
from kernel.records.types import RecordType
from kernel.runs.work import _runners
from kernel.transfer.exporting import FORMATS

Call = Callable[..., None]


@dataclass(frozen=True)
class Surface:
    """`routes` are addresses as they stand in the URL table, `also` the other ways out: "run:export"."""

    name: str
    routes: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    each: tuple[Call, ...] = ()
    once: tuple[Call, ...] = ()


surfaces: dict[str, Surface] = {}


def surface(name: str, *routes: str, also: tuple[str, ...] = (), once: bool = False) -> Callable[[Call], Call]:
    """Make a function a surface, or one more call of it: `call(mina, rtype, pk)`, or `call(mina)` where it is about all
    types at once."""

    def register(call: Call) -> Call:
        held = surfaces.get(name) or Surface(name)
        each, all_at_once = ((), (call,)) if once else ((call,), ())
        surfaces[name] = Surface(
            name, (*held.routes, *routes), (*held.also, *also), (*held.each, *each), (*held.once, *all_at_once)
        )
        return call

    return register


def call_all(mina: Any, types: dict[str, RecordType]) -> None:
    """Use every surface, for every type that has a canary."""
    for found in surfaces.values():
        mina.surface = found.name
        for slug, rtype in types.items():
            for call in found.each if slug in mina.scene.records else ():
                call(mina, rtype, mina.scene.records[slug].pk)
        for call in found.once:
            call(mina)


# What a run is asked for is not there where it is refused: a person is exported by whoever sees all there is.
OF_EXPORTED_PEOPLE = {"privacy/runs/<uuid:pk>", "privacy/runs/<uuid:pk>/status", "privacy/runs/<uuid:pk>/download"}


def uncalled(answers: Iterable[Any]) -> set[str]:
    """The addresses that a surface names and that nobody asked for."""
    asked = {spelled(answer.route) for answer in answers} | OF_EXPORTED_PEOPLE
    return {route for found in surfaces.values() for route in found.routes} - asked


# -- what there is

BARE = {
    "a door: who comes in, and nothing of any record": (
        "login", "logout", "enter", "forgot", "forgot/sent", "reset/<str:token>", "join/<str:token>", "dev/mail",
        "settings/view-as/leave", "enter/back", "login/passkey", "login/passkey/options", "login/code", "login/sso",
        "login/sso/back", "workspaces",
        "workspaces/open", "email/<str:token>", "second-step/<str:token>",
    ),
    "published: a form for strangers says what somebody wrote for them": ("f/<slug:address>",),
    "the shell of the pages, alike for everybody": (
        "styleguide", "manifest.webmanifest", "sw.js", "offline", "shortcuts", r"^api(?:/.*)?$",
    ),
    "answers with nothing but where to go on": (
        "settings/leads/<slug:slug>/<uuid:pk>/<slug:step>",
        *(f"settings/{place}" for place in (
            "lost-reasons/<uuid:pk>/delete", "lost-reasons/<uuid:pk>/show", "sources/<uuid:pk>/delete",
            "sources/<uuid:pk>/show", "tags/<uuid:pk>/archive", "tags/<uuid:pk>/show", "pipelines/<uuid:pk>/up",
            "pipelines/<uuid:pk>/down", "stages/<uuid:pk>/up", "stages/<uuid:pk>/down",
        )),
        "settings", "settings/audit/keep", "imports/<uuid:pk>/cancel", "exports/<uuid:pk>/cancel",
        "reports/<uuid:pk>/cancel", "changes/<uuid:pk>/cancel", "notifications/read-all", "notifications/unread-all",
        "notifications/<uuid:pk>/read", "notifications/leave/<str:token>", "r/<slug:slug>/views/order",
        "r/<slug:slug>/views/<str:key>/update", "r/<slug:slug>/views/<str:key>/shift",
        "r/<slug:slug>/views/<str:key>/delete", "r/<slug:slug>/views/<uuid:key>/restore", "trash/<slug:slug>",
        "trash/<slug:slug>/<uuid:pk>", "duplicates/<slug:slug>/different", "r/<slug:slug>/<uuid:pk>/follow",
        "r/<slug:slug>/<uuid:pk>/access/<uuid:share_pk>/stop", "r/files/<uuid:pk>/versions/<int:number>",
    ),
    "nothing that was known of anybody: counts, a digest": (
        "settings/privacy/<uuid:pk>", "settings/privacy/<uuid:pk>.json",
    ),
    "one's own settings": (
        "settings/profile", "settings/keys", "settings/keys/<uuid:pk>/revoke", "settings/notifications",
        *(f"settings/security{place}" for place in (
            "", "/devices/end", "/devices/end-all", "/email", "/email/withdraw", "/password", "/second-step",
            "/passkeys", "/passkeys/options", "/passkeys/<uuid:pk>/remove", "/second-step/codes", "/second-step/off",
        )),
    ),
    "for whoever has a right to it and may change every field that it draws": (
        *(f"settings/{place}" for place in (
            "company", "duplicates", "fields", "fields/new", "fields/preview", "fields/order", "fields/<uuid:pk>",
            "fields/<uuid:pk>/up", "fields/<uuid:pk>/down", "fields/<uuid:pk>/archive", "fields/<uuid:pk>/show",
            "members", "members/new", "members/<uuid:pk>", "members/<uuid:pk>/invite", "members/<uuid:pk>/withdraw",
            "members/<uuid:pk>/view-as", "members/<uuid:pk>/activate", "members/<uuid:pk>/deactivate",
            "members/<uuid:pk>/second-step", "members/<uuid:pk>/provider", "roles/<uuid:pk>/sign-in",
            "members/<uuid:pk>/hand-over", "members/<uuid:pk>/handover", "roles", "roles/new", "roles/compare",
            "roles/why", "roles/<uuid:pk>", "roles/<uuid:pk>/delete", "roles/<uuid:pk>/name", "roles/<uuid:pk>/save",
            "sso", "sso/test", "sso/only", "sso/off",
            "roles/<uuid:pk>/system", "roles/<uuid:pk>/types/<slug:slug>", "teams", "teams/new", "teams/<uuid:pk>",
            "teams/<uuid:pk>/delete",
        )),
    ),
}  # fmt: skip
WITHOUT_RECORDS = {route: reason for reason, routes in BARE.items() for route in routes}


def routes() -> Iterator[str]:
    """Every address of a workspace. The API answers with and without a slash at the end: one way out."""
    for route, _pattern in patterns(get_resolver("config.urls_tenant")):
        yield spelled(route)


def spelled(route: str) -> str:
    return route.removesuffix("/") if route.startswith("api/") else route


def ways_out() -> set[str]:
    """Everything that something may leave by, but for addresses."""
    from crm_core.teamwork import mailing
    from crm_core.teamwork.preferences import KINDS

    found = {f"run:{kind}" for kind in _runners} | {f"notification:{kind}" for kind in KINDS}
    found |= {f"file:{name}" for name in FORMATS} | {"log"}
    for module in (letters, mailing):
        for name, made in inspect.getmembers(module, inspect.isfunction):
            if name.endswith("_letter") and not name.startswith("_") and made.__module__ == module.__name__:
                found.add(f"letter:{name}")
    return found
