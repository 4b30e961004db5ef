"""What one cold visit of a page weighs and shows, measured once and asked by several tests."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page
from windows import Window

ROOT = Path(__file__).parents[2]
AXE = ROOT / "platform/kernel/ui/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FIND = """async rules => (await axe.run({runOnly: rules, resultTypes: ["violations"]}))
    .violations.map(found => `${found.id}: ${found.nodes.map(node => node.target.join(" ")).join(", ")}`)"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Words of ours: what people wrote stands in an element that says so, by `dir` or `<bdi>`, and code in `<code>`.
WORDS = """() => {
    const found = [];
    const others = "body [dir], body [lang], bdi, code, script, style, option, title, noscript, template";
    const own = node => !node.parentElement.closest(others);
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (own(walk.currentNode)) found.push(walk.currentNode.data.trim());
    for (const node of document.body.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))
        if (!node.closest("body [dir]"))
            for (const name of ["aria-label", "title", "placeholder", "alt"]) found.push(node.getAttribute(name) || "");
    return found.filter(text => text);
}"""


@dataclass
class Measures:
    """`sent` and `requests`: of a browser that has nothing yet. `sideways`: pixels too wide, by width of the window."""

    problems: list[str]
    findings: list[str]
    sideways: dict[int, int]
    sent: int
    requests: int
    html: int
    nodes: int
    words: list[str]


def measure(window: Window, path: str) -> Measures:
    page = window.page
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    received: list[float] = []
    wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    response = window.open(path)
    assert response is not None
    page.wait_for_load_state("networkidle")
    sent, requests = int(sum(received)), len(received)
    html = len(gzip.compress(response.body(), 6))
    words, nodes = page.evaluate(WORDS), page.evaluate("document.querySelectorAll('*').length")
    found = findings(page)
    size = page.viewport_size or {"width": 0, "height": 0}
    sideways = {size["width"]: page.evaluate(SIDEWAYS)}
    if size["width"] < 500:
        page.set_viewport_size({"width": 320, "height": size["height"]})
        sideways[320] = page.evaluate(SIDEWAYS)
        page.set_viewport_size(size)  # type: ignore[arg-type]
    return Measures(window.problems, found, sideways, sent, requests, html, nodes, words)


def findings(page: Page) -> list[str]:
    """What axe has to say about the page as it stands."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text(encoding="utf-8"))
    told: list[str] = page.evaluate(FIND, RULES)
    return told


def english_among(words: list[str], messages: set[str]) -> list[str]:
    """Those in which English stands: a message of ours as it is in the source, or Latin words in a row."""
    return sorted({text for text in words if text in messages or re.search(r"[A-Za-z]{3,} [A-Za-z]{2,}", text)})


def first_record(window: Window, slug: str, query: str = "") -> str:
    """The address of the first record of a list."""
    window.open(f"/r/{slug}{query}")
    return str(window.page.locator("tbody td a[href^='/r/']").first.get_attribute("href"))


def untranslated(language: str = "fa") -> set[str]:
    """English messages whose translation differs from them."""
    from babel.messages.pofile import read_po

    with (ROOT / f"locale/{language}/LC_MESSAGES/django.po").open("rb") as file:
        catalogue: Any = read_po(file)
    found: set[str] = set()
    for message in catalogue:
        sources = message.id if isinstance(message.id, (tuple, list)) else [message.id]
        target = message.string if isinstance(message.string, str) else message.string[0]
        found.update(source for source in sources if source and source != target)
    return found
