"""What browser tests stand on: one Chromium, one running installation, and windows that notice every mistake."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
from alone import serving, visit
from instance import PASSWORD, Instance, running
from playwright.sync_api import Browser, Page, StorageState, expect, sync_playwright
from windows import PATIENCE, Window

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=PATIENCE)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what waits for the clock: begun last it would keep one process waiting alone."""
    items.sort(key=lambda item: not item.path.name.endswith("_sellers_day.py"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Without the tree of the whole page, which hides what the pages asked and were answered."""
    report = yield
    if report.failed:
        told, tree, _page = str(report.longrepr).partition("Aria snapshot:")
        if tree:
            report.longrepr = told
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("PEYVAND_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The styleguide's address, for one module: what serves it changes settings."""
    with serving() as address:
        yield address


@pytest.fixture
def page(browser: Browser, site: str) -> Iterator[Page]:
    """The styleguide in a window, which must find nothing wrong."""
    page = visit(browser, site)
    yield page
    problems = page.problems  # type: ignore[attr-defined]
    page.unroute_all(behavior="ignoreErrors")
    page.context.close()
    assert [problem for problem in problems if not problem.startswith("Failed to load")] == []


@pytest.fixture(scope="session")
def instance() -> Iterator[Instance]:
    with running() as instance:
        yield instance


@pytest.fixture(scope="session")
def session(browser: Browser, instance: Instance) -> Callable[[str, str], StorageState]:
    """`session("acme", "sara")`: the cookies of somebody who signed in on the sign-in page, once for all tests."""
    kept: dict[tuple[str, str], StorageState] = {}

    def sign_in(subdomain: str, login: str) -> StorageState:
        if (subdomain, login) not in kept:
            window = Window(browser, instance.at(subdomain))
            window.open("/login")
            window.page.fill("[name=email]", f"{login}@{subdomain}.example")
            window.page.fill("[name=password]", PASSWORD)
            window.page.keyboard.press("Enter")
            window.page.wait_for_url(f"{window.site}/")
            kept[subdomain, login] = window.page.context.storage_state()
            window.close()
        return kept[subdomain, login]

    return sign_in


@pytest.fixture
def window(
    browser: Browser, instance: Instance, session: Callable[[str, str], StorageState]
) -> Iterator[Callable[..., Window]]:
    """`window("nilgoon", "sara", width=390)`: a window of somebody signed in; `window()` at the public site.

    A journey in which a page made a mistake (an error on the console, a request to a stranger) has failed.
    """
    opened: list[Window] = []

    def open_one(subdomain: str = "", login: str = "", **more: Any) -> Window:
        state = session(subdomain, login) if login else None
        opened.append(Window(browser, instance.at(subdomain), storage_state=state, **more))
        return opened[-1]

    yield open_one
    problems = [problem for window in opened for problem in window.problems]
    for one in opened:
        print(one.site, *one.story, sep="\n")  # noqa: T201 - shown beside a failure
        one.close()
    assert problems == []
