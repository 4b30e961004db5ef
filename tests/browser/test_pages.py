"""Every page in Chromium, in both languages and themes, on a desktop and a phone: its budgets and its manners.

Each page is visited once a variant, with nothing in the browser's memory, and several tests ask about that visit.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from instance import Instance
from measures import Measures, english_among, first_record, measure, untranslated
from playwright.sync_api import Browser
from windows import DESKTOP, PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

# Language, theme and size, so that each pair of them is met.
VARIANTS = {
    "fa-light-phone": ("fa", "light", PHONE),
    "fa-dark-desktop": ("fa", "dark", DESKTOP),
    "en-light-desktop": ("en", "light", DESKTOP),
    "en-dark-phone": ("en", "dark", PHONE),
}
PUBLIC = {"landing": "/", "sign-up": "/signup", "sign-in": "/login"}
PAGES = {
    "home": "/",
    "deals": "/r/deals",
    "board": "/r/deals?view=board",
    "deal": "/r/deals/FIRST",
    "new-deal": "/r/deals/new",
    "contacts": "/r/contacts",
    "contact": "/r/contacts/FIRST",
    "reports": "/reports",
    "imports": "/imports",
    "new-import": "/imports/new",
    "search": "/search?q=a",
    "shortcuts": "/shortcuts",
    "trash": "/trash",
    "my-day": "/tasks",
    "profile": "/settings/profile",
    "members": "/settings/members",
    "roles": "/settings/roles",
    "why": "/settings/roles/why?type=deals",
    "api": "/settings/api",
    "api-of-deals": "/settings/api/deals",
    "pipelines": "/settings/pipelines",
    "missing": "/nowhere",
}
ALL = [*PUBLIC, *PAGES]
WORKSPACE = {"en": "acme", "fa": "nilgoon"}
SENT, REQUESTS = {"en": 140_000, "fa": 175_000}, 12
HTML, NODES = 25_000, 1_500
# Six columns of twenty cards.
NODES_OF = {"board": 2_400}

Visit = tuple[str, str, str, tuple[int, int]]
VISITS = [pytest.param((name, *how), id=f"{variant}-{name}") for variant, how in VARIANTS.items() for name in ALL]
# Of the module, so that what is asked about a visit follows each other, in the process that made it.
each_visit = pytest.mark.parametrize("visit", VISITS, scope="module")
each_persian_visit = pytest.mark.parametrize("visit", VISITS[: 2 * len(ALL)], scope="module")


@pytest.fixture(scope="session")
def seen(browser: Browser, instance: Instance, session: Any) -> Callable[[Visit], Measures]:
    @cache
    def address(name: str, language: str) -> str:
        path = PUBLIC.get(name) or PAGES[name]
        if "FIRST" in path:
            state = session(WORKSPACE[language], "sara")
            window = Window(browser, instance.at(WORKSPACE[language]), storage_state=state)
            path = first_record(window, path.split("/")[2])
            window.close()
        return path

    @cache
    def once(visit: Visit) -> Measures:
        name, language, theme, size = visit
        is_public = name in PUBLIC
        state = None if is_public else session(WORKSPACE[language], "sara")
        site = instance.at("" if is_public else WORKSPACE[language])
        # What a worker fetches for a day without a network comes later than a visit, sooner on a slow machine.
        more = {"storage_state": state, "service_workers": "block"}
        window = Window(browser, site, size=size, theme=theme, language=language, **more)
        try:
            return measure(window, address(name, language))
        finally:
            window.close()

    return once


@pytest.fixture(scope="session")
def messages() -> set[str]:
    return untranslated()


@each_visit
def test_nothing_is_out_of_reach(seen: Callable[[Visit], Measures], visit: Visit) -> None:
    assert seen(visit).findings == []


@each_visit
def test_the_console_stays_silent_and_no_stranger_is_asked(seen: Callable[[Visit], Measures], visit: Visit) -> None:
    assert seen(visit).problems == []


@each_visit
def test_no_page_scrolls_sideways(seen: Callable[[Visit], Measures], visit: Visit) -> None:
    assert {width: over for width, over in seen(visit).sideways.items() if over} == {}


@each_visit
def test_a_first_visit_stays_light(seen: Callable[[Visit], Measures], visit: Visit) -> None:
    _name, language, _theme, _size = visit
    assert seen(visit).sent <= SENT[language]
    assert seen(visit).requests <= REQUESTS


@each_visit
def test_the_document_stays_small(seen: Callable[[Visit], Measures], visit: Visit) -> None:
    assert seen(visit).html <= HTML
    assert seen(visit).nodes <= NODES_OF.get(visit[0], NODES)


@each_persian_visit
def test_a_persian_page_speaks_persian(seen: Callable[[Visit], Measures], messages: set[str], visit: Visit) -> None:
    assert english_among(seen(visit).words, messages) == []
