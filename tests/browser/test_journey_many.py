"""Many records at once: all that match handed over and taken back; three tagged and untagged on a phone."""

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect
from windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]


def _hearing(page: Page) -> None:
    """What hears of selections has come, as it has for a person by the time of the first click."""
    page.locator("crm-select-rows:defined").wait_for(state="attached")


def test_all_that_match_are_handed_over_and_taken_back(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara", language="en")
    page, mine = desk.page, "/r/deals?layout=list&owner=me"
    desk.open(mine)
    before = page.locator("#count").inner_text()
    _hearing(page)
    rows = page.locator("tbody input[name=ids]")
    assert rows.count() > 1
    rows.first.click()
    rows.nth(1).click(modifiers=["Shift"])
    expect(page.locator(".bulk [data-count]")).to_have_text("2 selected")
    page.locator("[data-all-rows]").check()
    everything = page.locator("button[data-everything]")
    if everything.is_visible():
        everything.click()
    page.locator(".bulk [value=owner]").click()
    dialog = page.locator("#dialog")
    dialog.get_by_role("combobox").first.fill("Laura")
    page.locator("[role=option]").first.click()
    dialog.locator("[value=check]").click()
    expect(dialog).to_contain_text("will change")
    with page.expect_navigation():
        dialog.locator("[value=go]").click()
    expect(page.locator(".toast")).to_contain_text("changed")
    desk.open(mine)
    expect(page.locator("#count")).not_to_have_text(before)
    expect(page.locator(".bulk:visible")).to_have_count(0)
    desk.open("/r/deals?layout=list&sort=-updated_at&columns=name,owner")
    page.locator("td.main-cell a").first.click()
    with page.expect_navigation():
        page.locator("#timeline a[href*='/changes/']").first.click()
    with page.expect_navigation():
        page.locator("main form[action$='/undo'] button, header form[action$='/undo'] button").first.click()
    expect(page.locator(".toast")).to_contain_text("taken back")
    desk.open(mine)
    expect(page.locator("#count")).to_have_text(before)


def test_three_are_tagged_by_thumb_and_untagged_by_the_toast(window: Callable[..., Window]) -> None:
    phone = window("nilgoon", "sara", size=PHONE, language="fa")
    page = phone.page
    phone.open("/r/contacts")
    _hearing(page)
    expect(page.locator("tbody input[name=ids]").first).to_be_hidden()
    page.locator("[data-pick]").tap()
    for number in range(3):
        page.locator("tbody input[name=ids]").nth(number).tap()
    expect(page.locator(".bulk [data-count]")).to_contain_text("۳")
    page.locator(".bulk [value=tags]").tap()
    dialog = page.locator("#dialog")
    dialog.get_by_role("combobox").first.fill(f"گروه {uuid4().hex[:6]}")
    page.get_by_role("option", name="گروه").last.tap()
    dialog.locator("[value=check]").tap()
    expect(dialog.locator("strong")).to_contain_text("۳")
    with page.expect_navigation():
        dialog.locator("[value=go]").tap()
    expect(page.locator(".toast")).to_contain_text("۳")
    with page.expect_navigation():
        page.locator(".toast [data-undo]").tap()
    expect(page.locator(".toast")).to_contain_text("پس گرفته شد")


def test_a_form_sent_while_its_tag_is_being_made_takes_the_tag_along(window: Callable[..., Window]) -> None:
    desk, tag = window("acme", "sara", language="en"), f"Autumn {uuid4().hex[:6]}"
    page, making = desk.page, list[Route]()
    desk.open("/r/deals?layout=list")
    _hearing(page)
    page.locator("tbody input[name=ids]").first.check()
    page.locator(".bulk [value=tags]").click()
    page.route("**/tags/options", lambda route: making.append(route))
    dialog = page.locator("#dialog")
    dialog.get_by_role("combobox").first.fill(tag)
    with page.expect_request("**/tags/options"):
        page.locator(".option.new").click()
    dialog.locator("[value=check]").click()
    making[0].continue_()
    expect(dialog.locator("strong")).to_contain_text("1 record will change")
    expect(dialog).to_contain_text(tag)


def test_cards_of_a_board_are_selected_by_keys_and_by_clicks_and_changed(window: Callable[..., Window]) -> None:
    desk, tag = window("acme", "sara"), f"Spring {uuid4().hex[:6]}"
    page = desk.page
    desk.open("/r/deals?view=board")
    _hearing(page)
    cards, bar = page.locator(".deal-card"), page.locator(".bulk [data-count]")
    expect(page.locator(".deal-card [name=ids]")).to_have_count(0)
    cards.nth(0).locator(".title a").focus()
    page.keyboard.press("x")
    expect(bar).to_have_text("1 selected")
    cards.nth(1).click()
    expect(bar).to_have_text("2 selected")
    page.locator(".bulk [value=tags]").click()
    dialog = page.locator("#dialog")
    dialog.get_by_role("combobox").first.fill(tag)
    page.locator(".option.new").click()
    expect(dialog.locator(".tokens .chip", has_text=tag)).to_be_visible()
    dialog.locator("[value=check]").click()
    expect(dialog.locator("strong")).to_contain_text("2 records will change")
    with page.expect_navigation():
        dialog.locator("[value=go]").click()
    assert "layout=board" in page.url
    expect(page.locator(".deal-card .tag", has_text=tag)).to_have_count(2)
    page.locator("[data-pick]").click()
    expect(page.locator(".deal-card [name=ids]").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".deal-card [name=ids]")).to_have_count(0)


