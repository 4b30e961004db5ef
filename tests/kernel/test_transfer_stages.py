"""Stages, sources and reasons that a file brings: made on the way, where whoever imports has the right."""

import io

import pytest
from django.core.exceptions import ValidationError
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from importing import begin, carry_out, import_text, make, records

from crm_core.sales.models import Deal, Pipeline, Stage
from kernel.access.actor import actor_for
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant
from kernel.transfer import answering, imports


@pytest.fixture
def sara(in_a, member):
    return actor_for(member("sara"), "page")


def another_pipeline(member):
    made = make(member, "pipelines", "Partners", position=2)
    for position, kind in enumerate(("open", "won", "lost"), 1):
        make(member, "stages", f"P {kind}", pipeline=made.pk, position=position, kind=kind)
    return made


def in_order(pipeline):
    return list(records("stages").filter(pipeline=pipeline).order_by("position", "pk").values_list("name", flat=True))


def test_an_unknown_stage_is_made_behind_the_open_ones(sara, tenant_a):
    run = import_text(tenant_a, sara, "deals", "name,stage\nA,Engaging\nB,Pilot\n", create_missing=["stage"])
    assert (run.status, run.counts["created"], run.counts["made"]) == ("done", 2, 2)
    deal = Deal.objects.select_related("stage").get(name="A")
    assert (deal.stage.name, deal.stage.kind, deal.stage.probability, deal.status) == ("Engaging", "open", 70, "open")
    wanted = ["New", "Qualified", "Proposal", "Negotiation", "Engaging", "Pilot", "Won", "Lost"]
    assert in_order(deal.pipeline_id) == wanted


@pytest.mark.parametrize(("name", "kind"), [("Closed Won", "won"), ("معامله‌های ناموفق", "lost"), ("Wonder", "open")])
def test_a_stage_closes_its_deals_where_its_name_says_so(sara, tenant_a, name, kind):
    import_text(tenant_a, sara, "deals", f"name,stage\nA,{name}\n", create_missing=["stage"])
    assert Deal.objects.get().status == kind


def test_it_is_made_in_the_pipeline_that_was_chosen(sara, tenant_a):
    partners = another_pipeline(sara.member)
    run = import_text(tenant_a, sara, "deals", "name,stage\nA,Engaging\n")
    (question,) = run.state["unresolved"]
    assert question["can_create"]
    assert [one["label"] for one in question["within"]] == ["Sales", "Partners"]
    answers = [{"field": "stage", "value": "Engaging", "action": "create", "within": str(partners.pk)}]
    answering.answer(run, sara, answers)
    assert carry_out(tenant_a, run).status == "done"
    assert Deal.objects.get().pipeline_id == partners.pk
    assert Stage.objects.get(name="Engaging").pipeline_id == partners.pk


def test_a_pipeline_that_is_none_is_refused(sara, tenant_a):
    run = import_text(tenant_a, sara, "deals", "name,stage\nA,Engaging\n")
    with pytest.raises(ValidationError, match="no such record"):
        answering.answer(run, sara, [{"field": "stage", "action": "create", "within": str(run.pk)}])


def test_whoever_may_not_set_up_pipelines_makes_no_stage(in_a, member, tenant_a):
    leila = actor_for(member("leila"), "page")
    run = import_text(tenant_a, leila, "deals", "name,stage\nA,Engaging\n")
    assert not run.state["unresolved"][0]["can_create"]
    with pytest.raises(ValidationError, match="cannot be created"):
        answering.answer(run, leila, [{"field": "stage", "action": "create"}])
    with pytest.raises(ValidationError, match="cannot be created"):
        begin(leila, "deals", "name,stage\nA,Engaging\n", create_missing=["stage"])


@pytest.mark.parametrize(("field", "slug"), [("source", "sources"), ("lost_reason", "lost-reasons")])
def test_sources_and_reasons_are_made_too(sara, tenant_a, field, slug):
    text = f"name,stage,{field}\nA,Lost,From afar\n"
    run = import_text(tenant_a, sara, "deals", text, create_missing=[field])
    assert run.status == "done"
    made = registry[slug].model.objects.get(name="From afar")
    assert getattr(Deal.objects.get(), f"{field}_id") == made.pk


def test_the_wizard_offers_each_pipeline_and_makes_the_stage_there(client_for, tenant_a, member):
    with in_tenant(tenant_a):
        partners = another_pipeline(member("sara"))
    client = client_for("sara")
    file = io.BytesIO(b"name,stage\nA,Engaging\n")
    file.name = "deals.csv"
    base = client.post("/imports/new", {"type": "deals", "file": file})["Location"].removesuffix("/columns")
    client.post(f"{base}/columns", {"field-0": "name", "field-1": "stage", "match": "name"})
    page = client.get(f"{base}/values").content.decode()
    assert "Create “Engaging” in Sales" in page
    assert f'value="create:{partners.pk}"' in page
    client.post(f"{base}/values", {"stage-0": f"create:{partners.pk}"})
    assert "Engaging" in client.get(f"{base}/preview").content.decode()
    client.post(f"{base}/preview")
    with in_tenant(tenant_a):
        run = Run.objects.get(kind="import")
    assert carry_out(tenant_a, run).status == "done"
    with in_tenant(tenant_a):
        assert Deal.objects.get().pipeline_id == partners.pk


def test_the_api_makes_it_in_the_pipeline_it_names(api_for, tenant_a, member):
    with in_tenant(tenant_a):
        partners = another_pipeline(member("sara"))
    api = api_for("sara")
    file = io.BytesIO(b"name,stage\nA,Engaging\n")
    file.name = "deals.csv"
    body = encode_multipart(BOUNDARY, {"type": "deals", "file": file})
    url = api.generic("POST", "/api/v1/imports", body, MULTIPART_CONTENT).json()["status_url"]
    with in_tenant(tenant_a):
        run = Run.objects.get(kind="import")
    carry_out(tenant_a, run)
    assert api.get(url).json()["unresolved"][0]["within"][1]["id"] == str(partners.pk)
    answers = [{"field": "stage", "action": "create", "within": str(partners.pk)}]
    assert api.post(f"{url}/resolve", {"answers": answers}).json()["status"] == "queued"
    assert carry_out(tenant_a, run).status == "done"
    with in_tenant(tenant_a):
        assert Stage.objects.get(name="Engaging").pipeline_id == partners.pk


def test_taking_back_leaves_a_stage_that_other_deals_stand_on(sara, tenant_a):
    run = import_text(tenant_a, sara, "deals", "name,stage\nA,Engaging\nB,Pilot\n", create_missing=["stage"])
    engaging = Stage.objects.get(name="Engaging")
    make(sara.member, "deals", "Mine", stage=engaging.pk)
    undoing = carry_out(tenant_a, imports.undo_import(run, sara))
    assert (undoing.status, undoing.counts["conflicts"]) == ("done", 1)
    assert list(records("stages").filter(name__in=["Engaging", "Pilot"]).values_list("name", flat=True)) == ["Engaging"]
    assert list(records("deals").values_list("name", flat=True)) == ["Mine"]
    assert Pipeline.objects.filter(deleted_at=None).count() == 1
