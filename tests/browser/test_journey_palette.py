"""The palette and the shortcuts, under an English and a Persian keyboard, in both languages and themes."""

from collections.abc import Callable

import pytest
from measures import findings
from playwright.sync_api import Page, expect
from windows import DESKTOP, PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]


def press(page: Page, code: str, key: str, *, ctrl: bool = False, shift: bool = False) -> None:
    """A key as a keyboard layout spells it: the place of the key, and the letter it gives there."""
    page.evaluate(
        """([code, key, ctrlKey, shiftKey]) => (document.activeElement || document.body).dispatchEvent(
            new KeyboardEvent("keydown", {code, key, ctrlKey, shiftKey, bubbles: true, cancelable: true}))""",
        [code, key, ctrl, shift],
    )


@pytest.mark.parametrize(("subdomain", "key"), [("acme", "k"), ("nilgoon", "ن")])
def test_ctrl_k_opens_the_palette_under_either_layout_and_leads_on(
    window: Callable[..., Window], subdomain: str, key: str
) -> None:
    desk = window(subdomain, "sara")
    page = desk.page
    desk.open("/r/companies")
    first = page.locator("tbody td a[href^='/r/companies/']").first
    name, path = first.inner_text(), str(first.get_attribute("href"))
    press(page, "KeyK", key, ctrl=True)
    expect(page.locator("#palette [role=combobox]")).to_be_focused()
    page.keyboard.type(name)
    # What was opened before stands among the recent ones and not twice.
    expect(page.locator(f"#palette [aria-selected=true][href^='{path.partition('?')[0]}']")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{path.partition('?')[0]}*")


def test_the_palette_holds_what_was_opened_and_what_the_page_can_do(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara")
    page = desk.page
    desk.open("/r/companies")
    opened = page.locator("tbody td a[href^='/r/companies/']").nth(1)
    name = opened.inner_text()
    opened.click()
    expect(page.locator("h1")).to_have_text(name)
    desk.open("/r/deals?view=list")
    page.locator("tbody td a[href^='/r/deals/']").first.click()
    page.wait_for_url("**/r/deals/*-*")
    page.keyboard.press("Control+k")
    options = page.locator("#palette [role=option]:visible")
    expect(options.first).to_contain_text(name)
    page.keyboard.type("lost")
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text("Lost")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog")).to_be_visible()
    expect(page.locator("#palette")).to_be_hidden()


def test_escape_closes_the_palette_and_gives_the_focus_back(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara")
    page = desk.page
    desk.open("/")
    button = page.locator(".side [data-palette]")
    with page.expect_response("**/palette?q="):  # it draws the list anew
        button.click()
    expect(page.locator("#palette [role=listbox]")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    chosen = page.locator("#palette [aria-selected=true]")
    expect(page.locator("#palette [role=combobox]")).to_have_attribute(
        "aria-activedescendant", str(chosen.get_attribute("id"))
    )
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.parametrize("letters", [("g", "d"), ("ل", "ی")])
def test_two_keys_lead_to_the_deals_under_either_layout(
    window: Callable[..., Window], letters: tuple[str, str]
) -> None:
    desk = window("acme", "sara")
    desk.open("/")
    press(desk.page, "KeyG", letters[0])
    press(desk.page, "KeyD", letters[1])
    desk.page.wait_for_url("**/r/deals*")


def test_keys_are_letters_while_somebody_types(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara")
    page = desk.page
    desk.open("/r/companies")
    page.keyboard.press("/")
    page.keyboard.type("gd?j")
    expect(page.locator("[data-search]")).to_have_value("gd?j")
    expect(page.locator("#dialog")).to_be_hidden()
    assert "/r/companies" in page.url


def test_rows_are_walked_opened_and_edited_by_keys(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara")
    page = desk.page
    desk.open("/r/companies")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("tbody tr").first.locator("a").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/r/companies/*-*")
    page.keyboard.press("e")
    page.wait_for_url("**/edit*")


@pytest.mark.parametrize(
    ("subdomain", "theme", "size"),
    [("acme", "light", DESKTOP), ("nilgoon", "dark", DESKTOP), ("nilgoon", "light", PHONE), ("acme", "dark", PHONE)],
)
def test_the_open_palette_and_the_sheet_are_in_reach_of_everybody(
    window: Callable[..., Window], subdomain: str, theme: str, size: tuple[int, int]
) -> None:
    desk = window(subdomain, "sara", theme=theme, size=size)
    page = desk.page
    desk.open("/r/deals?view=list")
    press(page, "KeyK", "ن", ctrl=True)
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    assert findings(page) == []
    page.keyboard.type("a" if subdomain == "acme" else "ا")
    expect(page.locator("#palette [data-found] [role=option]").first).to_be_visible()
    assert findings(page) == []
    page.keyboard.press("Escape")
    press(page, "Slash", "؟", shift=True)
    expect(page.locator("#dialog kbd").first).to_be_visible()
    assert findings(page) == []


def test_the_palette_opens_within_50_milliseconds(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara")
    page = desk.page
    desk.open("/")
    opened = """() => { const began = performance.now();
        document.dispatchEvent(new Event("palette"));
        const spent = performance.now() - began; const is = document.querySelector("#palette").open;
        document.querySelector("#palette").close(); return is ? spent : 1e9; }"""
    assert min(page.evaluate(opened) for _attempt in range(3)) < 50
