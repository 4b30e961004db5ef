"""A visitor writes on the phone, in Persian; a seller finds the lead on the board, converts it and takes it back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

NAME, MESSAGE = "Narges Yousefi", "What does it cost?"


def test_from_a_web_form_to_a_deal_and_back(window: Callable[..., Window]) -> None:
    window_of_seller = window("acme", "sara")
    seller, site = window_of_seller.page, window_of_seller.site
    seller.goto(f"{site}/settings/forms")
    seller.get_by_role("link", name="New form").click()
    seller.get_by_label("Name", exact=True).fill("فرم فارسی")
    seller.get_by_label("Address").fill("tamas")
    seller.get_by_label("Language").select_option("fa")
    seller.get_by_role("button", name="Save").click()
    expect(seller.get_by_role("link", name=f"{site}/f/tamas")).to_be_visible()

    visitor = window("acme", size=PHONE, language="en").page
    visitor.goto(f"{site}/f/tamas")
    expect(visitor.locator("html")).to_have_attribute("dir", "rtl")
    visitor.get_by_label("نام شما").fill(NAME)
    visitor.get_by_label("تلفن").fill("۰۹۱۲ ۳۴۵")
    with visitor.expect_navigation():
        visitor.get_by_role("button", name="فرستادن").click()
    expect(visitor.get_by_label("نام شما")).to_have_value(NAME)
    visitor.get_by_label("تلفن").fill("+۱ ۶۱۷ ۵۵۵ ۰۱۸۸")
    visitor.get_by_label("چه کمکی از ما برمی‌آید؟").fill(MESSAGE)
    with visitor.expect_navigation():
        visitor.get_by_role("button", name="فرستادن").click()
    expect(visitor.get_by_role("status")).to_be_visible()

    seller.goto(f"{site}/r/leads?view=board")
    first = seller.locator(".column").first
    first.get_by_role("link", name=NAME).click()
    expect(seller.get_by_role("heading", name=NAME)).to_be_visible()
    lead = seller.url
    seller.get_by_role("link", name="Convert").first.click()
    seller.get_by_label("Name of the deal").fill("First order")
    seller.get_by_label("Amount of the deal").fill("1200")
    seller.get_by_role("button", name="Convert", exact=True).click()
    expect(seller.get_by_role("heading", name="First order")).to_be_visible()
    expect(seller.get_by_text(MESSAGE)).to_be_visible()

    seller.goto(lead)
    expect(seller.get_by_role("link", name="First order")).to_be_visible()
    seller.get_by_role("button", name="Undo the conversion").first.click()
    expect(seller.get_by_text("The conversion was undone.")).to_be_visible()
    expect(seller.get_by_role("link", name="Convert").first).to_be_visible()
    expect(seller.get_by_role("link", name="First order")).to_have_count(0)
