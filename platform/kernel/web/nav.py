"""What stands in the sidebar: only what resolves, and what this actor may use."""

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.accounts.sessions import came_by_provider
from kernel.records.types import registry
from kernel.records.views import ICONS, favourite_name, mark_key, marks_of

May = Callable[[Actor], bool]
_added: list[tuple[Any, str, str, May]] = []
_first: list[tuple[Any, str, str, May]] = []
_bell: list[str] = []
MOST_UNREAD = 99


def add(label: Any, url: str, icon: str, may: May, *, first: bool = False) -> None:
    """A page of an app's own in the sidebar, for those who may use it; `first` right below the home page, and in the
    bar of a phone. Called where its addresses are declared."""
    (_first if first else _added).append((label, url, icon, may))


def set_bell(url: str) -> None:
    """Where notifications are read: the bell of every page leads there, and asks at url/bell how it is now."""
    _bell[:] = [url]


def _bell_of(actor: Actor) -> dict[str, Any] | None:
    if actor.viewer is not None:
        return None  # what a member is told is between them and the workspace
    count = getattr(actor.member, "unread", 0)
    shown = actor.format.number(min(count, MOST_UNREAD)) + ("+" if count > MOST_UNREAD else "")
    return {"url": _bell[0], "count": count, "shown": shown} if _bell else None


def _may_switch(request: Any) -> bool:
    return getattr(request.session.row, "has_others", False) and not came_by_provider(request)


def nav(request: HttpRequest) -> dict[str, Any]:
    """The context processor of the shell. Nothing is worked out for a page that shows no sidebar."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.member is None:
        return {}
    member = actor.member
    tenant = request.tenant  # type: ignore[attr-defined]
    return {
        "workspace": {"name": tenant.name, "url": "/"},
        "viewing_as": member.name if actor.viewer else "",
        "device": f"{tenant.pk.hex}-{member.pk.hex}-{get_language() or tenant.language}",
        "bell": _bell_of(actor),
        "switch_url": "/workspaces" if _may_switch(request) else "",
        "nav": SimpleLazyObject(lambda: list(_entries(request, actor))),
        "nav_end": SimpleLazyObject(lambda: list(_end(request, actor))),
        "tabs": SimpleLazyObject(lambda: _tabs(list(_entries(request, actor)))),
        "me": {
            "name": member.name, "key": member.pk, "url": "/settings/profile" if _answers("/settings/profile") else "/",
            "sign_out_url": "/logout",
        },
    }  # fmt: skip


def places(request: HttpRequest, actor: Actor) -> Iterator[dict[str, Any]]:
    """Where this actor may go, in the order of the sidebar."""
    yield from _entries(request, actor)
    yield from _end(request, actor)


def _entries(request: HttpRequest, actor: Actor) -> Iterator[dict[str, Any]]:
    yield from _entry(request, _("Home"), "/", "home", tab=True)
    for label, url, icon, may in _first:
        if may(actor):
            yield from _entry(request, label, url, icon, tab=True)
    records = _("Records")
    for rtype in registry.values():
        if rtype.in_menu and actor.access(rtype).may("view"):
            yield from _entry(request, rtype.label_plural, f"/r/{rtype.slug}", rtype.icon, records, tab=rtype.in_tabs)
    yield from _favourites(request, actor)
    work = _("Work")
    for label, url, icon, may in _added:
        if may(actor):
            yield from _entry(request, label, url, icon, work)
    if actor.may_system("import"):
        yield from _entry(request, _("Imports"), "/imports", "file-import", work)
    yield from _entry(request, _("Trash"), "/trash", "trash", work)


def _favourites(request: HttpRequest, actor: Actor) -> Iterator[dict[str, Any]]:
    """The views that this member keeps at hand."""
    for mark in marks_of(actor):
        rtype = registry.get(mark.record_type)
        if not mark.is_favourite or rtype is None or not actor.access(rtype).may("view"):
            continue
        name = favourite_name(actor, rtype, mark)
        if name:
            url, key = f"/r/{rtype.slug}", mark_key(mark)
            here = request.path == url and key in (request.GET.get("view"), request.GET.get("base"))
            own = mark.view.icon if mark.view else ""
            yield {
                "label": name, "url": f"{url}?view={key}", "icon": own if own in ICONS else "star",
                "group": _("Favourites"), "current": here, "tab": False,
            }  # fmt: skip


def _end(request: HttpRequest, actor: Actor) -> Iterator[dict[str, Any]]:
    yield from _entry(request, _("Settings"), "/settings", "settings")


def _tabs(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The bar of a phone: what is meant for it, and where that is too little for four what comes next."""
    meant = [entry for entry in entries if entry["tab"]]
    return [*meant, *(entry for entry in entries if not entry["tab"])][:4]


def _entry(
    request: HttpRequest, label: Any, url: str, icon: str, group: str = "", *, tab: bool = False
) -> Iterator[dict[str, Any]]:
    if _answers(url):
        current = request.path == url or (url != "/" and request.path.startswith(f"{url}/"))
        yield {"label": label, "url": url, "icon": icon, "group": group, "current": current, "tab": tab}


_known: dict[str, bool] = {}


def _answers(url: str) -> bool:
    if url not in _known:
        try:
            resolve(url, "config.urls_tenant")
            _known[url] = True
        except Resolver404:
            _known[url] = False
    return _known[url]
