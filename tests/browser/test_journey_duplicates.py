"""A contact that is there already: noticed while it is typed, merged, and taken apart; on the desktop in English and on
the phone in Persian."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

WORDS = {
    "en": {
        "save": "Save",
        "like": "Is it one of these?",
        "anyway": "Add it all the same",
        "with": "Merge with another",
        "merge": "Merge",
        "apart": "Take apart",
        "done": "Taken apart: everything is as it was.",
        "alike": ("Zari", "Alpha", "Beta"),
        "names": ("Farhad", "Tester", "Mr Farhad", "Tester"),
    },
    "fa": {
        "save": "ذخیره",
        "like": "آیا یکی از این‌هاست؟",
        "anyway": "با این حال افزودن",
        "with": "ادغام با موردی دیگر",
        "merge": "ادغام",
        "apart": "جدا کردن",
        "done": "جدا شد: همه چیز مانند پیش است.",
        "alike": ("زری", "آلفا", "بتا"),
        "names": ("فرهاد", "آزمونگر", "آقای", "فرهادآزمونگر"),
    },
}
NUMBER = {"en": "+1 617 555 0166", "fa": "۰۹۱۲ ۱۱۱ ۰۱۶۶"}


def fill(page: Page, first: str, last: str, number: str = "") -> None:
    page.locator("[name=first_name]").fill(first)
    page.locator("[name=last_name]").fill(last)
    if number:
        page.locator("[name='contact_points-0-value']").fill(number)


@pytest.mark.parametrize(
    ("subdomain", "language", "size"), [("acme", "en", None), ("nilgoon", "fa", PHONE)], ids=["desktop-en", "phone-fa"]
)
def test_noticed_merged_and_taken_apart(
    window: Callable[..., Window], subdomain: str, language: str, size: tuple[int, int] | None
) -> None:
    words = WORDS[language]
    opened = window(subdomain, "sara", language=language, **({"size": size} if size else {}))
    page, (first, last, other_first, other_last) = opened.page, words["names"]
    opened.open("/r/contacts/new")
    fill(page, first, last, NUMBER[language])
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.wait_for_url("**/r/contacts/*-*")
    there = page.url.rpartition("/")[2].partition("?")[0]

    opened.open("/r/contacts/new")
    fill(page, other_first, other_last)
    hint = page.locator("#alike")
    expect(hint).to_contain_text(words["like"])
    expect(hint.locator(f"a[href='/r/contacts/{there}']")).to_be_visible()
    page.locator("[name='contact_points-0-value']").fill(NUMBER[language])
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.get_by_role("button", name=words["anyway"]).click()
    page.wait_for_url("**/r/contacts/*-*")
    second = page.url.rpartition("/")[2].partition("?")[0]

    page.get_by_role("link", name=words["with"]).click()
    page.locator(f"a[href='?ids={second},{there}']").click()
    expect(page.locator("[name=pick-last_name]")).to_have_count(2 if last != other_last else 0)
    page.get_by_role("button", name=words["merge"], exact=True).click()
    page.wait_for_url(f"**/r/contacts/{there}")
    opened.open(f"/r/contacts/{second}")
    page.wait_for_url(f"**/r/contacts/{there}")
    page.get_by_role("button", name=words["apart"]).click()
    expect(page.get_by_text(words["done"])).to_be_visible()
    opened.open(f"/r/contacts/{second}")
    page.wait_for_url(f"**/r/contacts/{second}")
    assert not opened.problems


@pytest.mark.parametrize(
    ("subdomain", "language", "size"), [("acme", "en", None), ("nilgoon", "fa", PHONE)], ids=["desktop-en", "phone-fa"]
)
def test_looked_at_taken_in_place_of_a_new_one_and_met_again_in_a_cell_and_a_picker(
    window: Callable[..., Window], subdomain: str, language: str, size: tuple[int, int] | None
) -> None:
    words, mark = WORDS[language], uuid4().hex[:6]
    first, alpha, beta = (f"{name}{mark}" for name in words["alike"])
    opened = window(subdomain, "sara", language=language, **({"size": size} if size else {}))
    page, number = opened.page, f"+98912{int(mark, 16) % 10**7:07}"
    opened.open("/r/contacts/new")
    fill(page, first, alpha, number)
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.wait_for_url("**/r/contacts/*-*")
    there = page.url.rpartition("/")[2].partition("?")[0]

    opened.open("/r/contacts/new")
    fill(page, "A", beta, number)
    hint = page.locator("#alike")
    hint.locator(f"[hx-get*='{there}']").click()
    panel = page.locator("#panel")
    expect(panel).to_contain_text(alpha)
    panel.locator("[data-close]").click()
    expect(page.locator("[name=last_name]")).to_have_value(beta)
    hint.locator(f"a[href='/r/contacts/{there}']").click()
    page.wait_for_url(f"**/r/contacts/{there}")
    opened.open("/r/contacts/new")
    expect(page.locator("[name=last_name]")).to_have_value("")  # the draft was for nothing

    fill(page, first, beta)
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.wait_for_url("**/r/contacts/*-*")
    other = page.url.rpartition("/")[2].partition("?")[0]
    opened.open(f"/r/contacts/{other}")
    cell = page.locator(f"crm-inline[data-url*='{other}/cell/last_name']").first
    cell.locator(".edit").first.click()
    page.locator(".inline-editor input:not([type=hidden])").fill(alpha)
    page.locator(f".inline-editor #alike [hx-get*='{there}']").click()
    expect(panel).to_contain_text(alpha)
    panel.locator("[data-close]").click()
    expect(page.locator(f".inline-editor #alike a[href$='ids={other},{there}']")).to_be_visible()
    page.keyboard.press("Escape")

    opened.open("/r/companies/new")
    page.locator("[name=name]").fill(f"Orchard{mark}")
    page.get_by_role("button", name=words["save"], exact=True).click()
    page.wait_for_url("**/r/companies/*-*")
    company = page.url.rpartition("/")[2].partition("?")[0]
    opened.open("/r/contacts/new")
    picker = page.locator("crm-combobox[data-name=company]")
    picker.locator("[role=combobox]").fill(f" Orchard{mark}  Ltd")
    picker.locator(".option.new").click()
    expect(picker.locator(".note")).to_contain_text(f"Orchard{mark}")
    expect(picker.locator(".option")).to_have_count(2)
    picker.locator(".option", has_text=f"Orchard{mark}").first.click()
    expect(picker.locator("input[type=hidden]")).to_have_value(company)
