"""Requests that wait, so that somebody can act before they are answered."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route

# Markup put at the top of the page, its elements brought to life.
PUT = """html => {
    const main = document.querySelector("main");
    main.insertAdjacentHTML("afterbegin", html);
    htmx.process(main.firstElementChild);
    main.dispatchEvent(new Event("crm:drawn", {bubbles: true}));
}"""


class Held:
    """Requests to an address that wait until the test has acted."""

    def __init__(self, page: Page, path: str) -> None:
        self.page, self.path = page, path
        self.routes: list[Route] = []
        page.route(path, self.keep)

    def keep(self, route: Route) -> None:
        self.routes.append(route)

    def after(self, act: Callable[[], object]) -> Route:
        """The request that this act leads to."""
        known = len(self.routes)
        with self.page.expect_request(self.path):
            act()
        self.page.evaluate("0")  # whoever holds it has been told by then
        assert len(self.routes) == known + 1
        return self.routes[-1]

    @property
    def sent(self) -> list[str]:
        self.page.evaluate("0")
        return [route.request.post_data or "" for route in self.routes]


def cells(page: Page) -> tuple[Locator, Locator]:
    """Two cells of the table, each at an address of its own."""
    page.evaluate("document.querySelectorAll('crm-inline').forEach((cell, at) => cell.dataset.url = `/cell/${at}`)")
    return page.locator("crm-inline").nth(0), page.locator("crm-inline").nth(1)
