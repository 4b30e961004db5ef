"""The doors in a real browser: an authenticator app and a passkey, set up, used, and taken away."""

import re
from collections.abc import Callable, Iterator

import pyotp
import pytest
from instance import PASSWORD
from playwright.sync_api import expect
from windows import Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]
SECURITY = "/settings/security"


@pytest.fixture
def karen(window: Callable[..., Window]) -> Iterator[Window]:
    """Karen at her own screen. She leaves as she came: with her password alone."""
    opened = window("acme")
    _sign_in(opened)
    yield opened
    opened.open(SECURITY)
    opened.page.fill("#f-second-proof", PASSWORD)
    opened.page.locator("#second-step .danger").click()
    expect(opened.page.locator("#second-step .badge")).to_have_text("Off")


def _sign_in(window: Window) -> None:
    window.open("/login")
    window.page.fill("[name=email]", "karen@acme.example")
    window.page.fill("[name=password]", PASSWORD)
    window.page.keyboard.press("Enter")
    window.page.wait_for_url(re.compile("/$|/login/code"))


def _sign_out(window: Window) -> None:
    window.page.locator("nav.side [action='/logout'] button").click()
    window.page.wait_for_url("**/login")


def test_an_app_and_then_a_passkey_let_in(karen: Window) -> None:
    page = karen.page
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": device})

    # The app: scanned, confirmed, its recovery codes taken along.
    karen.open(f"{SECURITY}/second-step")
    expect(page.locator("svg.qr")).to_be_visible()
    app = pyotp.TOTP(page.locator("code.code-box").inner_text().replace(" ", ""))
    page.fill("[name=code]", app.now())
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.locator("a[download]").click()
    codes = re.findall(r"\w{4}-\w{4}-\w{4}-\w{4}", download.value.path().read_text())
    assert len(codes) == 10
    _sign_out(karen)
    _sign_in(karen)
    with page.expect_navigation():  # the field of the page before is called the same
        page.get_by_role("link", name="recovery code").click()
    page.fill("[name=code]", codes[0])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{karen.site}/")

    # The passkey: made with the password, then the way in without one.
    karen.open(SECURITY)
    page.fill("#f-passkey-proof", PASSWORD)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.locator("#passkeys li")).to_have_count(1)
    _sign_out(karen)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{karen.site}/")

    # As the second step, after the password.
    _sign_out(karen)
    _sign_in(karen)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{karen.site}/")
