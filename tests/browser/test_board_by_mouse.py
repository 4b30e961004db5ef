"""A deal is taken by the mouse and put into another column."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from windows import Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]


@pytest.mark.parametrize("subdomain", ["acme", "nilgoon"])
def test_a_card_that_is_dragged_to_another_column_moves_its_deal(window: Callable[..., Window], subdomain: str) -> None:
    desk = window(subdomain, "sara")
    page = desk.page
    desk.open("/r/deals?view=board")
    page.locator("crm-board:defined").wait_for()
    columns = page.locator(".column")
    card = columns.nth(0).locator(".deal-card").first
    pk, title = card.get_attribute("data-id"), card.locator(".title").inner_text()
    target = columns.nth(2)
    stage = target.locator("h2").inner_text()
    taken, put = card.locator(".foot").bounding_box(), target.locator(".cards").bounding_box()
    assert taken and put
    page.mouse.move(taken["x"] + taken["width"] / 2, taken["y"] + taken["height"] / 2)
    page.mouse.down()
    page.mouse.move(put["x"] + put["width"] / 2, put["y"] + 60, steps=12)
    with page.expect_response("**/r/deals/move*") as moved:
        page.mouse.up()
    assert moved.value.status == 200
    expect(target.locator(f"[data-id='{pk}']")).to_have_count(1)
    expect(columns.nth(0).locator(f"[data-id='{pk}']")).to_have_count(0)
    desk.open(f"/r/deals/{pk}")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.locator(".path [aria-current]")).to_have_text(stage)
