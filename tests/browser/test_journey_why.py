"""An admin asks why somebody can or can't."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from windows import Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]


def test_whoever_chooses_the_records_is_asked_what_depends_on_them(window: Callable[..., Window]) -> None:
    desk = window("acme", "sara")
    page = desk.page
    desk.open("/settings/roles/why")
    who = page.get_by_label("Who").locator("option", has_text="Laura Grant").get_attribute("value")
    page.get_by_label("Who").select_option(who)
    page.get_by_label("Records").select_option("deals")
    expect(page.get_by_label("Action")).to_be_visible()
    expect(page.get_by_label("Who")).to_have_value(str(who))
