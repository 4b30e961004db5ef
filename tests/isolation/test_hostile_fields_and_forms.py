"""Custom fields, views and web forms against what no page of ours sends, and against changes that came to nothing."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from own_fields import make

from crm_core.leads.models import Lead, LeadRules
from kernel.access.actor import actor_for, operator
from kernel.access.models import Role
from kernel.lib.ids import uuid7
from kernel.records.change import create, edit
from kernel.records.models import CustomField
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant


@pytest.fixture
def form(tenant_a: Any) -> Any:
    with in_tenant(tenant_a):
        values = {"name": "Site", "address": "site", "language": "en"}
        return create(operator().access(registry["lead-forms"]), values)


@pytest.mark.parametrize("name", ["name", "message", "page", "utm_source", "idempotency_key"])
def test_half_a_character_loses_no_message(form: Any, at: Any, tenant_a: Any, name: str) -> None:
    sent = {"name": "Ann", "phone": "+12125550123", name: "x\ud800"}
    assert at("a").post("/f/site", json.dumps(sent), content_type="application/json").status_code == 201
    with in_tenant(tenant_a):
        assert Lead.objects.get().name in ("Ann", "x?")


@pytest.mark.parametrize("address", ["%00", "site%00", "%ed%a0%80"])
def test_no_form_has_an_address_that_cannot_be_stored(form: Any, at: Any, address: str) -> None:
    assert at("a").get(f"/f/{address}").status_code == 404


@pytest.mark.parametrize("tree", [[], [[]], {"field": "amount", "op": "gte", "value": 1.5}])
def test_the_filter_of_a_view_may_be_any_json(api_for: Any, tree: Any) -> None:
    sent = {"type": "deals", "name": "Mine", "params": {"filter": tree}}
    assert api_for("sara").post("/api/v1/views", sent).status_code in (201, 400)


class _TakenBack(Exception):
    pass


def test_fields_as_they_were_in_a_change_that_was_rolled_back_are_never_shown(tenant_a: Any) -> None:
    def name() -> str:
        return str(registry["companies"].specs()["custom.code"].label)

    with in_tenant(tenant_a):
        field = make("text", "First", code="code")
        assert name() == "First"
    with pytest.raises(_TakenBack), in_tenant(tenant_a):
        edit(operator().access(registry["custom-fields"]), CustomField.objects.get(pk=field.pk), {"name": "Never"})
        assert name() == "Never"
        raise _TakenBack
    with in_tenant(tenant_a), connection.cursor() as cursor:  # by another process, which takes the same next version
        cursor.execute("UPDATE records_customfield SET name = 'Second', version = 2 WHERE id = %s", [field.pk])
    with in_tenant(tenant_a):
        assert name() == "Second"


def test_search_says_nothing_of_a_hidden_own_field(tenant_a: Any, member: Any, api_for: Any, client_for: Any) -> None:
    """Everything that looks for words: lists, pickers, the search over all types."""
    with in_tenant(tenant_a):
        make("text", "Secret", record_type="deals", code="secret", searchable=True)
        values = {"name": "Pumps", "owner": member("reza").pk, "custom.secret": "Zebra crossing"}
        create(actor_for(member("sara"), "page").access(registry["deals"]), values)
        role = Role.objects.get(code="rep")
        role.rules["types"]["deals"] = {"fields": {"*": "edit", "custom.secret": "none"}}
        role.save()
    for words in ("zebra", "zebar", "pumps zebra"):
        for name, finds in (("sara", words != "zebar"), ("reza", False)):
            rows = api_for(name).get("/api/v1/deals", {"q": words}).json()["results"]
            offered = client_for(name).get("/r/deals/options", {"q": words}).json()
            assert (bool(rows), bool(offered)) == (finds, finds)
        assert b"Pumps" not in client_for("reza").get("/search", {"q": words}).content
    assert b"crossing" in client_for("sara").get("/search", {"q": "zebra"}).content


@pytest.fixture
def rep_may_not(tenant_a: Any) -> Any:
    """`rep_may_not(deals={"amount": "read"})`: levels of fields for reps."""

    def set_levels(**levels: Any) -> None:
        with in_tenant(tenant_a):
            role = Role.objects.get(code="rep")
            for slug, fields in levels.items():
                role.rules["types"].setdefault(slug, {})["fields"] = {"*": "edit", **fields}
            role.save()

    return set_levels


@pytest.fixture
def lead(tenant_a: Any, member: Any) -> Any:
    with in_tenant(tenant_a):
        return create(
            actor_for(member("reza"), "page").access(registry["leads"]), {"name": "Ann", "phone": "+12125550123"}
        )


@pytest.mark.parametrize("level", ["read", "none"])
def test_converting_sets_no_field_that_is_not_ones_to_set(
    rep_may_not: Any, lead: Any, api_for: Any, level: str
) -> None:
    rep_may_not(deals={"amount": level})
    url, sent = f"/api/v1/leads/{lead.pk}/convert", {"deal_name": "New", "deal_amount": "99"}
    assert api_for("reza").post(url, sent).status_code == 400
    assert api_for("reza").get("/api/v1/deals").json()["results"] == []
    assert api_for("reza").post(url, {"deal_name": "New"}).status_code == 200


def test_converting_names_no_hidden_field(rep_may_not: Any, lead: Any, api_for: Any, tenant_a: Any) -> None:
    rep_may_not(leads={"email": "none"})
    with in_tenant(tenant_a):
        rules = LeadRules.objects.first() or LeadRules()
        rules.needed_to_convert = ["email", "company_name"]
        rules.save()
    answer = api_for("reza").post(f"/api/v1/leads/{lead.pk}/convert")
    assert [error["field"] for error in answer.json()["errors"] if error["field"]] == ["company_name"]
    assert b"email" not in answer.content.lower()


def test_taking_back_names_no_record_out_of_reach(tenant_a: Any, member: Any, client_for: Any) -> None:
    change_set = uuid7()
    with in_tenant(tenant_a):
        deals = actor_for(member("sara"), "page").access(registry["deals"])
        for values in ({"name": "Near", "owner": member("reza").pk}, {"name": "Far away"}):
            edit(deals, create(deals, values), {"amount": 5}, change_set=change_set)
        role = Role.objects.get(code="rep")
        role.rules["system"] = [*role.rules.get("system", []), "bulk"]
        role.save()
    client = client_for("reza")
    assert client.post(f"/changes/{change_set}/undo").status_code == 303
    with in_tenant(tenant_a):
        run = Run.objects.get(kind="undo")
    assert run.counts["conflicts"] == 1
    told = b"".join(client.get(f"/changes/{run.pk}/problems").streaming_content)
    assert b"Far away" not in told + client.get(f"/changes/{run.pk}").content


def test_of_two_that_finish_an_upload_one_waits(tenant_a: Any, member: Any, client_for: Any) -> None:
    with in_tenant(tenant_a):
        deal = create(actor_for(member("reza"), "page").access(registry["deals"]), {"name": "A"})
    client = client_for("reza")
    url = client.post("/uploads", {"name": "a.txt", "size": "5", "about": f"deals:{deal.pk}"}).json()["url"]
    client.put(f"{url}/1", b"hello", content_type="application/octet-stream")
    with CaptureQueriesContext(connection) as queries:
        assert client.post(url).status_code == 201
    assert any("FOR UPDATE" in query["sql"] and "upload" in query["sql"] for query in queries)
    assert client.post(url).status_code == 404
