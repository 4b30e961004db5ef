"""A field that is masked, read on one's own records only, or only read: what each surface makes of it."""

from decimal import Decimal

import pytest

from kernel.access.actor import actor_for, operator
from kernel.access.models import Role
from kernel.records.change import create, edit
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

SECRET = "Zirconium-9"


@pytest.fixture
def grant(tenant_a):
    """`grant("mina", annual_revenue="masked")`: what reps may do with fields of companies from here on."""

    def say(**levels):
        with in_tenant(tenant_a):
            role = Role.objects.get(code="rep")
            role.rules["types"]["companies"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", **levels}}
            role.save()

    return say


@pytest.fixture
def companies(tenant_a, member):
    """One of Mina's and one of Reza's, both seen by Mina."""
    with in_tenant(tenant_a):
        access = operator().access(registry["companies"])
        made = {}
        for name, annual_revenue in (("mina", "48213"), ("reza", "99777")):
            values = {"name": f"Firm of {name}", "annual_revenue": Decimal(annual_revenue), "owner": member(name).pk}
            made[name] = create(access, {**values, "industry": f"{SECRET}-{name}"})
    return made


def worth_of(api, company):
    return api.get(f"/api/v1/companies/{company.pk}").json().get("annual_revenue")


def test_masked_shows_the_last_two_characters(api_for, grant, companies):
    grant(annual_revenue="masked", industry="masked")
    api = api_for("mina")
    assert worth_of(api, companies["mina"]) == "••••13"
    row = next(r for r in api.get("/api/v1/companies?limit=200").json()["results"] if r["name"] == "Firm of mina")
    assert (row["annual_revenue"], row["industry"]) == ("••••13", "••••na")


def test_masked_covers_a_zero_like_any_other_value(api_for, grant, companies, tenant_a):
    with in_tenant(tenant_a):
        edit(operator().access(registry["companies"]), companies["mina"], {"employees": 0})
    grant(employees="masked")
    told = {
        name: api_for("mina").get(f"/api/v1/companies/{one.pk}").json()["employees"] for name, one in companies.items()
    }
    assert told == {"mina": "••••", "reza": None}


@pytest.mark.parametrize("level", ["masked", "read:own"])
@pytest.mark.parametrize(
    "query",
    [
        "?industry=x",
        "?industry__contains=Zir",
        "?sort=industry",
        "?annual_revenue__gte=1",
        "?sort=-annual_revenue",
        "?annual_revenue__empty=1",
    ],
)
def test_nothing_is_asked_by_what_one_knows_in_part(api_for, grant, companies, level, query):
    grant(annual_revenue=level, industry=level)
    answer = api_for("mina").get(f"/api/v1/companies{query}")
    assert answer.status_code == 400


@pytest.mark.parametrize("level", ["masked", "read:own"])
@pytest.mark.parametrize("query", ["measure=sum:annual_revenue", "measure=count&group=industry"])
def test_nothing_is_added_up_or_gathered_by_it(api_for, grant, companies, level, query):
    grant(annual_revenue=level, industry=level)
    assert api_for("mina").get(f"/api/v1/companies/aggregate?{query}").status_code == 400


@pytest.mark.parametrize("level", ["none", "masked", "read:own"])
def test_a_search_does_not_match_it(api_for, grant, companies, level):
    grant(industry=level)
    assert api_for("mina").get(f"/api/v1/companies?q={SECRET}").json()["results"] == []
    assert api_for("mina").get(f"/api/v1/search?q={SECRET}").json()["results"] == []


@pytest.mark.parametrize("level", ["none", "masked", "read:own"])
def test_no_page_tells_what_is_covered(client_for, grant, companies, level):
    grant(annual_revenue=level, industry=level)
    client = client_for("mina")
    page = f"/r/companies/{companies['reza'].pk}"
    lists = ("/r/companies", "/r/companies?columns=name,annual_revenue,industry", "/r/companies?group=kind")
    for url in (*lists, page, f"{page}/edit", f"{page}/timeline"):
        text = client.get(url).content.decode()
        assert f"{SECRET}-reza" not in text, url
        assert "99,777" not in text, url
        assert "99777" not in text, url


def test_a_masked_field_stands_on_the_page_and_in_the_list(client_for, grant, companies):
    grant(annual_revenue="masked")
    client = client_for("mina")
    assert "••••13" in client.get(f"/r/companies/{companies['mina'].pk}").content.decode()
    assert "••••77" in client.get("/r/companies?columns=name,annual_revenue&view=all").content.decode()


def test_on_own_records_a_field_is_whole_and_on_others_empty(api_for, client_for, grant, companies):
    grant(annual_revenue="edit:own")
    api = api_for("mina")
    assert worth_of(api, companies["mina"])["amount"] == "48213.0000"
    assert worth_of(api, companies["reza"]) is None
    told = {r["name"]: r["annual_revenue"] for r in api.get("/api/v1/companies?limit=200").json()["results"]}
    assert told["Firm of mina"]["amount"] == "48213.0000"
    assert told["Firm of reza"] is None
    assert "48,213" in client_for("mina").get(f"/r/companies/{companies['mina'].pk}").content.decode()


def test_what_is_changed_on_own_records_only_is_unknown_on_others(api_for, grant, companies, in_a):
    grant(annual_revenue="edit:own")
    api = api_for("mina")
    assert api.patch(f"/api/v1/companies/{companies['mina'].pk}", {"annual_revenue": "5"}).status_code == 200
    refused = api.patch(f"/api/v1/companies/{companies['reza'].pk}", {"annual_revenue": "5"})
    unknown = api.patch(f"/api/v1/companies/{companies['reza'].pk}", {"nonsense": "5"})
    assert refused.status_code == unknown.status_code == 400
    assert refused.json()["errors"][0]["message"] == unknown.json()["errors"][0]["message"]


def test_what_is_changed_on_own_records_only_can_be_given_to_a_new_one(api_for, client_for, grant):
    grant(annual_revenue="edit:own")
    made = api_for("mina").post("/api/v1/companies", {"name": "Mine", "annual_revenue": "7"})
    assert made.status_code == 201
    assert made.json()["annual_revenue"]["amount"] == "7.0000"
    assert 'name="annual_revenue"' in client_for("mina").get("/r/companies/new").content.decode()


@pytest.mark.parametrize("level", ["read", "masked"])
def test_writing_what_may_only_be_seen_is_refused_by_its_name_alone(api_for, grant, companies, level):
    grant(annual_revenue=level, industry="none")
    answer = api_for("mina").patch(f"/api/v1/companies/{companies['mina'].pk}", {"annual_revenue": "5"})
    assert answer.status_code == 403
    assert [error["field"] for error in answer.json()["errors"]] == ["annual_revenue"]
    assert "industry" not in answer.content.decode()


def test_history_tells_no_more_than_the_record(api_for, grant, companies, tenant_a):
    with in_tenant(tenant_a):
        access = operator().access(registry["companies"])
        for company in companies.values():
            edit(access, company, {"annual_revenue": Decimal("61234")})
    grant(annual_revenue="read:own")
    api = api_for("mina")
    assert "61234" in api.get(f"/api/v1/companies/{companies['mina'].pk}/timeline").content.decode()
    assert "61234" not in api.get(f"/api/v1/companies/{companies['reza'].pk}/timeline").content.decode()
    grant(annual_revenue="masked")
    told = api.get(f"/api/v1/companies/{companies['mina'].pk}/timeline").content.decode()
    assert "61234" not in told
    assert "34" in told


def test_the_schema_tells_a_masked_field_as_text_that_is_only_read(api_for, grant):
    grant(annual_revenue="masked", industry="none")
    schemas = api_for("mina").get("/api/v1/schema").json()["components"]["schemas"]
    assert schemas["Company"]["properties"]["annual_revenue"]["readOnly"]
    assert "annual_revenue" not in schemas["CompanyUpdate"]["properties"]
    assert "industry" not in schemas["Company"]["properties"]


def test_an_export_holds_what_the_list_shows(tenant_a, member, grant, companies):
    from kernel.transfer.exporting import columns_of

    grant(annual_revenue="masked", industry="read:own")
    with in_tenant(tenant_a):
        access = actor_for(member("mina"), "page").access(registry["companies"])
        columns = {spec.name: spec for spec in columns_of(access, None) if spec}
        company = access.records().get(pk=companies["reza"].pk)
        assert columns["annual_revenue"].value(company) == "••••77"
        assert columns["industry"].value(company) is None


def test_what_one_role_masks_another_may_open(api_for, grant, companies, tenant_a, member):
    grant(annual_revenue="masked")
    with in_tenant(tenant_a):
        rules = {"types": {"companies": {"fields": {"annual_revenue": "read"}}}}
        member("mina").roles.add(Role.objects.create(name="Figures", code="figures", label="Figures", rules=rules))
    assert worth_of(api_for("mina"), companies["mina"])["amount"] == "48213.0000"
