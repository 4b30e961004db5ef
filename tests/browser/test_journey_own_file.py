"""A field of the workspace's own that holds a file, on the desktop in English and on the phone in Persian."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect
from windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

WORDS = {
    "en": {"make": "Make the field", "save": "Save", "more": "More fields", "wait": "still on its way"},
    "fa": {"make": "ساختن فیلد", "save": "ذخیره", "more": "فیلدهای بیشتر", "wait": "هنوز در راه است"},
}


def choose(page: Page, field: Locator, name: str) -> None:
    page.locator("crm-attached:defined").first.wait_for(state="attached")
    field.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "text/plain", "buffer": b"Signed, and sealed."}
    )


@pytest.mark.parametrize(
    ("subdomain", "language", "size"), [("acme", "en", None), ("nilgoon", "fa", PHONE)], ids=["desktop-en", "phone-fa"]
)
def test_a_file_is_asked_for_sent_saved_replaced_in_place_and_taken_away(
    window: Callable[..., Window], subdomain: str, language: str, size: tuple[int, int] | None
) -> None:
    words, mark = WORDS[language], uuid4().hex[:6]
    opened = window(subdomain, "sara", language=language, **({"size": size} if size else {}))
    page = opened.page
    opened.open("/settings/fields/new?type=companies&kind=file")
    page.locator("[name=name]").fill(f"Contract {mark}")
    page.get_by_role("button", name=words["make"]).click()
    page.wait_for_url("**/settings/fields?type=companies")

    opened.open("/r/companies/new")
    page.locator("[name=name]").fill(f"Sealed {mark}")
    details = page.locator("details.more")
    if details.count() and details.get_attribute("open") is None:
        details.locator("summary").click()
    field = page.locator(f"crm-attached[data-for='companies.custom.contract_{mark}']")
    choose(page, field, f"first-{mark}.txt")
    expect(field.locator("[data-held] a")).to_have_text(f"first-{mark}.txt")
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.wait_for_url("**/r/companies/*-*")

    cell = page.locator("crm-inline", has_text=f"first-{mark}.txt")
    expect(cell).to_be_visible()
    cell.locator(".edit").first.click()
    choose(page, page.locator(".inline-editor crm-attached"), f"second-{mark}.txt")
    cell = page.locator("crm-inline", has_text=f"second-{mark}.txt")
    expect(cell.locator(".value a")).to_be_visible()
    expect(page.locator("crm-inline", has_text=f"first-{mark}.txt")).to_have_count(0)

    cell.locator(".edit").first.click()
    page.locator(".inline-editor [data-held] button").click()
    expect(page.locator("crm-inline", has_text=f"second-{mark}.txt")).to_have_count(0)
    page.reload()
    expect(page.locator("main")).not_to_contain_text(f"second-{mark}.txt")
