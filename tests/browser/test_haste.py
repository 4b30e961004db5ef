"""Somebody is quicker than the server: nothing is done twice, nothing typed is lost, no late answer wins."""

from urllib.parse import parse_qs

import pytest
from alone import opened
from holding import PUT, Held, cells
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

EDITOR = '<form method="post" novalidate><input name="job" value="COO" autofocus aria-label="Job"></form>'


def test_enter_twice_sends_what_is_typed_once(page: Page) -> None:
    notes = Held(page, "**/notes")
    page.evaluate(
        PUT, '<form method="post" action="/notes" hx-post="/notes"><input name="said"><button>Add</button></form>'
    )
    page.locator("[name=said]").fill("Call them")
    first = notes.after(lambda: page.keyboard.press("Enter"))
    page.keyboard.press("Enter")
    first.fulfill(headers={"HX-Redirect": "/styleguide?added"})
    page.wait_for_url("**/styleguide?added")
    assert notes.sent == ["said=Call%20them"]


def test_a_hint_that_is_answered_does_not_make_a_form_ready_to_be_sent_again(page: Page) -> None:
    hints, contacts = Held(page, "**/hints"), Held(page, "**/contacts")
    page.evaluate(
        PUT,
        '<form method="post" hx-post="/contacts"><input name="called"><p id="hint" hx-get="/hints" hx-disinherit="*" '
        'hx-trigger="input from:closest form"></p></form>',
    )
    hint = hints.after(lambda: page.locator("[name=called]").press_sequentially("Z"))
    first = contacts.after(lambda: page.keyboard.press("Enter"))
    hint.fulfill(body="Zari is there already.")
    expect(page.locator("#hint")).to_have_text("Zari is there already.")
    page.keyboard.press("Enter")
    with page.expect_response("**/contacts"):
        first.fulfill(status=204)
    page.evaluate("new Promise(requestAnimationFrame)")
    assert contacts.sent == ["called=Z"]


def test_a_date_is_sent_by_ctrl_and_enter_as_it_was_typed(page: Page) -> None:
    page.evaluate("""document.addEventListener("submit", event => {
        event.preventDefault();
        window.sent = new FormData(event.target).get("close");
    })""")
    page.locator("#f-close").fill("2026/2/3")
    page.keyboard.press("Control+Enter")
    assert page.evaluate("window.sent") == "2026-02-03"


@pytest.mark.parametrize(("typed", "sent"), [("2026/2/3", "2026-02-03"), ("", "")])
def test_a_date_typed_before_the_scripts_have_come_stays(browser: Browser, site: str, typed: str, sent: str) -> None:
    page = opened(browser, site)
    scripts = Held(page, "**/app*.js")
    script = scripts.after(lambda: page.goto(f"{site}/styleguide", wait_until="commit"))
    page.locator("#f-close").fill(typed)
    script.continue_()
    expect(page.locator("input[type=hidden][name=close]")).to_have_value(sent)
    page.context.close()


def _editor(route: Route) -> None:
    route.fulfill(content_type="text/html", body=EDITOR)


def test_a_cell_is_saved_once_however_often_enter_is_pressed(page: Page) -> None:
    cell, _other = cells(page)
    held = Held(page, "**/cell/0")
    _editor(held.after(cell.click))
    cell.locator("input").fill("Chief")
    saving = held.after(lambda: page.keyboard.press("Enter"))
    page.keyboard.press("Enter")
    page.keyboard.type(" of all")
    assert held.sent == ["", "job=Chief&version=1"]
    saving.fulfill(content_type="text/html", body="<b>Chief</b>")
    expect(cell.locator("b")).to_have_text("Chief")


def test_an_editor_that_comes_late_leaves_the_one_that_is_typed_in_alone(page: Page) -> None:
    slow, quick = cells(page)
    late, prompt = Held(page, "**/cell/0"), Held(page, "**/cell/1")
    first = late.after(slow.click)
    _editor(prompt.after(quick.click))
    expect(quick.locator("input")).to_be_focused()
    page.keyboard.type("Ch")
    with page.expect_response("**/cell/0") as answer:
        _editor(first)
    answer.value.finished()
    page.keyboard.type("ief")
    saving = prompt.after(lambda: page.keyboard.press("Enter"))
    assert parse_qs(saving.request.post_data or "")["job"] == ["Chief"]
    expect(slow.locator("input")).to_have_count(0)
    saving.fulfill(content_type="text/html", body="Chief")


@pytest.mark.parametrize("status", [200, 422])
def test_a_cell_that_is_answered_late_takes_nobodys_focus(page: Page, status: int) -> None:
    first, second = cells(page)
    slow, prompt = Held(page, "**/cell/0"), Held(page, "**/cell/1")
    _editor(slow.after(first.click))
    first.locator("input").fill("Chief")
    saving = slow.after(lambda: page.keyboard.press("Enter"))
    _editor(prompt.after(second.click))
    expect(second.locator("input")).to_be_focused()
    page.keyboard.type("Ch")
    saving.fulfill(status=status, content_type="text/html", body=f"{EDITOR}<b>Answered</b>")
    expect(first.locator("b")).to_have_text("Answered")
    page.keyboard.type("ief")
    later = prompt.after(lambda: page.keyboard.press("Enter"))
    assert parse_qs(later.request.post_data or "")["job"] == ["Chief"]
    later.fulfill(content_type="text/html", body="Chief")


