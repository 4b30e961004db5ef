"""The design system in Chromium: no accessibility finding in any language, theme, size or open state, and elements
that do what `docs/ui.md` says. It needs no tenant: the styleguide is served alone, under the product's own policy."""

import pytest
from alone import visit
from measures import findings
from playwright.sync_api import Browser, Route

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

VARIANTS = [(lang, theme, width) for lang in ("en", "fa") for theme in ("light", "dark") for width in (1440, 390)]
OPENED = [("en", "light", 1440), ("fa", "dark", 1440), ("fa", "light", 390), ("en", "dark", 390)]
EDITOR = '<form method="post"><div class="field"><label for="ie">Job</label><input id="ie" name="job" value="COO">'


@pytest.mark.parametrize(("lang", "theme", "width"), VARIANTS)
def test_nothing_is_out_of_reach(browser: Browser, site: str, lang: str, theme: str, width: int) -> None:
    page = visit(browser, site, lang, theme, width)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    assert page.problems == []  # type: ignore[attr-defined]
    page.context.close()


@pytest.mark.parametrize(("lang", "theme", "width"), OPENED)
def test_nothing_is_out_of_reach_while_something_is_open(
    browser: Browser, site: str, lang: str, theme: str, width: int
) -> None:
    page = visit(browser, site, lang, theme, width)
    page.locator("[name=ids]").first.click()
    page.evaluate(
        "document.dispatchEvent(new CustomEvent('toast', {detail: {text: 'Moved', tone: 'good', undo: '/u'}}))"
    )
    assert findings(page) == []
    page.locator(".toast .close").click()
    page.locator("[data-clear]").click()
    page.locator("crm-date button").first.click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.locator("#f-company").click()
    page.locator("[role=option]").first.wait_for()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.locator("[popovertarget=sample-menu]").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    for dialog in ("sample-dialog", "sample-panel"):
        page.locator(f"[data-dialog={dialog}]").click()
        assert findings(page) == []
        page.keyboard.press("Escape")
    assert page.problems == []  # type: ignore[attr-defined]
    page.context.close()


def test_a_small_screen_has_no_sideways_scroll(browser: Browser, site: str) -> None:
    page = visit(browser, site, width=320)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
    page.context.close()


@pytest.mark.parametrize(
    ("lang", "typed", "sent"),
    [
        ("fa", "۱۴۰۳/۱۲/۳۰", "2025-03-20"),
        ("fa", "1405/12/30", "1405/12/30"),
        ("fa", "١٤٠٥/٩/٨", "2026-11-29"),
        ("fa", "2026-11-29", "2026-11-29"),
        ("en", "2026/2/3", "2026-02-03"),
        ("en", "2026-02-30", "2026-02-30"),
        ("en", "", ""),
    ],
)
def test_a_typed_date_is_sent_as_iso_and_a_wrong_one_as_typed(
    browser: Browser, site: str, lang: str, typed: str, sent: str
) -> None:
    page = visit(browser, site, lang)
    page.locator("#f-close").fill(typed)
    page.keyboard.press("Tab")
    assert page.locator("input[name=close]").input_value() == sent
    is_wrong = (bool(typed) and not sent.startswith("20")) or sent == "2026-02-30"
    assert (page.locator("#f-close").get_attribute("aria-invalid") == "true") is is_wrong
    page.context.close()


@pytest.mark.parametrize(
    ("lang", "ahead", "sent"), [("en", "ArrowRight", "2026-11-30"), ("fa", "ArrowLeft", "2026-11-30")]
)
def test_arrows_walk_the_calendar_in_reading_direction(
    browser: Browser, site: str, lang: str, ahead: str, sent: str
) -> None:
    page = visit(browser, site, lang)
    page.locator("crm-date button").first.click()
    page.keyboard.press(ahead)
    page.keyboard.press("Enter")
    assert page.locator("input[name=close]").input_value() == sent
    assert page.evaluate("document.activeElement.id") == "f-close"
    page.context.close()