def test_rows_of_groups_that_open_later_are_selected_with_the_rest(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara")
    page, rows = desk.page, desk.page.locator("tbody input[name=ids]")
    desk.open("/r/deals?layout=list&group=stage")
    _hearing(page)
    page.locator("[data-all-rows]").check()
    page.locator("button[data-everything]").click()
    chosen = page.locator(".bulk [data-count]").inner_text()
    before = rows.count()
    page.locator("[data-group][aria-expanded=false]").first.click()
    expect(rows).not_to_have_count(before)
    expect(page.locator("tbody input[name=ids]:not(:checked)")).to_have_count(0)
    rows.last.click()
    expect(page.locator(".bulk [data-count]")).not_to_have_text(chosen)


def test_ctrl_z_takes_an_edit_in_a_list_back(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara")
    page = desk.page
    desk.open("/r/deals?layout=list")
    cell = page.locator("tbody [data-edit=amount]").first
    before = cell.inner_text()
    cell.click()
    page.locator("tbody [name=amount]").fill("123")
    page.keyboard.press("Enter")
    expect(cell).to_have_text("$123")
    expect(page.locator(".toast [data-undo]")).to_be_visible()
    with page.expect_navigation():
        page.keyboard.press("ControlOrMeta+z")
    expect(page.locator("tbody [data-edit=amount]").first).to_have_text(before)


def test_tabs_are_put_in_order_by_hand_and_by_keys(window: Callable[..., Window]) -> None:
    desk = window("nilgoon", "sara", language="fa")
    page, tabs = desk.page, desk.page.locator(".view-tabs a[data-id]")
    desk.open("/r/contacts")
    page.locator("crm-order:defined").wait_for(state="attached")
    expect(tabs.nth(2)).to_contain_text(re.compile("[۰-۹]"))  # tabs move on when their figures come
    first, second = (tabs.nth(n).get_attribute("data-id") for n in range(2))
    tabs.nth(1).hover()
    to = tabs.first.bounding_box()
    assert to
    page.mouse.down()
    page.mouse.move(to["x"] + to["width"] - 4, to["y"] + 10, steps=8)
    with page.expect_response("**/views/order"):
        page.mouse.up()
    assert [tabs.nth(n).get_attribute("data-id") for n in range(2)] == [second, first]
    tabs.first.focus()
    with page.expect_response("**/views/order"):
        page.keyboard.press("Alt+ArrowLeft")
    expect(tabs.nth(1)).to_be_focused()
    desk.open("/r/contacts")
    assert [tabs.nth(n).get_attribute("data-id") for n in range(2)] == [first, second]
