"""The styleguide alone, under the product's own policy: elements in a browser that need no tenant."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from playwright.sync_api import Browser, Page

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """Its address, while it is served."""
    alone = override_settings(
        ROOT_URLCONF="kernel.ui.urls",
        MIDDLEWARE=["django.middleware.locale.LocaleMiddleware", "django.middleware.csrf.CsrfViewMiddleware"],
        ALLOWED_HOSTS=["*"],
    )
    with alone:
        app = StaticFilesHandler(WSGIHandler())

        def with_policy(environ: Any, start: Any) -> Any:
            return app(
                environ, lambda status, headers, *rest: start(status, [*headers, ("Content-Security-Policy", POLICY)])
            )

        server = make_server("127.0.0.1", 0, with_policy, server_class=WSGIServer, handler_class=Quiet)
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def opened(browser: Browser, site: str, lang: str = "en", theme: str = "light", width: int = 1440) -> Page:
    """An empty window of somebody who reads this language. What goes wrong in it gathers in its `problems`."""
    phone = width < 500
    context = browser.new_context(
        viewport={"width": width, "height": 844}, has_touch=phone, is_mobile=phone, reduced_motion="reduce"
    )
    context.set_default_timeout(10_000)
    cookies = {"language": lang, "theme": theme}
    context.add_cookies([{"name": name, "value": value, "url": site} for name, value in cookies.items()])
    page = context.new_page()
    page.problems = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.problems.append(str(error)))  # type: ignore[attr-defined]
    page.on("console", lambda m: page.problems.append(m.text) if m.type == "error" else None)  # type: ignore[attr-defined]
    page.on("request", lambda r: None if r.url.startswith(site) else page.problems.append(r.url))  # type: ignore[attr-defined]
    return page


def visit(browser: Browser, site: str, lang: str = "en", theme: str = "light", width: int = 1440) -> Page:
    page = opened(browser, site, lang, theme, width)
    page.goto(f"{site}/styleguide")
    page.locator("crm-board:defined").wait_for()
    page.locator("crm-select-rows:defined").first.wait_for(state="attached")
    page.evaluate("document.querySelectorAll('[name=ids]:checked').forEach(box => box.click())")
    return page
