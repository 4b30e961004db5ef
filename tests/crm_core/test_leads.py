"""Leads: what they begin with, what they become, and the way back."""

import io
from datetime import timedelta

import own_fields
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm_core.contacts.models import Company, Contact
from crm_core.leads.models import Lead, LeadRules, LeadStatus, QualificationItem
from crm_core.sales.models import Deal
from kernel.access.actor import actor_for, operator
from kernel.attachments.keeping import keep
from kernel.events.models import Event
from kernel.records.change import create, edit
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def make(member, tenant_a):
    """`make("leads", name=…)` as Sara does it; inside the tenant or out of it."""

    def make(slug, who="sara", via="page", **values):
        with in_tenant(tenant_a):
            return create(actor_for(member(who), via).access(registry[slug]), values)

    return make


@pytest.fixture
def lead(make):
    return make("leads", name="Nora Quinn", company_name="Harbor Foods", phone="+12125550171", email="nora@harbor.test")


def test_a_lead_begins_with_the_first_open_status(lead, in_a):
    assert LeadStatus.objects.get(pk=lead.status_id).kind == "open"
    assert lead.status_id == LeadStatus.objects.order_by("position").first().pk


def test_an_unowned_lead_goes_to_whoever_answers_its_source(make, member, tenant_a, api_for):
    with in_tenant(tenant_a):
        mina = member("mina")
    source = make("sources", name="Fair", intake_owner=mina.pk, intake_hours=4)
    answer = api_for("sara").post("/api/v1/leads", {"name": "Ann", "source": str(source.pk)}).json()
    assert answer["owner"]["label"] == "Mina Rep"
    assert answer["team"]["label"] == "South"
    assert answer["intake_due_at"]


def test_a_lead_made_with_an_owner_keeps_it(make, member, tenant_a, api_for):
    with in_tenant(tenant_a):
        mina, reza = member("mina"), member("reza")
    source = make("sources", name="Fair", intake_owner=mina.pk)
    values = {"name": "Ann", "source": str(source.pk), "owner": str(reza.pk)}
    assert api_for("sara").post("/api/v1/leads", values).json()["owner"]["label"] == "Reza Rep"


def test_a_lead_that_was_dealt_with_is_due_no_longer(make, tenant_a, member):
    source = make("sources", name="Fair", intake_hours=4)
    lead = make("leads", name="Ann", source=source.pk)
    assert lead.intake_due_at == lead.created_at + timedelta(hours=4)
    with in_tenant(tenant_a):
        access = actor_for(member("sara"), "page").access(registry["leads"])
        edit(access, lead, {"status": LeadStatus.objects.get(kind="qualified").pk})
        assert lead.intake_due_at is None


