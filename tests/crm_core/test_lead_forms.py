"""The form for strangers: what comes of it, what does not, and who may show it."""

import json

import pytest

from crm_core.leads.models import Lead, LeadForm
from kernel.access.actor import operator
from kernel.events.models import Event
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from tenants.lifecycle import resume, suspend

SENT = {"name": "نرگس کریمی", "phone": "۰۹۱۲ ۳۴۵ ۶۷۸۹", "message": "قیمت دستگاه را می‌خواهم"}


@pytest.fixture
def form(tenant_b):
    """`form(origins=…)`: a Persian form at /f/tamas of the Persian tenant."""

    def form(**values):
        with in_tenant(tenant_b):
            access = operator().access(registry["lead-forms"])
            return create(access, {"name": "Site", "address": "tamas", "language": "fa", **values})

    return form


@pytest.fixture
def leads(tenant_b):
    def leads():
        with in_tenant(tenant_b):
            return list(Lead.objects.order_by("pk"))

    return leads


def post_json(client, sent, **headers):
    return client.post("/f/tamas", json.dumps(sent), content_type="application/json", **headers)


def test_what_is_sent_is_a_lead_at_once(form, leads, at, tenant_b):
    with in_tenant(tenant_b):
        source = create(operator().access(registry["sources"]), {"name": "Web"})
    form(source=source.pk)
    answer = at("b").post("/f/tamas?x=1", SENT | {"utm_campaign": "nowruz", "referrer": "https://example.ir/"})
    assert answer.status_code == 201
    (lead,) = leads()
    assert (lead.name, lead.phone, lead.source_id) == ("نرگس کریمی", "+989123456789", source.pk)
    assert lead.campaign == "nowruz"
    assert lead.origin["referrer"] == "https://example.ir/"
    with in_tenant(tenant_b):
        event = Event.objects.get(record_id=lead.pk)
        assert (event.via, event.member_id) == ("form", None)


def test_the_page_speaks_the_forms_language_and_sets_no_cookie(form, at):
    form()
    page = at("b").get("/f/tamas", HTTP_ACCEPT_LANGUAGE="en")
    assert page.status_code == 200
    assert 'lang="fa" dir="rtl"' in page.content.decode()
    assert not page.cookies


