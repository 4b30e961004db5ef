"""A mention, in Persian on the phone and on the desktop: one colleague writes it, the other is told of it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from windows import DESKTOP, PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]


def await_notice(reader: Window, words: str) -> Locator:
    """Until what was written has come to its reader; others may have written too."""
    notice = reader.page.locator(".notice.unread", has_text=words)
    for _try in range(30):
        reader.open("/notifications")
        if notice.count():
            break
        reader.page.wait_for_timeout(500)
    reader.open("/trash")
    return notice


def test_a_colleague_is_mentioned_sees_the_bell_and_is_done_with_it(window: Callable[..., Window]) -> None:
    writer = window("nilgoon", "sara", size=PHONE, language="fa")
    sara = writer.page
    writer.open("/r/deals")
    sara.locator("main a[href^='/r/deals/0']:visible").first.click()
    field = sara.locator("#compose textarea:visible")
    field.click()
    field.press_sequentially("لطفاً ببین @لی")
    expect(sara.get_by_role("option", name="لیلا فراهانی")).to_be_visible()
    field.press("Enter")
    expect(field).to_have_value("لطفاً ببین @لیلا فراهانی ")
    sara.locator("#compose footer button:visible").tap()
    expect(sara.locator("#timeline .text").first).to_have_text("لطفاً ببین @لیلا فراهانی")
    reader = window("nilgoon", "leila", size=PHONE, language="fa")
    notice = await_notice(reader, "از شما نام برد")
    leila = reader.page
    leila.locator(".bell a:visible").tap()
    notice.get_by_role("button", name=re.compile("نشان خوانده‌شده")).tap()
    expect(notice).to_have_count(0)
    leila.locator(".notice", has_text="از شما نام برد").locator("a.cover").tap()
    expect(leila.locator("main")).to_contain_text("لطفاً ببین")


def test_the_bell_opens_a_panel_and_the_keyboard_marks_what_is_done(window: Callable[..., Window]) -> None:
    writer = window("acme", "sara", size=DESKTOP)
    writer.open("/r/deals?view=all")
    writer.page.locator("main a[href^='/r/deals/0']:visible").first.click()
    field = writer.page.locator("#compose textarea:visible").first
    field.click()
    field.press_sequentially("Please look @lau")
    expect(writer.page.get_by_role("option", name="Laura Grant")).to_be_visible()
    field.press("Tab")
    writer.page.locator("#compose footer button:visible").click()
    expect(writer.page.locator("#timeline .text").first).to_have_text("Please look @Laura Grant")
    reader = window("acme", "laura", size=DESKTOP)
    await_notice(reader, "mentioned you")
    reader.page.locator(".bell a:visible").click()
    expect(reader.page.locator("#panel .notice.unread", has_text="mentioned you")).to_have_count(1)
    reader.open("/notifications")
    unread = reader.page.locator(".notice.unread").count()
    reader.page.keyboard.press("j")
    reader.page.keyboard.press("e")
    expect(reader.page.locator(".notice.unread")).to_have_count(unread - 1)
    reader.page.keyboard.press("e")
    expect(reader.page.locator(".notice.unread")).to_have_count(unread)
