"""The list and the board of a record type, through HTTP."""

import datetime as dt
import re
from decimal import Decimal
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from crm_core.contacts.models import Company
from crm_core.sales.models import Deal, Stage
from kernel.access.actor import actor_for, operator
from kernel.access.models import Member, Team
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

PART = {"HX-Request": "true", "HX-Target": "list"}


@pytest.fixture
def make(tenant_a: Any) -> Any:
    """`make("deals", name="X")`: a record of tenant A's, made by nobody in particular."""

    def making(slug: str, **values: Any) -> Any:
        with in_tenant(tenant_a):
            owner = values.pop("by", None)
            actor = actor_for(_member(owner), "page") if owner else operator()
            return create(actor.access(registry[slug]), values)

    return making


def _member(key: str) -> Member:
    return Member.objects.get(email=f"{key}@a.example")


def text_of(response: Any) -> str:
    """What a reader sees: no tags, entities as characters."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def stage(tenant: Any, name: str) -> Stage:
    with in_tenant(tenant):
        return Stage.objects.get(name=name)


def test_it_lists_with_count_and_columns(client_for: Any, make: Any) -> None:
    make("deals", name="Solar roof", amount=Decimal("1200.50"))
    response = client_for("sara").get("/r/deals")
    assert response.status_code == 200
    text = text_of(response)
    assert "Solar roof" in text and "$1,200.50" in text and "Amount" in text
    assert re.search(r'id="count">1\s*<', response.content.decode())


def test_it_filters_and_says_so(client_for: Any, make: Any) -> None:
    make("deals", name="Small", amount=Decimal(10))
    make("deals", name="Large", amount=Decimal(9000))
    text = text_of(client_for("sara").get("/r/deals?amount__gte=5000"))
    assert "Large" in text and "Small" not in text
    assert "Amount from $5,000" in text


def test_it_searches_folded(client_for: Any, make: Any) -> None:
    make("companies", name="كاسپين بار")
    make("companies", name="Other")
    text = text_of(client_for("sara").get("/r/companies", {"q": "کاسپین"}))
    assert "كاسپين بار" in text and "Other" not in text


def test_a_part_of_the_page_is_enough_for_htmx(client_for: Any, make: Any) -> None:
    make("deals", name="Solar roof")
    body = client_for("sara").get("/r/deals?q=solar", headers=PART).content.decode()
    assert "Solar roof" in body and "<html" not in body and 'hx-swap-oob="true"' in body


def test_it_sorts_both_ways(client_for: Any, make: Any) -> None:
    for name, amount in (("Alpha", 3), ("Beta", 1), ("Gamma", 2)):
        make("deals", name=name, amount=Decimal(amount))
    rising = text_of(client_for("sara").get("/r/deals?sort=amount"))
    falling = text_of(client_for("sara").get("/r/deals?sort=-amount"))
    assert rising.index("Beta") < rising.index("Gamma") < rising.index("Alpha")
    assert falling.index("Alpha") < falling.index("Gamma") < falling.index("Beta")


@pytest.mark.parametrize("sort", ["name", "-name", "amount", "-amount", "company", "-created_at", "-next_step_at"])
def test_next_and_previous_walk_the_same_rows(client_for: Any, make: Any, tenant_a: Any, sort: str) -> None:
    with in_tenant(tenant_a):
        company = Company.objects.create(name="C", label="C", label_key="c")
    for i in range(120):
        amount = Decimal(i // 7) if i % 3 else None
        make("deals", name=f"Deal {i:03}", amount=amount, company=company.pk if i % 2 else None)
    client, url, forth = client_for("sara"), f"/r/deals?sort={sort}", []
    while url:
        body = client.get(url).content.decode()
        forth.append(names_in(body))
        last, url = url, link(body, "next")
    assert len(forth) == 3 and len({name for names in forth for name in names}) == 120
    back, url = [], last
    while url:
        body = client.get(url).content.decode()
        back.append(names_in(body))
        url = link(body, "prev")
    assert back == forth[::-1]


def names_in(body: str) -> list[str]:
    return re.findall(r">(Deal \d{3})<", body)


def link(body: str, rel: str) -> str:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', body)
    return unescape(found[1]) if found else ""


def test_a_bad_filter_is_told_and_shows_the_list(client_for: Any, make: Any) -> None:
    make("deals", name="Solar roof")
    response = client_for("sara").get("/r/deals?amount__gte=lots&nonsense=1")
    assert response.status_code == 200 and "There is no such filter." in text_of(response)


def test_a_list_costs_the_same_however_long(client_for: Any, make: Any, tenant_a: Any) -> None:
    client = client_for("reza")
    counts = []
    for upto in (3, 30):
        with in_tenant(tenant_a):
            have = Deal.objects.count()
        for i in range(have, upto):
            company = make("companies", name=f"Company {i}", by="reza")
            make("deals", name=f"Deal {i}", company=company.pk, amount=Decimal(i), by="reza")
        for url in ("/r/deals", "/r/deals?view=board", "/r/companies"):
            client.get(url)
        with CaptureQueriesContext(connections["default"]) as queries:
            for url in ("/r/deals", "/r/deals?view=board", "/r/companies"):
                assert client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_names_are_escaped(client_for: Any, make: Any) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    company = make("companies", name=evil)
    deal = make("deals", name=evil, company=company.pk, amount=Decimal(1))
    client = client_for("sara")
    page = f"/r/deals/{deal.pk}"
    lists = ("/", "/r/deals", "/r/deals?view=board", f"/r/deals?company={company.pk}", "/r/deals?q=%3Cscript%3E")
    for url in (*lists, page, f"{page}/edit", f"{page}/lose", f"/r/companies/{company.pk}"):
        body = client.get(url).content.decode()
        assert "<script>alert" not in body and "<img src=x" not in body, url


def test_a_hidden_field_is_nowhere(client_for: Any, make: Any) -> None:
    deal = make("deals", name="Solar roof", amount=Decimal("98765.43"))
    client = client_for("nima")
    for url in ("/", "/r/deals", "/r/deals?view=board", f"/r/deals/{deal.pk}", "/r/deals/figures", "/r/deals/filters",
                f"/r/deals/{deal.pk}/timeline", "/r/deals/options?q=sol", "/home/won"):  # fmt: skip
        body = client.get(url).content.decode()
        assert "98" not in re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9_-]{24,}", "", text_of(client.get(url))), url
        assert "Amount" not in body, url
    for probe in ("amount__gte=1", "sort=-amount", "sort=amount"):
        text = text_of(client.get(f"/r/deals?{probe}"))
        assert "There is no such filter." in text or "You cannot sort by this." in text
    assert client.get(f"/r/deals/{deal.pk}/cell/amount").status_code == 404


def test_rows_out_of_reach_are_not_there(client_for: Any, make: Any, tenant_a: Any) -> None:
    deal = make("deals", name="Secret of the south", by="mina")
    client = client_for("reza")
    assert "Secret of the south" not in text_of(client.get("/r/deals"))
    assert "Secret of the south" not in text_of(client.get("/r/deals?view=board"))
    for url in ("", "/edit", "/timeline", "/lose", "/cell/name"):
        assert client.get(f"/r/deals/{deal.pk}{url}").status_code == 404, url
    for url in ("/delete", "/restore", "/win", "/move", "/cell/name", "/edit"):
        assert client.post(f"/r/deals/{deal.pk}{url}", {"version": 1, "name": "x"}).status_code == 404, url


def test_what_is_not_there_is_404(client_for: Any) -> None:
    client = client_for("sara")
    for url in ("/r/nonsense", "/r/nonsense/new", f"/r/deals/{uuid4()}", "/r/deals/not-an-id",
                f"/r/deals/{uuid4()}/edit", "/r/contacts/column/" + str(uuid4()), "/trash?type=nonsense"):  # fmt: skip
        assert client.get(url).status_code == 404, url


def test_what_a_role_forbids_is_403(client_for: Any, make: Any) -> None:
    deal = make("deals", name="Solar roof")
    client = client_for("kian")
    assert client.get("/r/deals/new").status_code == 403
    assert client.get(f"/r/deals/{deal.pk}/edit").status_code == 403
    assert client.post(f"/r/deals/{deal.pk}/delete").status_code == 403
    assert client.post(f"/r/deals/{deal.pk}/win").status_code == 403
    assert client.post(f"/r/deals/{deal.pk}/cell/name", {"name": "x"}).status_code == 403
    body = client.get(f"/r/deals/{deal.pk}").content.decode()
    assert "/edit" not in body and "crm-inline" not in body and "/delete" not in body


def test_an_empty_list_helps(client_for: Any) -> None:
    assert "No deals yet" in text_of(client_for("sara").get("/r/deals"))
    text = text_of(client_for("sara").get("/r/deals?q=nothing-like-it"))
    assert "Nothing found" in text and "Clear the filters" in text


def test_sums_come_after_the_page(client_for: Any, make: Any) -> None:
    make("deals", name="One", amount=Decimal("10.25"))
    make("deals", name="Two", amount=Decimal("20.25"))
    client = client_for("sara")
    assert 'hx-get="/r/deals/figures' in client.get("/r/deals").content.decode()
    assert "Sum of amount $30.50" in text_of(client.get("/r/deals/figures"))
    assert "$20.25" in text_of(client.get("/r/deals/figures?q=two"))
    assert text_of(client.get("/r/deals/figures?exact=1")).startswith("2")


def test_filters_are_chosen_and_make_a_clean_address(client_for: Any, make: Any, tenant_a: Any) -> None:
    client = client_for("sara")
    body = client.get("/r/deals/filters?status=open").content.decode()
    assert 'name="status"' in body and 'name="amount__gte"' in body
    won, new = stage(tenant_a, "Won"), stage(tenant_a, "New")
    response = client.get(
        "/r/deals/filters",
        {"apply": "1", "stage": [str(won.pk), str(new.pk)], "amount__gte": "1,000", "amount__lte": "",
         "expected_close_on__gte": "2026-11-21", "q": "x", "status": "", "owner": ""},
    )  # fmt: skip
    assert response.status_code == 303
    url = unescape(response["Location"])
    assert "amount__gte=1000.0000" in url and "expected_close_on__gte=2026-11-21" in url and "status" not in url
    assert f"stage__in={won.pk}%2C{new.pk}" in url and "q=x" in url
    assert client.get(url).status_code == 200
    bad = client.get("/r/deals/filters", {"apply": "1", "amount__gte": "lots"})
    assert bad.status_code == 422 and "lots" in bad.content.decode()


@pytest.mark.parametrize("key", ["company", "tags__not_in"])
def test_filters_know_by_name_what_was_typed_and_not_chosen(client_for: Any, make: Any, key: str) -> None:
    slug = "companies" if key == "company" else "tags"
    one, client = make(slug, name="Caspian"), client_for("sara")
    found = client.get("/r/deals/filters", {"apply": "1", key: "caspian"})
    assert found.headers["Location"] == f"/r/deals?{key}={one.pk}"
    refused = client.get("/r/deals/filters", {"apply": "1", key: ["Caspia", str(one.pk)]})
    assert refused.status_code == 422
    body = unescape(refused.content.decode())
    assert "There is none called “Caspia”." in body
    assert 'value="Caspia"' in body and f'value="{one.pk}"' in body


def test_persian_filters_read_toman_and_jalali(client_for: Any) -> None:
    response = client_for("eve").get(
        "/r/deals/filters", {"apply": "1", "amount__gte": "۱٬۰۰۰", "expected_close_on__lte": "۱۴۰۵/۰۹/۱"}
    )
    assert response.status_code == 303
    url = response["Location"]
    assert "amount__gte=10000.0000" in url and "expected_close_on__lte=2026-11-22" in url


# -- home


def test_home_says_what_to_do_and_how_the_month_goes(client_for: Any, make: Any, tenant_a: Any) -> None:
    now = dt.datetime.now(dt.UTC)
    make("deals", name="Late one", next_step_at=now - dt.timedelta(days=3), amount=Decimal(100), by="reza")
    make("deals", name="Later one", next_step_at=now + dt.timedelta(days=4), by="reza")
    make("deals", name="Bare", by="reza")
    make("deals", name="Of another", next_step_at=now, by="mina")
    make("deals", name="Sold", stage=stage(tenant_a, "Won").pk, amount=Decimal(7000), by="reza")
    text = text_of(client_for("reza").get("/"))
    assert "Overdue" in text and "Late one" in text and "Next 7 days" in text and "Later one" in text
    assert "1 open deal of yours has no next step" in text
    assert "Of another" not in text and "$7k" in text and "1 deal" in text


def test_a_persian_home_counts_jalali_months(client_for: Any) -> None:
    assert client_for("eve").get("/").status_code == 200


def test_the_sidebar_holds_what_answers(client_for: Any) -> None:
    for person in ("sara", "reza", "nima", "kian", "leila"):
        client = client_for(person)
        body = client.get("/").content.decode()
        side = body[body.index('class="side"') : body.index("</nav>")]
        for url in re.findall(r'href="([^"]+)"', side):
            assert client.get(url).status_code in (200, 302, 303), (person, url)


def test_teams_and_members_have_pages_too(client_for: Any, tenant_a: Any) -> None:
    with in_tenant(tenant_a):
        team = Team.objects.all()[0]
    client = client_for("sara")
    for url in ("/r/members", "/r/teams", f"/r/teams/{team.pk}", "/r/stages", "/r/lost-reasons", "/r/roles"):
        assert client.get(url).status_code == 200, url
