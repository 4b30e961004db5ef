"""Work without a mouse: what can be reached, is reached by Tab, arrows and Enter alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from windows import Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]


@pytest.fixture
def desk(window: Callable[..., Window]) -> Window:
    return window("acme", "sara")


def test_a_record_is_opened_and_edited_in_its_place(desk: Window) -> None:
    page = desk.page
    desk.open("/r/companies")
    _tab_to(page, "tbody a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/r/companies/*-*")
    _tab_to(page, "crm-inline[data-url*='/cell/city'] button")
    page.keyboard.press("Enter")
    expect(page.locator("crm-inline [name=city]")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Lisbon")
    page.keyboard.press("Enter")
    cell = page.locator("crm-inline[data-url*='/cell/city']")
    expect(cell.locator(".value")).to_have_text("Lisbon")
    expect(cell.locator("button")).to_be_focused()


@pytest.mark.parametrize("key", ["Enter", "F2"])
def test_a_cell_of_a_list_is_edited_in_its_place(desk: Window, key: str) -> None:
    page = desk.page
    desk.open("/r/companies")
    _tab_to(page, "tbody button[data-edit=city]")
    cell, field = page.locator("tbody [data-edit=city]").first, page.locator("tbody [name=city]")
    page.keyboard.press(key)
    expect(field).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(f"Porto {key}")
    page.keyboard.press("Enter")
    expect(cell).to_have_text(f"Porto {key}")
    expect(cell).to_be_focused()
    page.keyboard.press(key)
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(cell).to_be_focused()


def test_alt_and_an_arrow_move_a_card_and_the_server_counts(desk: Window) -> None:
    page = desk.page
    desk.open("/r/deals?view=board")
    page.locator("crm-board:defined").wait_for()
    target = page.locator(".column").nth(1).locator("[data-count]")
    before = int(target.inner_text())
    _tab_to(page, ".deal-card a")
    name = page.evaluate("document.activeElement.textContent")
    with page.expect_response("**/r/deals/move*"):
        page.keyboard.press("Alt+ArrowRight")
    expect(target).to_have_text(str(before + 1))
    expect(page.locator(".column").nth(1).locator(".deal-card a", has_text=name).first).to_be_focused()


def test_a_company_is_chosen_by_typing_its_name(desk: Window) -> None:
    page = desk.page
    desk.open("/r/companies")
    name = page.locator("tbody a").first.inner_text()
    desk.open("/r/deals/new")
    page.locator("#f-company").focus()
    page.keyboard.type(name)
    expect(page.locator("crm-combobox [role=option]:not(.new)", has_text=name).first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#f-company")).to_have_value(name)
    expect(page.locator("input[name=company]")).not_to_have_value("")


def test_a_slash_leads_to_the_search_and_typing_narrows_the_list(desk: Window) -> None:
    page = desk.page
    desk.open("/r/companies")
    name = page.locator("tbody a").first.inner_text()
    rows = page.locator("tbody tr").count()
    page.keyboard.press("/")
    page.keyboard.type(name)
    expect(page.locator("tbody tr")).not_to_have_count(rows)
    expect(page.locator("tbody a").first).to_have_text(name)


def _tab_to(page: Page, selector: str) -> None:
    """Presses Tab until an element of this kind has the focus."""
    for _step in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab leads to no {selector}.")
