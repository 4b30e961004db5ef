"""The report on won deals: as a run, on its pages, and in its files."""

import io
from datetime import date
from decimal import Decimal
from unittest import mock

import pytest
from openpyxl import load_workbook

from crm_core.reporting.catalogue import read_question
from crm_core.reporting.runs import start_report
from crm_core.sales.models import Stage
from kernel.access.actor import actor_for
from kernel.records.change import create
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import ATTEMPTS, cancel, work
from kernel.tenancy.context import in_tenant


@pytest.fixture
def won(tenant_a, member):
    """Two deals of reza's and one of mina's, 10, 5 and 7, won on days of two months."""
    with in_tenant(tenant_a):
        actor = actor_for(member("sara"), "page")
        product = create(actor.access(registry["products"]), {"name": "GTX"})
        stage = Stage.objects.get(kind="won").pk
        for owner, price, day in (("reza", 10, 1), ("reza", 5, 2), ("mina", 7, 28)):
            line = {"product": product.pk, "quantity": Decimal(1), "price": Decimal(price), "discount": Decimal(0)}
            values = {"name": "D", "stage": stage, "owner": member(owner).pk, "lines": [line]}
            create(actor.access(registry["deals"]), {**values, "closed_on": date(2026, 3 if day > 20 else 4, day)})


def make(tenant, member, name="sara", **asked) -> Run:
    with in_tenant(tenant):
        actor = actor_for(member(name), "page")
        run = start_report(actor, read_question(asked, actor))
    work_on(tenant, run)
    return run


def lines_of(run):
    return [(line["label"], line["figures"]) for line in run.result["lines"]]


def work_on(tenant, run):
    from kernel.tenancy.context import tenant_only

    with tenant_only(tenant):
        work(str(run.pk))
    with in_tenant(tenant):
        run.refresh_from_db()


@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ("owner", [("Reza Rep", 2, "15.0000"), ("Mina Rep", 1, "7.0000")]),
        ("team", [("North", 2, "15.0000"), ("South", 1, "7.0000")]),
        ("product", [("GTX", 3, "22.0000")]),
        ("month", [("March 2026", 1, "7.0000"), ("April 2026", 2, "15.0000")]),
    ],
)
def test_won_deals_are_summed_and_counted(won, tenant_a, member, by, lines):
    run = make(tenant_a, member, by=by)
    assert run.status == "done"
    told = [(label, count, f"{Decimal(amount):.4f}") for label, (count, amount) in lines_of(run)]
    assert told == lines
    assert Decimal(run.result["total"]["figures"][1]) == 22


def test_months_can_be_jalali(won, tenant_a, member):
    run = make(tenant_a, member, by="month", calendar="jalali")
    assert [figures[0] for _label, figures in lines_of(run)] == [3]


def test_a_period_bounds_the_deals_and_the_links(won, tenant_a, member):
    run = make(tenant_a, member, by="owner", **{"from": "2026-04-01", "to": "2026-04-30"})
    [line] = run.result["lines"]
    assert line["figures"][0] == 2
    assert "closed_on__gte=2026-04-01" in line["url"]


def test_a_month_leads_to_the_deals_of_its_first_day_to_its_last(won, tenant_a, member):
    march = make(tenant_a, member, by="month").result["lines"][0]
    assert "closed_on__gte=2026-03-01&closed_on__lte=2026-03-31" in march["url"]
    within = make(tenant_a, member, by="month", **{"from": "2026-04-02", "to": "2026-04-30"}).result["lines"][0]
    assert "closed_on__gte=2026-04-01" not in within["url"]


def test_a_rep_sums_only_the_deals_in_reach(won, tenant_a, member):
    run = make(tenant_a, member, name="reza", by="owner")
    assert [label for label, _figures in lines_of(run)] == ["Reza Rep"]
    assert Decimal(run.result["total"]["figures"][1]) == 15


