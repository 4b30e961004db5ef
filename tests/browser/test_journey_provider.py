"""The company's own place to sign in, in a real browser: connected, used by somebody new, and made the only way."""

from collections.abc import Callable, Iterator

import oidc_provider
import pytest
from instance import PASSWORD
from oidc_provider import CLIENT, SECRET, LocalProvider
from playwright.sync_api import expect
from windows import PHONE, Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]
HERE = "/settings/sso"


@pytest.fixture(scope="module")
def idp() -> Iterator[LocalProvider]:
    with oidc_provider.serving() as found:
        yield found


@pytest.fixture
def sara(window: Callable[..., Window]) -> Iterator[Window]:
    """The administrator. She leaves no provider behind."""
    opened = window("acme", "sara")
    yield opened
    opened.open(HERE)
    opened.page.locator("[action='/settings/sso/off'] button").click()
    expect(opened.page.locator("[action='/settings/sso/off']")).to_have_count(0)


def test_a_company_signs_in_by_its_own_provider(
    sara: Window, window: Callable[..., Window], idp: LocalProvider
) -> None:
    page = sara.page
    # Connected: what is wrong is told first, on its field.
    sara.open(HERE)
    for name, value in {
        "name": "Acme ID", "issuer": idp.issuer, "client_id": CLIENT, "client_secret": "mistyped",
        "domains": "acme.example",
    }.items():  # fmt: skip
        page.fill(f"[name={name}]", value)
    page.select_option("[name=role]", label="Sales representative")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.locator("#f-client_secret-error")).to_contain_text("does not take this client")
    page.fill("[name=client_secret]", SECRET)
    page.locator("[action='/settings/sso'] .primary").click()
    expect(page.locator("#state-title")).to_be_visible()

    # Used, on a phone, by somebody who was never here: a member now, and no more than that.
    idp.person = {"sub": "t-1", "email": "tina@acme.example", "email_verified": True, "name": "Tina Frost"}
    tina = window("acme", size=PHONE)
    tina.open("/login?next=/settings/security")
    tina.page.get_by_role("link", name="Sign in with Acme ID").click()
    tina.page.wait_for_url(f"{tina.site}/settings/security")
    expect(tina.page.locator("#provider-title")).to_have_text("Acme ID")
    expect(tina.page.locator("[name=current]")).to_have_count(0)
    tina.problems.clear()  # the provider's address, which it had to go to

    # The only way: passwords open nothing, but for her who may break the glass.
    page.locator("#only [name=is_enforced]").check()
    page.get_by_label("Sara Mitchell").check()
    page.locator("#only button").click()
    expect(page.get_by_text("From now on everybody signs in by it.")).to_be_visible()
    rachel = window("acme")
    rachel.open("/login")
    expect(rachel.page.locator("[name=password]")).to_have_count(0)
    rachel.page.get_by_role("link", name="Administrators with a password").click()
    rachel.page.fill("[name=email]", "rachel@acme.example")
    rachel.page.fill("[name=password]", PASSWORD)
    rachel.page.keyboard.press("Enter")
    expect(rachel.page.get_by_text("This workspace signs in by Acme ID.")).to_be_visible()
