"""What a web form was sent, kept as it was sent: for whoever may read the lead, and for a time."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from crm_core.leads.forms.kept import KEPT, forget_submissions
from crm_core.leads.models import Lead, Submission
from kernel.access.actor import operator
from kernel.access.models import Role
from kernel.events.models import Event
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

SENT = {"name": "Nora Berg", "phone": "+1 617 555 0188", "budget": "20,000", "utm_source": "fair"}


@pytest.fixture
def sent(tenant_a, at):
    """`sent(budget="…")`: the lead that a form of A made of what was sent to it."""
    with in_tenant(tenant_a):
        access = operator().access(registry["lead-forms"])
        source = create(operator().access(registry["sources"]), {"name": "Fair site"})
        create(access, {"name": "Site", "address": "site", "source": source.pk, "origins": "https://fair.example"})

    def send(as_json=True, **more):
        client, values = at("a"), SENT | more
        kind = {"content_type": "application/json"} if as_json else {}
        body = json.dumps(values) if as_json else values
        answer = client.post("/f/site", body, HTTP_ORIGIN="https://fair.example", **kind)
        assert answer.status_code == 201, answer.content
        with in_tenant(tenant_a):
            return Lead.objects.latest("created_at")

    return send


def kept(tenant):
    with in_tenant(tenant):
        return list(Submission.objects.order_by("at"))


@pytest.mark.parametrize("as_json", [True, False])
def test_what_the_form_does_not_ask_for_is_kept_too(sent, tenant_a, as_json):
    lead = sent(as_json)
    (one,) = kept(tenant_a)
    assert one.lead_id == lead.pk and one.site == "https://fair.example"
    assert one.sent == SENT
    with in_tenant(tenant_a):
        assert one.source.name == "Fair site" and one.form.name == "Site"


def test_secrets_are_not_kept(sent, tenant_a):
    sent(password="pw-1", card_number="4111", nested={"api_key": "k", "plan": "gold"}, idempotency_key="i")
    (one,) = kept(tenant_a)
    assert one.sent["password"] == one.sent["card_number"] == "•••"
    assert json.loads(one.sent["nested"]) == {"api_key": "•••", "plan": "gold"}
    assert "idempotency_key" not in one.sent


def test_the_history_of_the_lead_does_not_hold_it(sent, tenant_a):
    lead = sent(budget="only-in-the-payload")
    with in_tenant(tenant_a):
        assert "only-in-the-payload" not in json.dumps(Event.objects.get(record_id=lead.pk).changes)


def test_it_stands_on_the_page_of_the_lead_and_in_the_api(sent, client_for, api_for):
    lead = sent()
    page = client_for("sara").get(f"/r/leads/{lead.pk}").content.decode()
    assert "As it was sent" in page and "budget" in page and "20,000" in page
    (one,) = api_for("sara").get(f"/api/v1/leads/{lead.pk}/submissions").json()["results"]
    assert one["sent"] == SENT and one["source"]["label"] == "Fair site" and one["form"]["label"] == "Site"


@pytest.mark.parametrize("level", ["none", "masked"])
def test_whoever_may_not_read_a_field_of_the_form_reads_none_of_it(sent, tenant_a, client_for, api_for, level):
    lead = sent()
    with in_tenant(tenant_a):
        role = Role.objects.get(code="manager")
        role.rules["types"]["leads"] = {"fields": {"phone": level}}
        role.save()
    assert "20,000" not in client_for("leila").get(f"/r/leads/{lead.pk}").content.decode()
    assert api_for("leila").get(f"/api/v1/leads/{lead.pk}/submissions").json()["results"] == []


def test_a_lead_out_of_reach_is_not_found(sent, api_for):
    lead = sent()
    assert api_for("mina").get(f"/api/v1/leads/{lead.pk}/submissions").status_code == 404
    assert api_for("eve").get(f"/api/v1/leads/{lead.pk}/submissions").status_code == 404


def test_what_merged_leads_were_sent_stands_with_the_one_that_stays(sent, tenant_a, api_for):
    one, other = sent(), sent(budget="30,000")
    answer = api_for("sara").post(f"/api/v1/leads/{one.pk}/merge", {"others": [str(other.pk)]})
    assert answer.status_code in (200, 202), answer.content
    told = api_for("sara").get(f"/api/v1/leads/{one.pk}/submissions").json()["results"]
    assert {entry["sent"]["budget"] for entry in told} == {"20,000", "30,000"}


def test_after_half_a_year_it_is_forgotten_and_the_lead_stays(sent, tenant_a):
    lead, _young = sent(), sent()
    with in_tenant(tenant_a):
        Submission.objects.filter(lead=lead).update(at=timezone.now() - KEPT - timedelta(minutes=1))
        assert forget_submissions() is False
        assert Submission.objects.count() == 1
        assert Lead.objects.filter(pk=lead.pk).exists()