def _lines(page: Page) -> Held:
    lines = "".join(f'<li data-id="{name}"><button type="button" data-down>{name}</button></li>' for name in "abc")
    page.evaluate(PUT, f'<crm-order data-url="/order" data-done="Kept"><ul>{lines}</ul></crm-order>')
    page.locator("crm-order:defined").wait_for()
    return Held(page, "**/order")


def test_an_order_is_told_after_the_one_before_it_so_that_the_last_one_stays(page: Page) -> None:
    orders = _lines(page)
    first = page.locator("crm-order button", has_text="a")
    told = orders.after(first.click)
    first.click()
    assert orders.sent == ["ids=b%2Ca%2Cc"]
    last = orders.after(lambda: told.fulfill(body=""))
    assert last.request.post_data == "ids=b%2Cc%2Ca"
    last.fulfill(body="")


def test_an_order_that_waits_is_told_when_somebody_leaves(page: Page) -> None:
    orders = _lines(page)
    first = page.locator("crm-order button", has_text="a")
    orders.after(first.click)
    first.click()
    page.evaluate("() => { navigator.sendBeacon = (url, data) => { window.told = `${url} ${data.get('ids')}`; }; }")
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    assert page.evaluate("window.told") == "/order b,c,a"


def test_a_card_on_its_way_is_not_taken_again(page: Page) -> None:
    moves = Held(page, "**/move")
    page.evaluate("document.querySelector('crm-board').dataset.move = '/move'")
    card = page.locator(".deal-card").first
    card.locator("a").first.focus()
    moving = moves.after(lambda: page.keyboard.press("Alt+ArrowRight"))
    put = page.locator(".column").nth(2).locator("h2")
    put.scroll_into_view_if_needed()
    taken, to = page.locator(".deal-card[aria-busy] .foot").bounding_box(), put.bounding_box()
    assert taken
    assert to
    page.mouse.move(taken["x"] + taken["width"] / 2, taken["y"] + taken["height"] / 2)
    page.mouse.down()
    page.mouse.move(to["x"], to["y"] + 100, steps=12)
    page.mouse.up()
    assert moves.sent == ["id=d0&version=1&to=s1"]
    moving.fulfill(json={"version": 2})
    expect(page.locator(".column").nth(1).locator("[data-id=d0]")).to_have_attribute("data-version", "2")


def test_what_is_done_is_done_once(page: Page) -> None:
    done = Held(page, "**/done")
    page.evaluate(
        PUT,
        '<crm-todos id="todos"><ul class="todos"><li><form data-done method="post" action="/done">'
        '<button class="tick">Done</button></form></li></ul></crm-todos>',
    )
    page.locator("crm-todos:defined").wait_for()
    page.locator("#todos .tick").focus()
    doing = done.after(lambda: page.keyboard.press("Enter"))
    page.keyboard.press("Enter")
    assert done.sent == ["quiet=1"]
    doing.fulfill(body="")
    expect(page.locator("#todos li")).to_have_count(0)


def test_a_list_of_files_that_was_asked_for_before_the_last_one_came_is_not_drawn(page: Page) -> None:
    lists = Held(page, "**/files")

    def send(route: Route) -> None:
        begun = route.request.url.endswith("/uploads") and route.request.method == "POST"
        parts = [{"number": 1, "size": 3, "url": "/uploads/1/part"}]
        route.fulfill(json={"url": "/uploads/1", "part_size": 3, "parts": parts} if begun else {})

    page.route("**/uploads**", send)
    page.route("**/uploads/**", send)
    page.evaluate(
        PUT,
        '<crm-files data-may-add data-url="/files" data-about="deals:1" data-most="99" data-sent="{name} was sent">'
        '<input type="file" multiple><ul class="file-list"></ul><ul data-sending></ul></crm-files>',
    )
    page.locator("crm-files:defined").first.wait_for(state="attached")

    def add(name: str) -> Route:
        file = {"name": name, "mimeType": "text/plain", "buffer": b"abc"}
        return lists.after(lambda: page.locator("crm-files input").set_input_files(file))

    def draw(route: Route, *names: str) -> None:
        lines = "".join(f"<li>{name}</li>" for name in names)
        with page.expect_response("**/files") as answer:
            route.fulfill(content_type="text/html", body=f'<ul class="file-list">{lines}</ul>')
        answer.value.finished()

    early, late = add("one.txt"), add("two.txt")
    draw(late, "one.txt", "two.txt")
    expect(page.locator(".file-list li")).to_have_count(2)
    draw(early, "one.txt")
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(page.locator(".file-list li")).to_have_count(2)