def test_the_same_submission_is_one_lead(form, leads, at):
    form()
    first = post_json(at("b"), SENT | {"idempotency_key": "k1"})
    again = post_json(at("b"), SENT, HTTP_IDEMPOTENCY_KEY="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert len(leads()) == 1


def test_each_drawn_form_carries_a_key_of_its_own(form, at):
    form()
    keys = {at("b").get("/f/tamas").context["hidden"].mapping["idempotency_key"] for _ in range(2)}
    assert len(keys) == 2


def test_a_program_that_fills_in_everything_leaves_nothing(form, leads, at):
    form()
    answer = post_json(at("b"), SENT | {"homepage": "https://spam.test"})
    assert answer.status_code == 202
    assert set(answer.json()) == {"id", "thanks", "redirect_url"}
    assert leads() == []


def test_what_is_missing_is_told_in_the_forms_language(form, leads, at):
    form()
    answer = post_json(at("b"), {"name": "نرگس", "phone": "12"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "phone"
    page = at("b").post("/f/tamas", {"name": "نرگس"})
    assert page.status_code == 422
    assert "نرگس" in page.content.decode()
    assert leads() == []


def test_too_many_from_one_address_wait(form, leads, at):
    form()
    answers = [post_json(at("b"), SENT) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [201] * 20 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_what_it_does_not_ask_for_is_ignored(form, leads, at):
    form(ask_message="no")
    assert post_json(at("b"), SENT | {"owner": "x", "status": "y", "converted_at": "z"}).status_code == 201
    assert leads()[0].message == ""


def test_one_that_is_off_says_so_and_an_unknown_one_is_none(form, at, leads):
    form(active=False)
    assert at("b").get("/f/tamas").status_code == 410
    assert post_json(at("b"), SENT).status_code == 410
    assert at("b").get("/f/nothing").status_code == 404
    assert leads() == []


def test_a_suspended_workspace_tells_visitors_nothing(form, at, tenant_b):
    form()
    suspend(tenant_b, "unpaid bill")
    try:
        answer = at("b").get("/f/tamas")
    finally:
        resume(tenant_b)
    assert answer.status_code == 403
    assert "unpaid" not in answer.content.decode()
    assert tenant_b.name not in answer.content.decode()


class TestOtherSites:
    def test_no_site_may_show_or_send_it_unless_it_is_listed(self, form, at, leads):
        form()
        page = at("b").get("/f/tamas")
        assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
        assert page["X-Frame-Options"] == "DENY"
        answer = post_json(at("b"), SENT, HTTP_ORIGIN="https://evil.test")
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer
        assert leads() == []

    def test_a_listed_one_may(self, form, at, leads):
        form(origins="https://www.example.ir\nhttp://localhost:3000")
        page = at("b").get("/f/tamas")
        assert "frame-ancestors https://www.example.ir http://localhost:3000" in page["Content-Security-Policy"]
        assert "X-Frame-Options" not in page
        asked = at("b").options("/f/tamas", HTTP_ORIGIN="https://www.example.ir")
        assert asked.status_code == 204
        answer = post_json(at("b"), SENT, HTTP_ORIGIN="https://www.example.ir")
        assert answer.status_code == 201
        assert answer["Access-Control-Allow-Origin"] == "https://www.example.ir"

    def test_its_own_page_may(self, form, at, leads):
        form()
        assert at("b").post("/f/tamas", SENT, HTTP_ORIGIN="http://b.localhost").status_code == 201


def test_consent_is_asked_for_and_its_wording_kept(form, leads, at, tenant_b):
    made = form(consent_text="می‌پذیرم")
    assert post_json(at("b"), SENT).status_code == 422
    assert post_json(at("b"), SENT | {"consent": True}).status_code == 201
    assert leads()[0].origin["consent_version"] == "1"
    with in_tenant(tenant_b):
        from kernel.records.change import edit

        edit(operator().access(registry["lead-forms"]), made, {"consent_text": "همچنان می‌پذیرم"})
        assert LeadForm.objects.get(pk=made.pk).consent_version == 2


def test_where_to_go_afterwards(form, at):
    form(redirect_url="https://www.example.ir/thanks")
    answer = at("b").post("/f/tamas", SENT)
    assert (answer.status_code, answer["Location"]) == (303, "https://www.example.ir/thanks")
    assert "form-action 'self' https://www.example.ir" in answer["Content-Security-Policy"]


def test_the_door_can_only_bring_leads(form, tenant_b):
    from crm_core.leads.forms.door import door

    made = form()
    with in_tenant(tenant_b):
        actor = door(made)
        for slug, rtype in registry.items():
            access = actor.access(rtype)
            allowed = {"create"} if slug == "leads" else {"view"} if slug == "sources" else set()
            verbs = ("view", "create", "edit", "delete", "convert")
            assert {verb for verb in verbs if access.may(verb)} == allowed
        assert not set(actor.access(registry["leads"]).editable()) & {"owner", "status", "team", "company"}


def test_the_settings_show_how_to_use_it(form, client_for):
    form(origins="https://www.example.ir")
    page = client_for("eve").get("/settings/forms").content.decode()
    assert "/f/tamas" in page
    assert "&lt;iframe" in page
    assert "curl -X POST" in page


def test_rules_and_order_are_set_in_the_settings(client_for, tenant_b):
    eve = client_for("eve")
    assert eve.get("/settings/leads").status_code == 200
    answer = eve.post("/settings/leads", {"source_required": "on", "needed_to_convert": ["phone", "email"]})
    assert answer.status_code == 303
    from crm_core.leads.models import LeadRules, LeadStatus

    with in_tenant(tenant_b):
        rules = LeadRules.objects.get()
        assert (rules.source_required, rules.needed_to_convert) == (True, ["phone", "email"])
        _first, second = LeadStatus.objects.alive().order_by("position")[:2]
    assert eve.post(f"/settings/leads/lead-statuses/{second.pk}/up").status_code == 303
    with in_tenant(tenant_b):
        assert LeadStatus.objects.alive().order_by("position").first() == second
