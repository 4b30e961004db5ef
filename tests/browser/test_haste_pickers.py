"""Somebody types and picks quicker than the server answers: what is taken is what was meant."""

from urllib.parse import parse_qs

import pytest
from holding import PUT, Held, cells
from playwright.sync_api import Locator, Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.nodb]


def _options(route: Route, *names: str) -> None:
    route.fulfill(json=[{"id": name.lower(), "label": name} for name in names])


def test_enter_takes_what_is_found_for_all_that_was_typed(page: Page) -> None:
    held = Held(page, "**/styleguide?q=*")
    field = page.locator("#f-company")
    _options(held.after(lambda: field.fill("B")), "Blue Harbor")
    expect(page.locator("[role=option]", has_text="Blue Harbor")).to_be_visible()
    asked = held.after(lambda: field.fill("Boreal"))
    page.keyboard.press("Enter")
    expect(page.locator("input[name=company]")).to_have_value("Boreal")
    _options(asked, "Boreal")
    expect(page.locator("input[name=company]")).to_have_value("boreal")
    expect(field).to_have_value("Boreal")


def test_enter_makes_nothing_that_nobody_saw_offered(page: Page) -> None:
    held = Held(page, "**/styleguide?q=*")
    making = Held(page, "**/made")
    page.evaluate("document.querySelector('crm-combobox[data-name=company]').dataset.create = '/made'")
    asked = held.after(lambda: page.locator("#f-company").fill("Nobody Ltd"))
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    _options(asked)
    expect(page.locator(".option.new")).to_be_visible()
    expect(page.locator("#f-company")).to_be_focused()
    assert making.sent == []
    making.after(lambda: page.keyboard.press("Enter"))


def test_a_cell_that_is_left_while_its_tag_is_made_takes_the_tag_along(page: Page) -> None:
    cell, _other = cells(page)
    saved, found, made = Held(page, "**/cell/0"), Held(page, "**/tags?q=*"), Held(page, "**/made")
    picker = (
        '<form method="post" novalidate><crm-combobox data-name="tags" data-url="/tags" data-create="/made" '
        'data-create-label="Create {text}" data-multiple><div class="tokens"></div><span class="affix">'
        '<input role="combobox" autofocus></span></crm-combobox></form>'
    )
    saved.after(cell.click).fulfill(content_type="text/html", body=picker)
    field = cell.locator("[role=combobox]")
    _options(found.after(lambda: field.fill("Spring")))
    option = cell.locator(".option.new")
    making = made.after(option.click)
    field.fill("Aut")
    page.locator("#f-name").focus()
    saving = saved.after(lambda: making.fulfill(json={"id": "t1", "label": "Spring"}))
    assert parse_qs(saving.request.post_data or "")["tags"] == ["t1", "Aut"]
    saving.fulfill(content_type="text/html", body="Spring")


def test_the_next_tag_is_typed_while_the_first_is_made(page: Page) -> None:
    found, made = Held(page, "**/styleguide?q=*"), Held(page, "**/made")
    picker = page.locator("crm-combobox[data-name=owners]")
    page.evaluate("Object.assign(document.querySelector('crm-combobox[data-name=owners]').dataset, {create: '/made'})")
    field = picker.locator("[role=combobox]")
    _options(found.after(lambda: field.fill("Spring")))
    making = made.after(picker.locator(".option.new").click)
    field.press_sequentially("Autumn")
    making.fulfill(json={"id": "t1", "label": "Spring"})
    expect(picker.locator(".chip", has_text="Spring")).to_be_visible()
    expect(field).to_have_value("Autumn")


def _left(page: Page, text: str) -> Locator:
    """A picker of one company in which this was typed, nothing was chosen, and which was left."""
    held = Held(page, "**/styleguide?q=*")
    field = page.locator("#f-company")
    _options(held.after(lambda: field.fill(text)), "Boreal", "Boreal South")
    expect(page.locator("[role=option]", has_text="Boreal South")).to_be_visible()
    page.keyboard.press("Tab")
    return field


def test_what_was_typed_and_not_chosen_stays_and_is_sent(page: Page) -> None:
    field = _left(page, "Borea")
    expect(page.locator("crm-combobox[data-name=company] + .error")).to_be_visible()
    expect(field).to_have_value("Borea")
    expect(page.locator("input[name=company]")).to_have_value("Borea")


def test_the_name_of_one_that_was_found_chooses_it(page: Page) -> None:
    field = _left(page, "Boreal ")
    expect(page.locator("input[name=company]")).to_have_value("boreal")
    expect(field).to_have_value("Boreal")
    expect(page.locator("crm-combobox[data-name=company] + .error")).to_have_count(0)


def test_a_picker_that_is_emptied_holds_nothing(page: Page) -> None:
    field = page.locator("#f-company")
    field.fill("")
    page.keyboard.press("Tab")
    expect(page.locator("input[name=company]")).to_have_value("")


def test_a_tag_that_was_typed_and_not_chosen_is_sent_beside_those_that_were(page: Page) -> None:
    held = Held(page, "**/styleguide?q=*")
    picker = page.locator("crm-combobox[data-name=owners]")
    field = picker.locator("[role=combobox]")
    _options(held.after(lambda: field.fill("Spr")), "Spring")
    expect(page.locator("[role=option]", has_text="Spring")).to_be_visible()
    page.keyboard.press("Escape")
    expect(picker.locator("input[name=owners]")).to_have_count(2)
    _options(held.after(lambda: field.fill("Sprin")), "Spring")
    page.keyboard.press("Tab")
    expect(page.locator("crm-combobox[data-name=owners] + .error")).to_be_visible()
    sent = picker.locator("input[name=owners]").evaluate_all("inputs => inputs.map(input => input.value)")
    assert sent == ["0", "1", "Sprin"]


def test_enter_mentions_who_is_found_for_all_that_was_typed(page: Page) -> None:
    held = Held(page, "**/members?q=*")
    page.evaluate(PUT, '<crm-mention data-url="/members" data-found="{n}"><textarea></textarea></crm-mention>')
    page.locator("crm-mention:defined").wait_for()
    field = page.locator("crm-mention textarea")
    held.after(lambda: field.press_sequentially("@l")).fulfill(json=[{"label": "Leila", "text": "Leila"}])
    expect(page.locator(".mention-list .option")).to_have_text("Leila")
    later = held.after(lambda: page.keyboard.type("au"))
    page.keyboard.press("Enter")
    expect(field).to_have_value("@lau")
    later.fulfill(json=[{"label": "Laura", "text": "Laura"}])
    expect(field).to_have_value("@Laura ")
