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
VARIANTS = [
    pytest.param("en", "light", DESKTOP, id="en-light-desktop"),
    pytest.param("fa", "dark", DESKTOP, id="fa-dark-desktop"),
    pytest.param("fa", "light", PHONE, id="fa-light-phone"),
    pytest.param("en", "dark", PHONE, id="en-dark-phone"),
]
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

Visit = Callable[[str, str, str, tuple[int, int]], Measures]


@pytest.fixture(scope="session")
def visit(browser: Browser, instance: Instance, session: Any) -> Visit:
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
    def once(name: str, language: str, theme: str, size: tuple[int, int]) -> Measures:
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


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("language", "theme", "size"), VARIANTS)
def test_nothing_is_out_of_reach(visit: Visit, name: str, language: str, theme: str, size: tuple[int, int]) -> None:
    assert visit(name, language, theme, size).findings == []


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("language", "theme", "size"), VARIANTS)
def test_the_console_stays_silent_and_no_stranger_is_asked(
    visit: Visit, name: str, language: str, theme: str, size: tuple[int, int]
) -> None:
    assert visit(name, language, theme, size).problems == []


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("language", "theme", "size"), VARIANTS)
def test_no_page_scrolls_sideways(visit: Visit, name: str, language: str, theme: str, size: tuple[int, int]) -> None:
    assert {width: over for width, over in visit(name, language, theme, size).sideways.items() if over} == {}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("language", "theme", "size"), VARIANTS)
def test_a_first_visit_stays_light(visit: Visit, name: str, language: str, theme: str, size: tuple[int, int]) -> None:
    seen = visit(name, language, theme, size)
    assert seen.sent <= SENT[language]
    assert seen.requests <= REQUESTS


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("language", "theme", "size"), VARIANTS)
def test_the_document_stays_small(visit: Visit, name: str, language: str, theme: str, size: tuple[int, int]) -> None:
    seen = visit(name, language, theme, size)
    assert seen.html <= HTML
    assert seen.nodes <= NODES_OF.get(name, NODES)


@pytest.mark.parametrize("name", ALL)
def test_a_persian_page_speaks_persian(visit: Visit, messages: set[str], name: str) -> None:
    seen = visit(name, "fa", "light", PHONE)
    assert english_among(seen.words, messages) == []
