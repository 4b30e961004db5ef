"""Many records at once: all that match handed over and taken back; three tagged and untagged on a phone."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]


def test_all_that_match_are_handed_over_and_taken_back(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara", language="en")
    page, mine = desk.page, "/r/deals?layout=list&owner=me"
    desk.open(mine)
    before = page.locator("#count").inner_text()
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
    expect(page.locator("tbody input[name=ids]").first).to_be_hidden()
    page.locator("[data-pick]").tap()
    for number in range(3):
        page.locator("tbody input[name=ids]").nth(number).tap()
    expect(page.locator(".bulk [data-count]")).to_contain_text("۳")
    page.locator(".bulk [value=tags]").tap()
    dialog = page.locator("#dialog")
    dialog.get_by_role("combobox").first.fill(f"گروه {uuid4().hex[:6]}")
    page.get_by_role("option", name="گروه").last.tap()
    chosen = dialog.locator("input[type=hidden][name=add]").first
    expect(chosen).to_be_attached()
    expect(page.get_by_role("option")).to_have_count(0)
    dialog.locator("[value=check]").tap()
    expect(dialog.locator("strong")).to_contain_text("۳")
    with page.expect_navigation():
        dialog.locator("[value=go]").tap()
    expect(page.locator(".toast")).to_contain_text("۳")
    with page.expect_navigation():
        page.locator(".toast [data-undo]").tap()
    expect(page.locator(".toast")).to_contain_text("پس گرفته شد")
