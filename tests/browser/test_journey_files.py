"""Files and tags on a record, on the desktop in English and on the phone in Persian."""

import struct
from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f6"
    "45400000000049454e44ae426082"
)


@pytest.fixture(params=[("acme", "en", None), ("nilgoon", "fa", PHONE)], ids=["desktop-en", "phone-fa"])
def deal(request: pytest.FixtureRequest, window: Callable[..., Window]) -> Window:
    """The page of the first deal of the list."""
    subdomain, language, size = request.param
    opened = window(subdomain, "sara", language=language, **({"size": size} if size else {}))
    opened.open("/r/deals?view=list&layout=list")
    opened.open(opened.page.locator("td.main-cell a").first.get_attribute("href"))
    return opened


def hearing(page: Page) -> None:
    """The part that sends files is loaded: no person chooses one before it is."""
    page.locator("crm-files:defined").first.wait_for(state="attached")


def send(page: Page, name: str, content: bytes, kind: str = "text/plain") -> None:
    hearing(page)
    page.locator("crm-files input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": content})


def test_a_picture_is_sent_seen_replaced_deleted_and_brought_back(deal: Window) -> None:
    page, address, name = deal.page, deal.page.url, f"{uuid4().hex[:8]}.png"
    send(page, name, PIXEL, "image/png")
    link = page.locator(".file-list a", has_text=name)
    expect(link).to_be_visible()
    link.click()
    expect(page.locator("img.preview")).to_have_js_property("naturalWidth", 1)
    hearing(page)
    with page.expect_navigation():  # it loads itself anew
        send(page, name, PIXEL, "image/png")
    expect(page.locator(".file-list a[href*='version=1']")).to_be_visible()
    page.goto(address)
    hearing(page)
    page.locator(".file-list li", has_text=name).locator("form button").click()
    expect(page.locator(".file-list a", has_text=name)).to_have_count(0)
    with page.expect_navigation():  # what was undone is on a page loaded anew
        page.locator(".toast button").first.click()
    page.goto(address)
    expect(page.locator(".file-list a", has_text=name)).to_be_visible()


def test_several_at_once_each_tell_how_far_they_are_and_a_refused_one_why(deal: Window) -> None:
    page = deal.page
    files = [
        {"name": "one.txt", "mimeType": "text/plain", "buffer": b"one"},
        {"name": "two.txt", "mimeType": "text/plain", "buffer": b"two" * 100_000},
        {"name": "run.exe", "mimeType": "application/octet-stream", "buffer": struct.pack("<I", 1)},
    ]
    hearing(page)
    page.locator("crm-files input[type=file]").set_input_files(files)
    for name in ("one.txt", "two.txt"):
        expect(page.locator(".file-list a", has_text=name).first).to_be_visible()
    expect(page.locator("[data-sending] .text-bad")).to_be_visible()
    page.locator("[data-sending] button").last.click()
    expect(page.locator("[data-sending] li")).to_have_count(0)


def test_a_tag_is_made_where_the_record_stands(deal: Window) -> None:
    page = deal.page
    name = f"{'ویژه' if page.locator('html').get_attribute('lang') == 'fa' else 'Special'} {uuid4().hex[:6]}"
    holder = page.locator("crm-inline[data-url*='/cell/tags']")
    holder.locator("button.edit").click()
    holder.locator("[role=combobox]").fill(name)
    page.locator(".option.new").click()
    expect(holder.locator(".tokens .chip", has_text=name)).to_be_visible()
    holder.locator("[role=combobox]").press("Enter")
    expect(holder.locator(".tag", has_text=name)).to_be_visible()
    page.reload()
    expect(page.locator(".hero .tag", has_text=name)).to_be_visible()
