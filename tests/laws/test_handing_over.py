"""What one may do with a record is judged as it stands: by page, API and import alike."""

import json
from io import BytesIO

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from importing import carry_out

from crm_core.sales.models import Deal
from kernel.access.actor import actor_for
from kernel.records.change import create
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant

NAMES = {"reza": "Reza Rep", "mina": "Mina Rep"}


def by_page(client_for, api_for, tenant, deal, owner):
    values = {"name": "Roof", "owner": str(owner.pk)}
    client_for("reza").post(f"/r/deals/{deal.pk}/edit" if deal else "/r/deals/new", values)


def by_api(client_for, api_for, tenant, deal, owner):
    api = api_for("reza")
    if deal:
        api.patch(f"/api/v1/deals/{deal.pk}", {"owner": str(owner.pk)})
    else:
        api.post("/api/v1/deals", {"name": "Roof", "owner": str(owner.pk)})


def by_import(client_for, api_for, tenant, deal, owner):
    file = BytesIO(f"name,owner\nRoof,{owner.name}\n".encode())
    file.name = "deals.csv"
    body = {"file": file, "type": "deals", "options": json.dumps({"match": "name"})}
    answer = api_for("reza").generic("POST", "/api/v1/imports", encode_multipart(BOUNDARY, body), MULTIPART_CONTENT)
    with in_tenant(tenant):
        run = Run.objects.get(pk=answer.json()["id"])
    carry_out(tenant, run)


@pytest.fixture(params=[by_page, by_api, by_import], ids=["page", "api", "import"])
def door(request, client_for, api_for, tenant_a):
    return lambda deal, owner: request.param(client_for, api_for, tenant_a, deal, owner)


@pytest.fixture
def people(tenant_a, member):
    with in_tenant(tenant_a):
        return {name: member(name) for name in NAMES}


def owner_now(tenant):
    with in_tenant(tenant):
        deal = Deal.objects.select_related("owner").filter(name="Roof").first()
        return deal and deal.owner.name


def deal_of(tenant, member):
    with in_tenant(tenant):
        return create(actor_for(member, "page").access(registry["deals"]), {"name": "Roof"})


def test_whoever_holds_a_record_may_hand_it_over(door, tenant_a, people):
    door(deal_of(tenant_a, people["reza"]), people["mina"])
    assert owner_now(tenant_a) == people["mina"].name


def test_nobody_takes_what_another_holds(door, tenant_a, people):
    door(deal_of(tenant_a, people["mina"]), people["reza"])
    assert owner_now(tenant_a) == people["mina"].name


def test_nobody_makes_records_for_others_without_the_right(door, tenant_a, people):
    door(None, people["mina"])
    assert owner_now(tenant_a) is None


def test_one_makes_records_of_ones_own(door, tenant_a, people):
    door(None, people["reza"])
    assert owner_now(tenant_a) == people["reza"].name
