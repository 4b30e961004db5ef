"""A seller's day, from the first look to a deal that is won: in Persian on the phone, in English at the desk."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect
from windows import DESKTOP, PHONE, Window

from kernel.lib.calendars import parts
from kernel.lib.text import persian_digits

pytestmark = [pytest.mark.browser, pytest.mark.nodb]


@dataclass(frozen=True)
class Day:
    """What stands on the pages of a workspace, and what its seller types."""

    subdomain: str
    language: str
    size: tuple[int, int]
    zone: str
    deal: str
    amount: str
    shown: str
    more: str
    shown_more: str
    closing: str
    shown_closing: str
    call: str
    task: str
    tomorrow: str
    answered: str
    note: str
    mention: str
    colleague: tuple[str, str]
    mentioned: str
    reminded: str
    win: str

    def moment(self, minutes: int) -> str:
        """As a seller types it, that many minutes from now."""
        local = dt.datetime.now(ZoneInfo(self.zone)) + dt.timedelta(minutes=minutes)
        if self.language == "en":
            return local.strftime("%Y-%m-%d %H:%M")
        year, month, day = parts(local.date(), "jalali")
        return str(persian_digits(f"{year}/{month:02}/{day:02} {local:%H:%M}"))


DAYS = {
    "fa-phone": Day(
        "nilgoon", "fa", PHONE, "Asia/Tehran", "چاپگر برای کارگاه", "۱۲٬۵۰۰٬۰۰۰", "۱۲٬۵۰۰٬۰۰۰ تومان", "۱۴۰۰۰۰۰۰",
        "۱۴٬۰۰۰٬۰۰۰ تومان", "۱۴۰۵/۱۰/۱۵", "۱۵ دی ۱۴۰۵", "تماس", "کار", "فردا", "پاسخ داد", "لطفاً ببین @لی",
        "لیلا فراهانی", ("leila", "لیلا فراهانی"), "از شما نام برد", "موعد:", "موفق",
    ),
    "en-desk": Day(
        "acme", "en", DESKTOP, "America/New_York", "Printers for the workshop", "12,500", "$12,500", "14000", "$14,000",
        "2027-01-05", "5 Jan 2027", "Call", "Task", "Tomorrow", "Reached", "Please look @lau", "Laura Grant",
        ("laura", "Laura Grant"), "mentioned you", "Due:", "Won",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAYS)
def test_a_sellers_day(window: Callable[..., Window], name: str) -> None:
    day = DAYS[name]
    seller = window(day.subdomain, "sara", size=day.size, language=day.language)
    page, ending = seller.page, uuid4().hex[:6]
    _new_deal(seller, day, f"{day.deal} {ending}")
    address = page.url

    ring = f"{day.task} {ending}"
    due = day.moment(1 if dt.datetime.now(dt.UTC).second < 40 else 2)  # not in the past when it is sent
    _choose(page, day, "tasks")
    task = page.locator("form[data-draft=tasks]")
    task.locator("[name=subject]").fill(ring)
    task.locator("crm-date input:visible").fill(due)
    _send(task)
    expect(page.locator("#todos")).to_contain_text(ring)

    seller.open("/tasks")
    mine = page.locator("#todos li", has_text=ring)
    expect(mine).to_be_visible()
    mine.get_by_role("link", name=f"{day.deal} {ending}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{day.deal} {ending}")

    _choose(page, day, "calls")
    call = page.locator("form[data-draft=calls]")
    call.locator(".then label:visible", has_text=day.tomorrow).click()
    _send(call)
    expect(page.locator("#timeline")).to_contain_text(day.answered)
    expect(page.locator("#todos")).to_contain_text(day.tomorrow)

    amount = page.locator("crm-inline:defined[data-url*='/cell/amount']")
    amount.locator("button.edit").click()
    amount.locator("[name=amount]").fill(day.more)
    amount.locator("[name=amount]").press("Enter")
    expect(amount.locator(".value")).to_have_text(day.shown_more)

    _choose(page, day, "notes")
    note = page.locator("crm-mention:defined textarea:visible")
    note.click()
    note.press_sequentially(day.note)
    expect(page.get_by_role("option", name=day.colleague[1])).to_be_visible()
    note.press("Enter")
    _send(page.locator("form[data-draft=notes]"))
    expect(page.locator("#timeline .text").first).to_contain_text(f"@{day.mention}")

    page.locator("crm-files:defined").first.wait_for(state="attached")
    file = {"name": f"{ending}.txt", "mimeType": "text/plain", "buffer": b"as agreed"}
    page.locator("crm-files input[type=file]").set_input_files(file)
    expect(page.locator(".file-list a", has_text=f"{ending}.txt")).to_be_visible()

    seller.open(address.removeprefix(seller.site))
    following = page.locator(".path li:has([aria-current]) + li button, .path li[aria-current] + li button")
    stage = following.inner_text()
    following.click()
    expect(page.locator(".path [aria-current=step]")).to_have_text(stage)
    _win(page, day)
    expect(page.locator(".path [aria-current=step]")).to_have_text(day.win)
    assert page.evaluate("document.documentElement.scrollWidth") <= day.size[0]

    _is_told(window, day, ending)
    reminder = _await(seller, page.locator(".notice.unread", has_text=ring), seconds=150)
    expect(reminder).to_contain_text(day.reminded)
    reminder.locator("a.cover").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ring)


def _new_deal(seller: Window, day: Day, name: str) -> None:
    """From the home page."""
    page = seller.page
    seller.open("/")
    with page.expect_navigation():
        page.locator(".main-action").click()
    page.locator("[name=name]").fill(name)
    page.locator("[name=amount]").fill(day.amount)
    page.locator("#f-expected_close_on").fill(day.closing)
    page.locator("main form.form > footer .primary").click()
    page.wait_for_url(re.compile(r"/r/deals/[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.locator("main")).to_contain_text(day.shown)
    expect(page.locator("main")).to_contain_text(day.shown_closing)


def _choose(page: Page, day: Day, slug: str) -> None:
    """What to write: by a thumb from the top of the page, else at the composer."""
    if day.size == PHONE:
        page.locator("crm-todos:defined").wait_for(state="attached")
        page.locator(f".quick a[href='#compose-{slug}']").tap()
    else:
        page.locator(f"#compose label:has(#compose-{slug})").click()
    expect(page.locator(f"form[data-draft={slug}]")).to_be_visible()


def _send(form: Locator) -> None:
    with form.page.expect_response(lambda answer: answer.request.method == "POST" and "/compose" in answer.url):
        form.locator("footer button").click()


def _win(page: Page, day: Day) -> None:
    if day.size == PHONE:
        page.locator("[popovertarget=record-menu]").click()
        page.locator("#record-menu form[action$='/win'] button").click()
    else:
        page.locator("header form[action$='/win'] button, form.wide-only[action$='/win'] button").first.click()


def _is_told(window: Callable[..., Window], day: Day, ending: str) -> None:
    """The colleague finds the mention behind the bell and is done with it."""
    reader = window(day.subdomain, day.colleague[0], size=day.size, language=day.language)
    page = reader.page
    notice = _await(reader, page.locator(".notice.unread", has_text=day.mentioned).filter(has_text=ending), seconds=20)
    if day.size == PHONE:
        notice.get_by_role("button").first.tap()
    else:
        before = page.locator(".notice.unread").count()
        page.keyboard.press("j")
        page.keyboard.press("e")
        expect(page.locator(".notice.unread")).to_have_count(before - 1)
        page.keyboard.press("e")
        expect(page.locator(".notice.unread")).to_have_count(before)
        reader.open("/")
        page.locator(".bell a:visible").click()
        behind = page.locator("#panel .notice", has_text=day.mentioned).filter(has_text=ending)
        expect(behind).to_be_visible()
        behind.locator("a.cover").click()
        expect(page.locator("main")).to_contain_text(f"@{day.mention}")
        return
    expect(notice).to_have_count(0)
    page.locator(".notice", has_text=day.mentioned).filter(has_text=ending).locator("a.cover").tap()
    expect(page.locator("main")).to_contain_text(f"@{day.mention}")


def _await(reader: Window, notice: Locator, seconds: int) -> Locator:
    """Until it has come to its reader."""
    for _try in range(seconds):
        reader.open("/notifications")
        if notice.count():
            break
        reader.page.wait_for_timeout(1000)
    expect(notice).to_be_visible()
    return notice
