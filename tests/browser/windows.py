"""A browser window that writes down every mistake of the pages in it, and what they asked last."""

from collections import deque
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Request, Response

DESKTOP, PHONE = (1440, 900), (390, 844)
GIVEN_UP = ("htmx:afterRequest, ", "htmx:sendAbort, ")
PATIENCE = 30_000  # milliseconds: a machine that two installations share may stand still for a while


class Window:
    """`page` is Playwright's; `site` the origin it began at; `problems` and `story` grow by themselves."""

    def __init__(
        self,
        browser: Browser,
        site: str,
        *,
        size: tuple[int, int] = DESKTOP,
        theme: str = "light",
        language: str = "en",
        **more: Any,
    ) -> None:
        phone = size[0] < 500
        self.site = site
        self.problems: list[str] = []
        self.story: deque[str] = deque(maxlen=30)
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=phone,
            is_mobile=phone,
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(PATIENCE)
        cookies = {"theme": theme, "language": language}
        context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
        context.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error(e.violatedDirective, e.blockedURI))"
        )
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.problems.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._spoke)
        self.page.on("request", self._asked)
        self.page.on("response", self._was_answered)

    def open(self, path: str) -> Response | None:
        return self.page.goto(f"{self.site}{path}")

    def close(self) -> None:
        self.page.context.close()

    @property
    def origins(self) -> set[str]:
        """The installation's own: the public site and its workspaces."""
        return {urlsplit(self.site).netloc.rpartition(".")[2]}

    def _spoke(self, message: ConsoleMessage) -> None:
        # A refused form answers 422, which Chromium notes on the console as if it were a mistake; so does htmx what a
        # page had asked and not been answered when it was left.
        no_mistakes = ("Failed to load resource: the server responded with a status of 4", *GIVEN_UP)
        if message.type == "error" and not message.text.startswith(no_mistakes):
            self.problems.append(f"{self.page.url}: {message.text}")

    def _asked(self, request: Request) -> None:
        self.story.append(f"{request.method} {request.url}")
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc.rpartition(".")[2] not in self.origins:
            self.problems.append(f"{self.page.url} asked {request.url}")

    def _was_answered(self, response: Response) -> None:
        self.story.append(f"    {response.status} {response.url}")
        if response.status >= 500:
            self.problems.append(f"{response.url} answered {response.status}")