def test_where_a_source_is_asked_for_no_lead_goes_without(make, tenant_a, api_for):
    with in_tenant(tenant_a):
        LeadRules.objects.create(source_required=True)
    answer = api_for("sara").post("/api/v1/leads", {"name": "Ann"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "source"


def test_only_converting_makes_a_converted_lead(lead, api_for, tenant_a):
    with in_tenant(tenant_a):
        converted = LeadStatus.objects.get(kind="converted").pk
    answer = api_for("sara").patch(f"/api/v1/leads/{lead.pk}", {"status": str(converted)})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "convert"


def test_the_checklist_is_kept_in_history(lead, api_for, tenant_a):
    with in_tenant(tenant_a):
        item = QualificationItem.objects.order_by("position").first()
    api = api_for("sara")
    answer = api.patch(f"/api/v1/leads/{lead.pk}", {"qualification": [str(item.pk)]})
    assert [row["label"] for row in answer.json()["qualification"]] == [item.name]
    entry = api.get(f"/api/v1/leads/{lead.pk}/timeline").json()["results"][0]
    assert entry["changes"]["qualification"][1][0]["id"] == str(item.pk)


def test_a_status_in_use_is_not_deleted(lead, api_for):
    answer = api_for("sara").delete(f"/api/v1/lead-statuses/{lead.status_id}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "in_use"


def test_the_board_has_a_column_for_each_status(lead, client_for, tenant_a):
    page = client_for("sara").get("/r/leads?view=board").content.decode()
    with in_tenant(tenant_a):
        for status in LeadStatus.objects.alive():
            assert f'data-column="{status.pk}"' in page
    assert "Harbor Foods" in page


def test_a_card_is_moved_to_another_status(lead, client_for, tenant_a):
    with in_tenant(tenant_a):
        to = LeadStatus.objects.get(kind="qualified")
    answer = client_for("sara").post(
        "/r/leads/move?view=board", {"id": lead.pk, "version": 1, "to": to.pk}, HTTP_ACCEPT="application/json"
    )
    assert answer.status_code == 200, answer.content
    with in_tenant(tenant_a):
        assert Lead.objects.get(pk=lead.pk).status_id == to.pk


class TestConverting:
    def test_it_makes_a_company_a_contact_and_a_deal(self, lead, api_for, tenant_a):
        body = {"deal_name": "First order", "deal_amount": "1200"}
        answer = api_for("sara").post(f"/api/v1/leads/{lead.pk}/convert", body)
        assert answer.status_code == 200, answer.json()
        told = answer.json()
        assert (told["company"]["label"], told["contact"]["label"]) == ("Harbor Foods", "Nora Quinn")
        with in_tenant(tenant_a):
            deal = Deal.objects.get(pk=told["deal"]["id"])
            assert (deal.name, str(deal.company_id)) == ("First order", told["company"]["id"])
            contact = Contact.objects.get(pk=told["contact"]["id"])
            assert (contact.phone, contact.email) == ("+12125550171", "nora@harbor.test")
            sets = Event.objects.filter(record_id__in=[lead.pk, deal.pk, contact.pk], name__contains="converted")
            change_set = sets.get().change_set
            assert Event.objects.filter(change_set=change_set).count() == 4

    def test_it_takes_existing_ones_where_somebody_says_so(self, lead, make, api_for, tenant_a):
        company = make("companies", name="Harbor Foods Ltd")
        contact = make("contacts", last_name="Quinn", company=company.pk)
        body = {"company": str(company.pk), "contact": str(contact.pk)}
        told = api_for("sara").post(f"/api/v1/leads/{lead.pk}/convert", body).json()
        assert (told["company"]["id"], told["contact"]["id"]) == (str(company.pk), str(contact.pk))
        assert told["deal"] is None
        with in_tenant(tenant_a):
            assert Company.objects.count() == Contact.objects.count() == 1

    def test_notes_go_along_whoever_wrote_them(self, lead, make, api_for, tenant_a, member):
        with in_tenant(tenant_a):
            note = create(
                actor_for(member("sara"), "page").access(registry["notes"]),
                {"body": "Called", "about": {"type": "leads", "id": str(lead.pk)}},
            )
            edit(operator().access(registry["leads"]), lead, {"owner": member("reza").pk})
        told = api_for("reza").post(f"/api/v1/leads/{lead.pk}/convert", {"new_deal": True}).json()
        with in_tenant(tenant_a):
            note.refresh_from_db()
            assert (note.about_type, str(note.about_id)) == ("deals", told["deal"]["id"])

    def test_files_tasks_tags_own_fields_and_the_source_go_along(self, make, api_for, tenant_a, member):
        source, tag = make("sources", name="Fair"), make("tags", name="Hot")
        with in_tenant(tenant_a):
            for slug in ("leads", "deals"):
                own_fields.make("text", "Budget", slug)
        lead = make("leads", name="Nora", source=source.pk, tags=[tag.pk], **{"custom.budget": "20,000"})
        about = {"type": "leads", "id": str(lead.pk)}
        task = make("tasks", subject="Ring", about=about)
        with in_tenant(tenant_a):
            file = keep(actor_for(member("sara"), "page"), io.BytesIO(b"hello"), "plan.txt", about)
        told = api_for("sara").post(f"/api/v1/leads/{lead.pk}/convert", {"new_deal": True}).json()
        deal = api_for("sara").get(f"/api/v1/deals/{told['deal']['id']}").json()
        assert (deal["source"]["id"], [t["label"] for t in deal["tags"]]) == (str(source.pk), ["Hot"])
        assert deal["custom"]["budget"] == "20,000"
        with in_tenant(tenant_a):
            for row in (task, file):
                row.refresh_from_db()
                assert (row.about_type, str(row.about_id)) == ("deals", deal["id"])

    def test_nothing_is_left_of_one_that_fails(self, lead, api_for, tenant_a):
        body = {"deal_name": "Bad", "deal_amount": "-5"}
        answer = api_for("sara").post(f"/api/v1/leads/{lead.pk}/convert", body)
        assert answer.status_code == 400
        with in_tenant(tenant_a):
            assert not Company.objects.exists() and not Contact.objects.exists()
            assert Lead.objects.get(pk=lead.pk).converted_at is None

    def test_what_is_missing_is_listed(self, make, api_for, tenant_a):
        with in_tenant(tenant_a):
            LeadRules.objects.create(needed_to_convert=["phone", "source"])
        lead = make("leads", name="Ann")
        answer = api_for("sara").post(f"/api/v1/leads/{lead.pk}/convert", {"new_company": True})
        assert answer.status_code == 400
        assert {error["field"] for error in answer.json()["errors"]} == {"phone", "source", "company_name"}

    def test_the_second_time_the_results_are_named(self, lead, api_for, client_for):
        api = api_for("sara")
        told = api.post(f"/api/v1/leads/{lead.pk}/convert").json()
        answer = api.post(f"/api/v1/leads/{lead.pk}/convert")
        assert answer.status_code == 409
        assert f"/api/v1/companies/{told['company']['id']}" in str(answer.json()["errors"])
        page = client_for("sara").get(f"/r/leads/{lead.pk}/convert")
        assert page.status_code == 409
        assert f"/r/contacts/{told['contact']['id']}" in page.content.decode()

    def test_a_company_out_of_reach_is_none(self, lead, make, api_for, tenant_a, member):
        hidden = make("companies", name="Theirs")
        with in_tenant(tenant_a):
            edit(operator().access(registry["leads"]), lead, {"owner": member("reza").pk})
        answer = api_for("reza").post(f"/api/v1/leads/{lead.pk}/convert", {"company": str(hidden.pk)})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "not_found"

    def test_somebody_elses_lead_is_not_converted(self, lead, api_for, tenant_a, member):
        with in_tenant(tenant_a):
            edit(operator().access(registry["leads"]), lead, {"team": member("reza").teams.get().pk})
        assert api_for("reza").post(f"/api/v1/leads/{lead.pk}/convert").status_code == 403


class TestUndoing:
    def test_it_is_as_if_it_had_never_been(self, lead, make, api_for, tenant_a):
        status = lead.status_id
        note = make("notes", body="Called", about={"type": "leads", "id": str(lead.pk)})
        api = api_for("sara")
        api.post(f"/api/v1/leads/{lead.pk}/convert", {"new_deal": True})
        told = api.post(f"/api/v1/leads/{lead.pk}/unconvert")
        assert told.status_code == 200, told.json()
        assert told.json()["converted_at"] is None
        with in_tenant(tenant_a):
            assert not any(model.objects.alive().exists() for model in (Company, Contact, Deal))
            after = Lead.objects.get(pk=lead.pk)
            assert (after.status_id, after.company_id, after.conversion) == (status, None, None)
            note.refresh_from_db()
            assert (note.about_type, note.about_id) == ("leads", lead.pk)

    def test_what_was_changed_since_stays_and_is_told(self, lead, api_for, client_for, tenant_a):
        api = api_for("sara")
        told = api.post(f"/api/v1/leads/{lead.pk}/convert").json()
        api.patch(f"/api/v1/contacts/{told['contact']['id']}", {"first_name": "Elena"})
        page = client_for("sara").post(f"/r/leads/{lead.pk}/unconvert", follow=True).content.decode()
        assert "What was changed since stays: Elena Quinn" in page
        with in_tenant(tenant_a):
            assert Contact.objects.alive().count() == 1
            assert not Company.objects.alive().exists()

    def test_after_thirty_days_it_is_too_late(self, lead, api_for, tenant_a):
        api = api_for("sara")
        api.post(f"/api/v1/leads/{lead.pk}/convert")
        with in_tenant(tenant_a):
            Lead.objects.filter(pk=lead.pk).update(converted_at=timezone.now() - timedelta(days=31))
        answer = api.post(f"/api/v1/leads/{lead.pk}/unconvert")
        assert answer.status_code == 409
        assert "30" in answer.json()["detail"]

    def test_it_can_be_converted_again(self, lead, api_for):
        api = api_for("sara")
        for _ in range(2):
            assert api.post(f"/api/v1/leads/{lead.pk}/convert").status_code == 200
            assert api.post(f"/api/v1/leads/{lead.pk}/unconvert").status_code == 200


def test_a_tenant_older_than_leads_gets_what_they_need_once(tenant_a, in_a):
    from kernel.tenancy.starters import start_all

    names = list(LeadStatus.objects.order_by("position").values_list("name", flat=True))
    start_all(tenant_a)
    assert list(LeadStatus.objects.order_by("position").values_list("name", flat=True)) == names
    LeadStatus.objects.all().delete()
    start_all(tenant_a)
    assert list(LeadStatus.objects.order_by("position").values_list("name", flat=True)) == names


def test_origins_are_sites(make):
    with pytest.raises(ValidationError, match="is not a site"):
        make("lead-forms", name="F", address="f", origins="example.com/page")


def test_a_lead_past_its_time_waits_for_whoever_answers_it(make, client_for, tenant_a, member):
    with in_tenant(tenant_a):
        mina, south = member("mina"), member("mina").teams.get()
    source = make("sources", name="Fair", intake_owner=mina.pk, intake_hours=2)
    team_source = make("sources", name="Site", intake_team=south.pk, intake_hours=2)
    late = make("leads", via="api", name="Late Lead", source=source.pk)
    teams = make("leads", via="api", name="Team Lead", source=team_source.pk)
    make("leads", via="api", name="Fresh Lead", source=source.pk)
    with in_tenant(tenant_a):
        Lead.objects.filter(pk__in=[late.pk, teams.pk]).update(intake_due_at=timezone.now() - timedelta(hours=1))
    page = client_for("mina").get("/").content.decode()
    waiting = page.partition("Leads waiting for an answer")[2].partition("</section>")[0]
    assert "Late Lead" in waiting
    assert "Team Lead" in waiting
    assert "Fresh Lead" not in waiting
    listed = client_for("mina").get("/r/leads?view=list&intake_due_at=overdue").content.decode()
    assert "Late Lead" in listed
    assert "Fresh Lead" not in listed
    assert "Leads waiting for an answer" not in client_for("reza").get("/").content.decode()
