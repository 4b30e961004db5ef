"""The reports on lead sources and on open deals without a next step; that on won deals has a file of its own."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from openpyxl import load_workbook

from crm_core.leads.models import Lead
from crm_core.reporting.catalogue import read_question
from crm_core.reporting.runs import start_report
from kernel.access.actor import actor_for
from kernel.access.models import Role
from kernel.lib.format import Format
from kernel.records.change import create, edit
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant, tenant_only


@pytest.fixture
def make(tenant_a, member):
    def make(slug, who="sara", **values):
        with in_tenant(tenant_a):
            return create(actor_for(member(who), "page").access(registry[slug]), values)

    return make


@pytest.fixture
def ask(tenant_a, member):
    """`ask("sara", report="sources")`: the run, done, and its lines as {label: {column: figure}}."""

    def ask(name="sara", **asked):
        with in_tenant(tenant_a):
            actor = actor_for(member(name), "page")
            run = start_report(actor, read_question(asked, actor))
        with tenant_only(tenant_a):
            work(str(run.pk))
        with in_tenant(tenant_a):
            run.refresh_from_db()
        assert run.status == "done", run.error
        names = [column["name"] for column in run.result["columns"]]
        lines = [*run.result["lines"], run.result["total"]]
        return run, {line["label"]: dict(zip(names, line["figures"], strict=True)) for line in lines}

    return ask


@pytest.fixture
def fair(make, api_for):
    """A source with two leads, one of which became a deal that was won for 700."""
    source = make("sources", name="Fair")
    first, _second = (make("leads", name=f"Lead {number}", source=source.pk) for number in range(2))
    api = api_for("sara")
    told = api.post(f"/api/v1/leads/{first.pk}/convert", {"deal_amount": "700"}).json()
    assert api.post(f"/api/v1/deals/{told['deal']['id']}/win").status_code == 200
    return source


def test_what_each_source_brings(fair, make, ask):
    make("leads", name="Of nowhere")
    _run, lines = ask(report="sources")
    assert lines["Fair"] == {
        "leads": 2, "qualified": 1, "qualified_share": 50, "won": 1, "won_share": 50, "amount": "700.0000",
    }  # fmt: skip
    assert lines["None"]["leads"] == 1
    assert lines["Total"]["leads"] == 3 and Decimal(lines["Total"]["amount"]) == 700


def test_each_figure_leads_to_its_leads(fair, ask, client_for):
    run, _lines = ask(report="sources")
    page = client_for("sara").get(f"/reports/{run.pk}").content.decode()
    assert "Fair" in page and "50%" in page and "$700" in page
    line = run.result["lines"][0]
    listed = client_for("sara").get(line["urls"][3]).content.decode()
    assert "Lead 0" in listed and "Lead 1" not in listed


@pytest.mark.parametrize("period", ["last_month", "this_month"])
def test_what_a_source_costs_is_told_where_it_is_known(fair, make, ask, tenant_a, member, monkeypatch, period):
    """A whole month costs a month, half of one a half; a source that brings nothing costs all the same."""
    monkeypatch.setattr(Format, "today", lambda self: date(2026, 11, 15))
    with in_tenant(tenant_a):
        Lead.objects.update(created_at=datetime(2026, 10 if period == "last_month" else 11, 3, tzinfo=UTC))
        edit(actor_for(member("sara"), "page").access(registry["sources"]), fair, {"monthly_cost": Decimal(90)})
    make("sources", name="Silent", monthly_cost=Decimal(30))
    _run, lines = ask(report="sources", period=period)
    whole = period == "last_month"
    assert lines["Fair"]["cost"] == ("90.00" if whole else "45.00")
    assert lines["Fair"]["cost_per_lead"] == ("45.00" if whole else "22.50")
    assert (lines["Silent"]["leads"], lines["Silent"]["cost"]) == (0, "30.00" if whole else "15.00")
    assert lines["Total"]["cost"] == ("120.00" if whole else "60.00")


def test_costs_that_a_role_hides_are_not_told(fair, ask, tenant_a, member):
    with in_tenant(tenant_a):
        edit(actor_for(member("sara"), "page").access(registry["sources"]), fair, {"monthly_cost": Decimal(90)})
        role = Role.objects.get(code="manager")
        role.rules["types"]["sources"] = {"verbs": {"*": "none", "view": "all"}, "fields": {"monthly_cost": "none"}}
        role.save()
    _run, lines = ask("leila", report="sources")
    assert "cost" not in lines["Fair"]
    assert "cost" in ask("sara", report="sources")[1]["Fair"]


def test_sources_that_a_role_does_not_show_are_told_as_one(fair, make, ask, tenant_a):
    make("leads", name="Of nowhere")
    with in_tenant(tenant_a):
        role = Role.objects.get(code="manager")
        role.rules["types"]["sources"] = {"verbs": {"*": "none"}}
        role.save()
    run, lines = ask("leila", report="sources")
    assert (lines["Not visible to you"]["leads"], lines["None"]["leads"]) == (2, 1)
    assert Decimal(lines["Not visible to you"]["amount"]) == 700
    assert "Fair" not in str(run.result)


def test_the_workbook_has_the_same_figures(fair, ask, client_for):
    run, _lines = ask(report="sources")
    browser = client_for("sara")
    link = browser.get(f"/reports/{run.pk}/download/xlsx")
    data = b"".join(browser.get(link["Location"]).streaming_content)
    rows = list(load_workbook(io.BytesIO(data)).active.values)
    assert rows[0] == ("Lead source", "Leads", "Qualified", "Qualified, %", "Won", "Won, %", "Won amount", "Currency")
    assert rows[1] == ("Fair", 2, 1, 50, 1, 50, 700, "USD")


def test_who_may_not_see_amounts_is_refused_over_the_api_too(api_for, client_for):
    assert api_for("nima").post("/api/v1/report-runs", {"report": "sources"}).status_code == 403
    assert client_for("nima").post("/reports", {"report": "next-steps"}).status_code == 403


def test_an_unknown_report_is_told_on_its_field(api_for):
    answer = api_for("sara").post("/api/v1/report-runs", {"report": "profit"})
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "report"


# -- open deals without a next step


@pytest.fixture
def deals(make, tenant_a, member):
    now = timezone.now()
    stages = registry["stages"].model
    for owner, name, due, amount in (
        ("reza", "Bare", None, 100), ("reza", "Planned", now + timedelta(days=2), 10),
        ("reza", "Late", now - timedelta(days=2), 20), ("mina", "Bare too", None, 5),
    ):  # fmt: skip
        with in_tenant(tenant_a):
            owner_id = member(owner).pk
        make("deals", name=name, next_step_at=due, amount=Decimal(amount), owner=owner_id)
    with in_tenant(tenant_a):
        won = stages.objects.get(kind="won").pk
    make("deals", name="Won", stage=won, amount=Decimal(1000))


def test_open_deals_without_a_next_step_and_late_ones_are_counted_by_owner(deals, ask):
    _run, lines = ask(report="next-steps")
    assert lines["Reza Rep"] == {"open": 3, "bare": 1, "bare_share": 33, "amount": "100.0000", "late": 1}
    assert lines["Mina Rep"]["bare_share"] == 100
    assert (lines["Total"]["open"], lines["Total"]["bare"], Decimal(lines["Total"]["amount"])) == (4, 2, 105)


def test_a_rep_is_told_of_deals_in_reach(deals, ask):
    _run, lines = ask("reza", report="next-steps", by="stage")
    assert lines["Total"]["open"] == 3


def test_its_figures_lead_to_the_deals(deals, ask, client_for):
    run, _lines = ask(report="next-steps")
    line = next(line for line in run.result["lines"] if line["label"] == "Reza Rep")
    bare, late = (client_for("sara").get(line["urls"][place]).content.decode() for place in (1, 4))
    assert "Bare" in bare and "Bare too" not in bare and "Planned" not in bare
    assert ">Late<" in late and "Planned" not in late


def test_the_three_forms_stand_on_the_page_and_start_their_reports(client_for, tenant_a):
    browser = client_for("sara")
    page = browser.get("/reports").content.decode()
    for code in ("won", "sources", "next-steps"):
        assert f'name="report" value="{code}"' in page
    assert browser.post("/reports", {"report": "next-steps", "by": "stage"}).status_code == 302
    with in_tenant(tenant_a):
        assert Run.objects.latest("created_at").params["report"] == "next-steps"


def test_a_report_made_under_wider_rights_shows_nothing_to_a_narrowed_role(ask, client_for, tenant_a):
    run, _lines = ask("leila", report="next-steps")
    leila, url = client_for("leila"), f"/reports/{run.pk}"
    assert leila.get(f"{url}/download/csv").status_code == 302
    with in_tenant(tenant_a):
        role = Role.objects.get(code="manager")
        role.rules["types"]["deals"] = {"verbs": {"*": "own"}}
        role.save(update_fields=["rules"])
    page = leila.get(url)
    assert (page.status_code, "<tfoot>" in page.content.decode()) == (200, False)
    assert leila.get(f"{url}/download/csv").status_code == 404
