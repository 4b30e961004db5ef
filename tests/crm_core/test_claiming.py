"""Taking a lead of the team's queue: by whoever comes first, on the page and over the API."""

import pytest

from crm_core.leads.models import Lead
from kernel.access.actor import actor_for
from kernel.access.models import Team
from kernel.events.models import Event
from kernel.records.change import Stale, create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def queued(tenant_a, member):
    """`queued()`: a lead of team North that is nobody's."""

    def make(team="North", **values):
        with in_tenant(tenant_a):
            actor = actor_for(member("sara"), "import")
            values |= {"name": "Nora Berg", "team": Team.objects.get(name=team).pk}
            return create(actor.access(registry["leads"]), values)

    return make


def owner_of(tenant, lead):
    with in_tenant(tenant):
        return Lead.objects.get(pk=lead.pk).owner


def test_a_rep_takes_a_lead_of_the_own_team_on_its_page(queued, tenant_a, client_for, member):
    lead, browser = queued(), client_for("reza")
    assert f"/r/leads/{lead.pk}/claim" in browser.get(f"/r/leads/{lead.pk}").content.decode()
    browser.post(f"/r/leads/{lead.pk}/claim")
    assert owner_of(tenant_a, lead).name == "Reza Rep"
    with in_tenant(tenant_a):
        assert Event.objects.filter(record_id=lead.pk, name="lead.claimed").count() == 1
        assert Lead.objects.get(pk=lead.pk).team.name == "North"


def test_the_second_is_told_who_was_faster(queued, tenant_a, api_for, member):
    lead = queued("South")
    assert api_for("leila").post(f"/api/v1/leads/{lead.pk}/claim").status_code == 200
    second = api_for("mina").post(f"/api/v1/leads/{lead.pk}/claim")
    assert second.status_code == 409
    assert "Leila Manager" in second.json()["detail"].replace("\u2068", "") and "faster" in second.json()["detail"]
    assert owner_of(tenant_a, lead).name == "Leila Manager"


def test_of_two_that_saw_it_free_one_has_it_and_the_other_reads_why(queued, tenant_a, client_for, member, monkeypatch):
    """The page looks before it takes: what happened in between is told by the taking itself."""
    lead = queued()
    with in_tenant(tenant_a):
        seen = Lead.objects.get(pk=lead.pk)
        theirs = actor_for(member("leila"), "page").access(registry["leads"])
        registry["leads"].verb("claim").action(Lead.objects.get(pk=lead.pk), theirs)
    monkeypatch.setattr("kernel.web.edit.record_of", lambda access, pk: seen)
    answer = client_for("reza").post(f"/r/leads/{lead.pk}/claim", follow=True)
    assert "Leila Manager" in answer.content.decode()
    assert owner_of(tenant_a, lead).name == "Leila Manager"


def test_the_race_over_the_api_is_a_conflict(queued, tenant_a, api_for, member, monkeypatch):
    lead = queued()
    with in_tenant(tenant_a):
        seen = Lead.objects.get(pk=lead.pk)
        theirs = actor_for(member("leila"), "page").access(registry["leads"])
        registry["leads"].verb("claim").action(Lead.objects.get(pk=lead.pk), theirs)
    monkeypatch.setattr("kernel.api.records.RecordEndpoint.record", lambda *args, **more: seen)
    answer = api_for("reza").post(f"/api/v1/leads/{lead.pk}/claim")
    assert answer.status_code == 409 and "Leila Manager" in answer.json()["detail"]


def test_a_lead_of_another_team_is_out_of_reach(queued, client_for):
    assert client_for("reza").post(f"/r/leads/{queued('South').pk}/claim").status_code == 404


def test_who_may_only_read_takes_nothing(queued, api_for):
    assert api_for("kian").post(f"/api/v1/leads/{queued().pk}/claim").status_code == 403


def test_what_has_an_owner_is_not_offered(queued, client_for):
    lead, browser = queued(), client_for("reza")
    browser.post(f"/r/leads/{lead.pk}/claim")
    assert "/claim" not in browser.get(f"/r/leads/{lead.pk}").content.decode()


def test_every_type_with_owners_can_be_claimed(tenant_a, member):
    with in_tenant(tenant_a):
        verb = registry["companies"].verb("claim")
        company = create(actor_for(member("sara"), "import").access(registry["companies"]), {"name": "Nova"})
        access = actor_for(member("leila"), "page").access(registry["companies"])
        verb.action(company, access)
        assert company.owner == member("leila")
        with pytest.raises(Stale):
            verb.action(company, access)