@pytest.mark.parametrize(("lang", "ahead"), [("en", "Alt+ArrowRight"), ("fa", "Alt+ArrowLeft")])
def test_a_card_moves_at_once_and_goes_back_when_refused(browser: Browser, site: str, lang: str, ahead: str) -> None:
    page = visit(browser, site, lang)
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.post_data or "")
        if len(asked) == 1:
            route.fulfill(json={"version": 2, "columns": {"s1": {"count": "3", "sum": "$210k"}}})
        else:
            route.fulfill(status=422, json={"message": "A won deal stays where it is."})

    page.route("**/move", answer)
    page.evaluate("document.querySelector('crm-board').dataset.move = '/move'")
    page.locator(".deal-card a").first.focus()
    with page.expect_response("**/move"):
        page.keyboard.press(ahead)
    column = page.locator(".column").nth(1)
    column.locator("[data-sum]", has_text="$210k").wait_for()
    assert column.locator(".deal-card").count() == 3
    with page.expect_response("**/move"):
        page.keyboard.press(ahead)
    page.locator(".toast", has_text="A won deal stays").wait_for()
    assert asked == ["id=d0&version=1&to=s1", "id=d0&version=2&to=s2"]
    assert page.evaluate("document.activeElement.closest('.cards').dataset.column") == "s1"
    page.context.close()


def test_an_edited_cell_saves_shows_its_error_and_moves_the_version_on(browser: Browser, site: str) -> None:
    page = visit(browser, site)
    posted: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method == "GET":
            route.fulfill(content_type="text/html", body=f"{EDITOR}</div></form>")
            return
        posted.append(route.request.post_data or "")
        if len(posted) == 1:
            route.fulfill(
                status=422, content_type="text/html", body=f'{EDITOR}<p class="error">Give it a name.</p></div></form>'
            )
        else:
            route.fulfill(content_type="text/html", headers={"X-Version": "7"}, body="<b>Chief</b>")

    page.route("**/cell", answer)
    page.evaluate("document.querySelectorAll('crm-inline').forEach(cell => cell.dataset.url = '/cell')")
    cell = page.locator("crm-inline").first
    cell.click()
    page.locator("#ie").fill("")
    page.keyboard.press("Enter")
    cell.get_by_text("Give it a name.").wait_for()
    page.locator("#ie").fill("Chief")
    page.keyboard.press("Enter")
    cell.locator("b", has_text="Chief").wait_for()
    assert posted == ["job=&version=1", "job=Chief&version=1"]
    assert cell.evaluate("cell => cell.closest('[data-version]').dataset.version") == "7"
    page.context.close()


def test_rows_are_added_summed_and_removed(browser: Browser, site: str) -> None:
    page = visit(browser, site)
    page.locator("[data-add]").click()
    assert page.evaluate("document.activeElement.name") == "lines-1-product"
    page.locator("[name=lines-1-quantity]").fill("۲")
    page.locator("[name=lines-1-price]").fill("1,400")
    page.locator("[name=lines-1-discount]").fill("50")
    assert page.locator("[data-total]").text_content() == "38,600"
    page.locator("crm-rows [data-remove]").first.click()
    assert page.locator("[data-total]").text_content() == "1,400"
    assert page.locator("[data-row-count]").input_value() == "2"
    page.context.close()


def test_shift_takes_a_range_and_escape_gives_it_back(browser: Browser, site: str) -> None:
    page = visit(browser, site)
    page.locator("[name=ids]").nth(1).click()
    page.locator("[name=ids]").nth(4).click(modifiers=["Shift"])
    assert page.locator("[data-bulk] [data-count]").text_content() == "4 selected"
    page.keyboard.press("Escape")
    assert page.locator("[data-bulk]").is_hidden()
    page.context.close()


def test_a_name_is_found_and_its_id_is_sent(browser: Browser, site: str) -> None:
    page = visit(browser, site)
    page.locator("#f-company").fill("meh")
    page.locator("[role=option]", has_text="Mehr Energy").wait_for()
    page.keyboard.press("Enter")
    assert page.locator("input[name=company]").input_value() == "Mehr Energy"
    page.locator("#f-company").fill("nobody of that name")
    page.locator("[role=option].new").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#f-company").input_value() == "Mehr Energy"
    page.context.close()


def test_a_menu_is_seen_where_it_stays(browser: Browser, site: str) -> None:
    page = visit(browser, site)
    seen_at_once = page.evaluate(
        """() => {
            document.querySelector("[popovertarget=sample-menu]").click();
            return getComputedStyle(document.querySelector("#sample-menu")).visibility;
        }"""
    )
    assert seen_at_once == "hidden"
    page.locator("#sample-menu .item").first.wait_for()
    page.context.close()
