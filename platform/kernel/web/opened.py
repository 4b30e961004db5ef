"""Which view a page of a list shows: the one its address names, else the one the list opens with.

    ?view=ID                 the view; a parameter beside it takes the place of the view's own
    ?base=ID&status=open     what the rest of the address asks and nothing else, begun from that view

Links on the page are of the second form, so that a filter of a view can be taken away like any other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records.questions import LAYOUTS, asked, usable
from kernel.records.views import ALL, View, Views
from kernel.web.reach import list_url


@dataclass(frozen=True)
class Opened:
    """`is_changed`: the page asks something else than the view. `problem` says what the view could not do."""

    views: Views
    view: View
    is_changed: bool
    problem: str = ""

    def context(self, request: HttpRequest) -> dict[str, Any]:
        """What the tabs above a list and the bar of an unsaved view need."""
        slug, query = self.views.slug, request.GET.copy()
        for name in ("cursor", "before", "q"):
            query.pop(name, None)
        tabs = [
            {
                "key": v.key,
                "name": v.name,
                "icon": v.saved.icon if v.saved else "",
                "url": view_url(slug, v),
                "here": v is self.view,
            }
            for v in self.views.all
        ]
        return {
            "tabs_of_views": tabs, "opened": self.view, "is_changed": self.is_changed, "view_problem": self.problem,
            "reset_url": view_url(slug, self.view), "view_query": query.urlencode(),
            "may_change_view": self.views.may_change(self.view), "views_url": f"{list_url(slug)}/views",
        }  # fmt: skip


def view_url(slug: str, view: View) -> str:
    return f"{list_url(slug)}?view={view.key}"


def open_view(request: HttpRequest, access: Access) -> Opened:
    """Turns the address into what it asks, `base` telling which view it began from."""
    views, params = Views(access), request.GET.copy()
    key, base = (params.pop(name, [""])[-1] for name in ("view", "base"))
    if key in LAYOUTS:
        params["layout"], key = key, ""
    problem = ""
    view = views.get(key or base) if key or base else None
    if view is None:
        if key or base:
            problem = _("There is no such view, or it is not yours.")
        plain = not asked(params) and not params.get("q") and not problem
        view = views.first() if plain else views.get(ALL.code)
        key = view.key if view and plain else ""
    assert view is not None  # every type has the view of all records
    own, is_whole = usable(views.access, view.params)
    if key:
        for name, value in own.items():
            params.setdefault(name, value)
    if view.key != ALL.code or views.first().key != ALL.code:
        params["base"] = view.key
    if not is_whole:
        problem = _("Part of this view is left out: it asks for a field that is not there for you.")
    request.GET = params  # type: ignore[assignment]
    # To look at a ready-made view as a board is no change that asks to be saved.
    either = LAYOUTS if not views.may_change(view) else ("list",)
    return Opened(views, view, _plain(asked(params), either) != _plain(own, either), problem)


def _plain(params: dict[str, str], layouts: Iterable[str]) -> dict[str, str]:
    return {key: value for key, value in params.items() if key != "layout" or value not in layouts}
