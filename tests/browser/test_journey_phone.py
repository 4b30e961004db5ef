"""On the phone in Persian: Jalali dates, Toman and Persian digits, typed as people type them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

MONTH = re.compile("فروردین|اردیبهشت|خرداد|تیر|مرداد|شهریور|مهر|آبان|آذر|دی|بهمن|اسفند")


@pytest.fixture
def phone(window: Callable[..., Window]) -> Window:
    return window("nilgoon", "sara", size=PHONE, language="fa")


def test_a_contact_is_reached_by_a_number_typed_in_persian(phone: Window) -> None:
    page = phone.page
    _new_contact(phone, "نیلوفر", "کیانی", "۰۹۱۲ ۳۴۵ ۶۷۸۹")
    expect(page.get_by_role("heading", level=1)).to_have_text("نیلوفر کیانی")
    expect(page.locator("main a[href^='tel:']").first).to_have_attribute("href", "tel:+989123456789")


def test_a_call_and_the_next_step_take_three_taps(window: Callable[..., Window]) -> None:
    width = 320
    phone = window("nilgoon", "sara", size=(width, 844), language="fa")
    page = phone.page
    _new_contact(phone, "شیرین", "امیدوار", "۰۹۱۲۳۳۳۴۳۲۰")
    page.locator("crm-todos:defined").wait_for(state="attached")
    page.locator(".quick a", has_text="تماس").tap()
    page.locator("#compose .then label:visible", has_text="فردا").tap()
    page.locator("#compose footer button:visible").tap()
    expect(page.locator(".toast")).to_contain_text("قدم بعدی برنامه‌ریزی شد")
    expect(page.locator("#todos")).to_contain_text("فردا")
    expect(page.locator("#timeline .text").last).to_have_text("پاسخ داد")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_what_is_done_goes_and_comes_back_by_the_toast(phone: Window) -> None:
    page = phone.page
    phone.open("/tasks")
    page.locator("crm-todos:defined").wait_for(state="attached")
    first = page.locator("#todos li:has(.tick)").first
    label = first.locator("a.cover").inner_text()
    tick = page.get_by_role("button", name=f"انجام شد: {label}")
    before = tick.count()
    tick.first.tap()
    expect(tick).to_have_count(before - 1)
    page.locator(".toast button", has_text="واگرد").tap()
    expect(tick).to_have_count(before)


def test_a_lost_deal_says_why(phone: Window) -> None:
    page = phone.page
    _new_deal(phone, "دستگاه دوم", "۳۰۰۰۰۰۰", "۱۴۰۵/۱۱/۰۱")
    page.locator("[popovertarget=record-menu]").click()
    page.locator("#record-menu [href$='/lose']").click()
    page.locator("[name=lost_reason]").select_option(label="قیمت")
    page.locator("main form footer .primary").click()
    expect(page.locator(".path [aria-current=step]")).to_have_text("ناموفق")
    expect(page.locator(".props div", has_text="دلیل از دست رفتن")).to_contain_text("قیمت")


def test_a_delete_is_undone_from_its_toast(phone: Window) -> None:
    page = phone.page
    _new_contact(phone, "کاوه", "آرین", "۰۹۱۲۱۱۱۲۲۳۳")
    address = page.url
    page.locator("[popovertarget=record-menu]").click()
    with page.expect_navigation():
        page.locator("#record-menu .danger").click()
    with page.expect_navigation():  # what was undone is on a page loaded anew
        page.locator(".toast button", has_text="واگرد").click()
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text("کاوه آرین")


def test_a_report_counts_by_jalali_months(phone: Window) -> None:
    page = phone.page
    phone.open("/reports")
    page.locator("#won-by").select_option("month")
    page.locator("main form .primary").click()
    months = page.locator("tbody th[scope=row]")
    months.first.wait_for()
    assert all(MONTH.match(month) for month in months.all_inner_texts())
    expect(page.locator("tfoot")).to_contain_text("تومان")


def _new_contact(window: Window, first: str, last: str, number: str) -> None:
    page = window.page
    window.open("/r/contacts")
    with page.expect_navigation():
        page.locator(".main-action").click()
    page.locator("[name=first_name]").fill(first)
    page.locator("[name=last_name]").fill(last)
    page.locator("crm-rows [data-add]").click()
    page.locator("[name=contact_points-0-value]").fill(number)
    _save(page)


def _new_deal(window: Window, name: str, amount: str, day: str) -> None:
    """From the home page."""
    page = window.page
    window.open("/")
    with page.expect_navigation():
        page.locator(".main-action").click()
    page.locator("[name=name]").fill(name)
    page.locator("[name=amount]").fill(amount)
    page.locator("#f-expected_close_on").fill(day)
    _save(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def _save(page: Page) -> None:
    page.locator("main form.form > footer .primary").click()
    page.wait_for_url(re.compile(r"/r/\w+/[0-9a-f-]{36}$"))
