"""The workspace without a network: what the service worker shows, what a form keeps, what is left after signing out."""

from collections.abc import Callable

import pytest
from instance import wait_for
from playwright.sync_api import Page, Route, expect
from windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

CACHES = "async () => (await caches.keys()).filter(name => name.startsWith('peyvand:'))"
KEPT = """async () => {
    const urls = [];
    for (const name of await caches.keys())
        for (const request of await (await caches.open(name)).keys()) urls.push(new URL(request.url).pathname);
    return urls;
}"""
DRAFTS = "Object.keys(localStorage).filter(key => key.startsWith('draft:')).length"


def ready(page: Page) -> None:
    """The service worker answers for this page."""
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    wait_for(lambda: page.evaluate("navigator.serviceWorker.controller !== null"), "No worker took the page.", 15)


def drafts(page: Page, count: int) -> None:
    wait_for(lambda: page.evaluate(DRAFTS) == count, f"There are not {count} drafts.", 15)


def without_network(window: Window) -> None:
    window.page.context.set_offline(True)


def forgive(window: Window) -> None:
    """A request that finds no network is written on the console; that is not what is looked for here."""
    window.problems[:] = [problem for problem in window.problems if "ERR_INTERNET_DISCONNECTED" not in problem]


@pytest.mark.parametrize(
    ("subdomain", "language", "words"),
    [("nilgoon", "fa", "اتصال برقرار نیست"), ("acme", "en", "There is no connection")],
)
def test_a_page_that_cannot_come_says_so_in_the_members_language(
    window: Callable[..., Window], subdomain: str, language: str, words: str
) -> None:
    phone = window(subdomain, "sara", size=PHONE, language=language)
    page = phone.page
    phone.open("/")
    ready(page)
    without_network(phone)
    page.goto(f"{phone.site}/r/companies", wait_until="domcontentloaded")
    expect(page.get_by_role("heading", level=1)).to_have_text(words)
    assert page.evaluate("document.documentElement.lang") == language
    page.context.set_offline(False)
    page.locator("a.button").click()
    expect(page.locator("table, .list").first).to_be_visible()
    forgive(phone)


def test_nothing_of_a_record_is_kept(window: Callable[..., Window]) -> None:
    phone = window("acme", "sara", size=PHONE)
    page = phone.page
    phone.open("/")
    ready(page)
    for path in ("/r/companies", "/r/deals", "/api/v1/me"):
        phone.open(path)
    kept = page.evaluate(KEPT)
    assert kept
    assert all(path == "/offline" or path.startswith("/static/") for path in kept), kept


def test_what_was_typed_is_kept_and_offered_again(window: Callable[..., Window]) -> None:
    phone = window("acme", "sara", size=PHONE)
    page = phone.page
    phone.open("/r/companies/new")
    ready(page)
    page.locator("[name=name]").fill("Half a company")
    drafts(page, 1)
    without_network(phone)
    expect(page.locator("crm-offline")).to_be_visible()
    page.locator("main form.form > footer .primary").click()
    expect(page.locator(".toast").last).to_contain_text("kept on this device")
    page.context.set_offline(False)
    expect(page.locator("crm-offline")).to_be_hidden()
    page.reload()
    page.locator("[data-back]").click()
    expect(page.locator("[name=name]")).to_have_value("Half a company")
    page.locator("main form.form > footer .primary").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Half a company")
    drafts(page, 0)
    forgive(phone)


def test_what_was_saved_is_not_offered_again(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara")
    page = desk.page
    desk.open("/r/deals?layout=list&status=open")
    page.locator("td.main-cell a").first.click()
    note = page.locator("form[data-draft=notes]")
    note.locator("textarea").fill("They asked for the price list.")
    drafts(page, 1)
    note.locator("button.primary").click()
    expect(page.locator("#timeline .text").first).to_contain_text("They asked for the price list.")
    expect(page.locator("crm-offline")).to_be_hidden()
    assert page.evaluate(DRAFTS) == 0
    expect(page.locator("[data-back]")).to_have_count(0)


def test_what_is_typed_while_a_note_is_on_its_way_is_offered_again(window: Callable[..., Window]) -> None:
    desk, held = window("acme", "sara"), list[Route]()
    page = desk.page
    desk.open("/r/deals?layout=list&status=open")
    with page.expect_navigation():
        page.locator("td.main-cell a").first.click()
    words = page.locator("form[data-draft=notes] textarea")
    words.fill("They called.")
    page.route("**/compose**", lambda route: held.append(route))
    with page.expect_request("**/compose**"):
        words.press("Control+Enter")
    words.press_sequentially(" They want it blue.")
    words.press("Control+Enter")
    with page.expect_navigation():
        held[0].continue_()
    expect(page.locator("#timeline .text", has_text="They called.")).to_have_count(1)
    page.locator("[data-back]").click()
    expect(words).to_have_value("They called. They want it blue.")
    assert len(held) == 1


def test_nothing_is_left_after_signing_out(window: Callable[..., Window]) -> None:
    # In a session of its own: the others' stays.
    phone = window("acme", size=PHONE)
    page = phone.page
    phone.open("/login")
    page.fill("[name=email]", "laura@acme.example")
    page.fill("[name=password]", "peyvand-demo")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{phone.site}/")
    ready(page)
    phone.open("/r/deals/new")  # a form that asks for no hints, which would find nobody signed in
    page.locator("[name=name]").fill("Nobody's business")
    drafts(page, 1)
    assert page.evaluate(CACHES)
    page.locator(".tabbar button").click()
    page.locator("#more-sheet form[action='/logout'] button").click()
    page.wait_for_url(f"{phone.site}/login")
    assert page.evaluate(CACHES) == []
    assert page.evaluate(DRAFTS) == 0