def test_the_page_shows_figures_and_the_workbook_has_the_same(won, tenant_a, member, client_for):
    run = make(tenant_a, member, by="owner")
    browser = client_for("sara")
    page = browser.get(f"/reports/{run.pk}").content.decode()
    assert "Reza Rep" in page
    assert "$22" in page
    link = browser.get(f"/reports/{run.pk}/download/xlsx")
    data = b"".join(browser.get(link["Location"]).streaming_content)
    rows = list(load_workbook(io.BytesIO(data)).active.values)
    assert rows[1:] == [("Reza Rep", 2, 15, "USD"), ("Mina Rep", 1, 7, "USD"), ("Total", 3, 22, "USD")]


def test_a_report_is_shown_to_nobody_but_its_asker(won, tenant_a, member, client_for):
    run = make(tenant_a, member, by="owner")
    assert client_for("leila").get(f"/reports/{run.pk}").status_code == 404
    assert client_for("eve").get(f"/reports/{run.pk}").status_code == 404


def test_who_may_not_see_amounts_gets_no_report(client_for):
    assert client_for("nima").get("/reports").status_code == 403


def test_a_wrong_period_is_told_on_its_field(client_for):
    answer = client_for("sara").post("/reports", {"by": "owner", "from": "2026-05-01", "to": "2026-04-01"})
    assert answer.status_code == 422
    assert "The last day comes before the first." in answer.content.decode()


def test_a_worker_killed_between_steps_is_followed_by_one_that_goes_on(won, tenant_a, member):
    with in_tenant(tenant_a):
        actor = actor_for(member("sara"), "page")
        run = start_report(actor, read_question({"by": "owner"}, actor))
    with mock.patch("crm_core.reporting.runs._write", side_effect=SystemExit), pytest.raises(SystemExit):
        work_on(tenant_a, run)
    with in_tenant(tenant_a):
        Run.objects.filter(pk=run.pk).update(lease_until=None)
    with mock.patch("crm_core.reporting.runs._figures") as figures:
        work_on(tenant_a, run)
    assert not figures.called
    assert run.status == "done"
    assert run.attempt == 2


def test_a_run_held_by_a_worker_is_not_taken_by_another(won, tenant_a, member):
    with in_tenant(tenant_a):
        actor = actor_for(member("sara"), "page")
        run = start_report(actor, read_question({"by": "owner"}, actor))
        from django.utils import timezone

        Run.objects.filter(pk=run.pk).update(status="running", lease_until=timezone.now() + timezone.timedelta(hours=1))
    work_on(tenant_a, run)
    assert run.attempt == 0


def test_a_run_interrupted_too_often_fails_with_a_reason(won, tenant_a, member):
    with in_tenant(tenant_a):
        actor = actor_for(member("sara"), "page")
        run = start_report(actor, read_question({"by": "owner"}, actor))
        Run.objects.filter(pk=run.pk).update(attempt=ATTEMPTS)
    work_on(tenant_a, run)
    assert run.status == "failed"
    assert "too often" in run.error


def test_a_cancelled_run_does_no_work(won, tenant_a, member):
    with in_tenant(tenant_a):
        actor = actor_for(member("sara"), "page")
        run = start_report(actor, read_question({"by": "owner"}, actor))
        cancel(run)
    work_on(tenant_a, run)
    assert run.status == "cancelled"
    assert run.result == {}


def test_the_api_answers_the_same_figures(won, tenant_a, api_for):
    api = api_for("sara")
    started = api.post("/api/v1/report-runs", {"by": "owner"})
    assert started.status_code == 202
    with in_tenant(tenant_a):
        run = Run.objects.get(pk=started.json()["id"])
    work_on(tenant_a, run)
    told = api.get(started.json()["status_url"]).json()
    assert told["status"] == "done"
    figures = [(line["label"], line["amount"]) for line in told["lines"]]
    money = [{"amount": "15.0000", "currency": "USD"}, {"amount": "7.0000", "currency": "USD"}]
    assert figures == list(zip(["Reza Rep", "Mina Rep"], money, strict=True))
    assert started.json()["result_url"] is None and told["problems_url"] is None
    assert api.get(told["result_url"])["Content-Type"].startswith("text/csv")
    grouped = api.get("/api/v1/deals/aggregate?measure=sum:amount&group=owner&status=won").json()
    assert [Decimal(g["figures"]["sum:amount"]["amount"]) for g in grouped["results"]] == [15, 7]
