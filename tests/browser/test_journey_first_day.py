"""The first day of a company: from the landing page to a report that agrees with the board, the list and the file."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from instance import Instance
from openpyxl import load_workbook
from playwright.sync_api import Locator, Page, expect
from windows import Window

pytestmark = [pytest.mark.browser, pytest.mark.nodb]

WORD = "harbour"
OWNER, ADDRESS, PASSWORD = "Dana Weber", "dana@harbour.example", "tall ship in harbour"
PRODUCTS = "product,series,sales_price\nScanner A,Scanners,1200\nPrinter B,Printers,640.50\n"
COMPANIES = "account,city\nNordic Foods,Oslo\nHarvest Hotels,Hamburg\n"
DEALS = f"""opportunity_id,account,product,deal_stage,close_value,engage_date,close_date,sales_agent
Spring order,Nordic Foods,Scanner A,Won,1000.25,2026-02-01,2026-03-05,{OWNER}
Autumn order,Nordic Foods,ScannerA,Won,20000,2026-07-01,2026-09-12,{OWNER}
Lobby printers,Harvest Hotels,Printer B,Lost,900,2026-04-01,2026-05-01,{OWNER}
Front desks,Harvest Hotels,ScannerA,Negotiation,3500.50,2026-08-01,,{OWNER}
Cellars,Nordic Foods,Printer B,New,70,2026-08-11,,{OWNER}
"""
BEFORE, WON = "$21,000.25", "$24,500.75"


def test_from_landing_page_to_report(window: Callable[..., Window], instance: Instance, tmp_path: Path) -> None:
    page = window().page
    _sign_up(page, instance)
    for slug, text in (("products", PRODUCTS), ("companies", COMPANIES), ("deals", DEALS)):
        _import(page, slug, text)

    page.goto(f"{instance.at(WORD)}/r/deals?view=board")
    page.locator("crm-board:defined").wait_for()
    won = page.locator(".column", has=page.get_by_role("heading", name="Won"))
    expect(won.locator("[data-sum]")).to_have_attribute("title", BEFORE)
    _move_to_won(page, "Front desks")
    expect(won.locator("[data-count]")).to_have_text("3")
    expect(won.locator("[data-sum]")).to_have_attribute("title", WON)

    page.goto(f"{instance.at(WORD)}/r/deals?status=won")
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.locator(".sums b")).to_have_text(WON)
    assert _exported(page, tmp_path / "deals.xlsx") == Decimal("24500.75")

    page.goto(f"{instance.at(WORD)}/reports")
    page.get_by_role("region", name="Won deals").get_by_role("button", name="Make the report").click()
    line = page.locator("tbody tr", has=page.get_by_role("rowheader", name=OWNER)).first
    expect(line).to_contain_text(WON)
    expect(page.locator("tfoot")).to_contain_text(WON)
    line.get_by_role("link", name=OWNER).click()
    expect(page.locator("tbody tr")).to_have_count(3)


def _sign_up(page: Page, instance: Instance) -> None:
    page.goto(f"{instance.at()}/")
    page.get_by_role("link", name="Create a workspace").first.click()
    page.get_by_label("Work e-mail").fill(ADDRESS)
    page.get_by_role("button", name="Send the code").click()
    page.wait_for_url("**/signup/code")
    code = re.search(r"\b\d{6}\b", instance.letter_to(ADDRESS))
    assert code
    page.get_by_label("Six-digit code").fill(code[0])
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/signup/workspace")  # what looks at the address while it is typed has come with it
    page.get_by_label("Company").fill("Harbour Supplies")
    page.locator("[name=subdomain]").fill(WORD)
    page.get_by_text(f"{WORD}.localhost is free.").wait_for()
    page.get_by_label("Your name").fill(OWNER)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=currency]").select_option("USD")
    page.get_by_role("button", name="Create the workspace").click()
    page.wait_for_url(f"{instance.at(WORD)}/*")
    page.get_by_role("navigation").get_by_role("link", name="Deals").first.wait_for()


def _import(page: Page, slug: str, text: str) -> None:
    site = "/".join(page.url.split("/")[:3])
    page.goto(f"{site}/imports/new?type={slug}")
    page.locator("input[type=file]").set_input_files(
        {"name": f"{slug}.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    _press(page, "Continue")
    page.wait_for_url("**/columns")
    _press(page, "Continue")
    if slug == "deals":
        page.wait_for_url("**/values")
        _answer(page.get_by_label("ScannerA"))
        _press(page, "Continue")
    page.wait_for_url("**/preview")
    _press(page, "Start the import")
    page.wait_for_url(re.compile(r"/imports/[^/]+$"))  # the preview counts rows in the same way
    expect(page.locator(".stats")).to_contain_text(str(text.count("\n") - 1))
    expect(page.get_by_role("heading", name="Refused rows")).to_have_count(0)


def _answer(question: Locator) -> None:
    """The misspelled product: what the suggestion says."""
    expect(question.locator("option").first).to_have_text("Did you mean “Scanner A”? Choose…")
    question.select_option(label="Scanner A")


def _press(page: Page, name: str) -> None:
    page.locator("main").get_by_role("button", name=name).click()


def _move_to_won(page: Page, name: str) -> None:
    card = page.locator(".deal-card", has=page.get_by_role("link", name=name))
    card.hover()
    card.get_by_role("button", name=f"Move {name} to…").click()
    page.locator("#move-menu").get_by_role("button", name="Won").click()


def _exported(page: Page, target: Path) -> Decimal:
    """The sum of the amounts in the exported workbook."""
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Export this list as Excel").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(target)
    header, *rows = load_workbook(target, read_only=True).active.iter_rows(values_only=True)
    at = header.index("Amount")
    return sum((Decimal(str(row[at])) for row in rows), Decimal(0))
