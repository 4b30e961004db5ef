"""What people agreed to: written once, with the words of the time, and heard where two records of one person differ."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from crm_core.contacts.consent import may_reach, standings
from crm_core.contacts.models import Consent, Contact
from crm_core.leads.models import Lead
from kernel.access.actor import operator
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def news(tenant_a):
    with in_tenant(tenant_a):
        values = {"name": "Newsletter", "text_en": "Write to me about news.", "text_fa": "خبرها را برایم بفرستید."}
        return create(operator().access(registry["consent-purposes"]), values)


@pytest.fixture
def contact(api_for):
    """`contact("Nora")`: the id of a new one."""
    return lambda name: api_for("sara").post("/api/v1/contacts", {"last_name": name}).json()["id"]


@pytest.fixture
def say(api_for, news):
    """`say(contact, "withdrawn")`: written down by API; the answer."""

    def say(pk, state="given", channel="email", **more):
        about = {"type": "contacts", "id": pk}
        values = {"about": about, "purpose": str(news.pk), "channel": channel, "state": state, "how": "phone"}
        return api_for("sara").post("/api/v1/consents", values | more)

    return say


@pytest.fixture
def reached(tenant_a, news):
    """`reached(contact)`: whether the newsletter may go to them by e-mail."""

    def reached(pk, channel="email"):
        with in_tenant(tenant_a):
            return {str(one) for one in may_reach([pk], news, channel)} == {pk}

    return reached


def test_what_was_said_last_holds_for_its_channel_alone(say, contact, reached):
    nora = contact("Nora")
    assert not reached(nora), "silence is no"
    assert say(nora).status_code == 201
    assert reached(nora) and not reached(nora, "sms")
    say(nora, "withdrawn")
    assert not reached(nora)
    say(nora)
    assert reached(nora)


def test_a_consent_keeps_the_words_it_was_given_to(say, contact, api_for, news):
    first = say(contact("Nora")).json()
    assert (first["number"], first["wording"]) == (1, "Write to me about news.")
    api = api_for("sara")
    assert api.patch(f"/api/v1/consent-purposes/{news.pk}", {"text_en": "Send me news."}).json()["number"] == 2
    assert say(contact("Omid")).json()["wording"] == "Send me news."
    assert api.get(f"/api/v1/consents/{first['id']}").json()["wording"] == "Write to me about news."


def test_another_name_of_a_purpose_is_no_other_wording(api_for, news):
    assert api_for("sara").patch(f"/api/v1/consent-purposes/{news.pk}", {"name": "News"}).json()["number"] == 1


def test_nobody_changes_or_removes_what_a_person_said(say, contact, api_for, client_for, tenant_a):
    pk = say(contact("Nora"), "withdrawn").json()["id"]
    api, page = api_for("sara"), client_for("sara")
    assert api.patch(f"/api/v1/consents/{pk}", {"state": "given"}).status_code == 403
    assert api.delete(f"/api/v1/consents/{pk}").status_code == 403
    assert page.post(f"/r/consents/{pk}/edit", {"state": "given"}).status_code == 403
    assert page.post(f"/r/consents/{pk}/delete").status_code == 403
    with in_tenant(tenant_a):
        assert Consent.objects.get().state == "withdrawn"


@pytest.mark.parametrize("wrong", [{"about": {"type": "companies", "id": ""}}, {"at": "2999-01-01T00:00:00Z"}])
def test_what_cannot_be_is_refused(say, contact, wrong, api_for):
    if "about" in wrong:
        wrong["about"]["id"] = api_for("sara").post("/api/v1/companies", {"name": "Aster"}).json()["id"]
    assert say(contact("Nora"), **wrong).status_code == 400


@pytest.mark.parametrize("earlier", ["stays", "goes"])
def test_of_two_that_are_merged_the_one_who_says_no_is_heard(say, contact, reached, client_for, tenant_a, earlier):
    one, other = contact("Nora Berg"), contact("N. Berg")
    no, yes = (one, other) if earlier == "stays" else (other, one)
    say(no, "withdrawn", at=(timezone.now() - timedelta(days=2)).isoformat())
    say(yes)
    page = client_for("sara")
    assert page.post("/r/contacts/merge", {"ids": f"{one},{other}", "survivor": one}).status_code == 303
    with in_tenant(tenant_a):
        assert Consent.objects.filter(about_id=one).count() == 2
    assert not reached(one)
    say(one)
    assert reached(one), "asked again, they agreed"
    say(one, "withdrawn")
    assert not reached(one)


def test_taken_apart_each_says_again_what_they_said(say, contact, reached, client_for):
    one, other = contact("Nora Berg"), contact("N. Berg")
    say(one, "withdrawn")
    say(other)
    page = client_for("sara")
    page.post("/r/contacts/merge", {"ids": f"{one},{other}", "survivor": one})
    assert page.post(f"/r/contacts/{one}/unmerge").status_code == 303
    assert not reached(one) and reached(other)


@pytest.fixture
def form(tenant_a, news):
    with in_tenant(tenant_a):
        access = operator().access(registry["lead-forms"])
        values = {"name": "Site", "address": "site", "ask_phone": "no", "language": "fa", "purpose": news.pk}
        return create(access, {**values, "purpose_channel": "sms"})


@pytest.mark.parametrize("ticked", [True, False])
def test_a_web_form_asks_and_takes_no_for_an_answer(form, at, tenant_a, api_for, ticked):
    assert "خبرها را برایم بفرستید." in at("a").get("/f/site").content.decode()
    sent = {"name": "Nora Berg"} | ({"agree": True} if ticked else {})
    assert at("a").post("/f/site", json.dumps(sent), content_type="application/json").status_code == 201
    with in_tenant(tenant_a):
        lead = Lead.objects.get()
        found = [(row.channel, row.how, row.wording, row.number) for row in standings(lead.pk)]
        assert found == ([("sms", "form", "خبرها را برایم بفرستید.", 1)] if ticked else [])
    answer = api_for("sara").post(f"/api/v1/leads/{lead.pk}/convert", {"new_deal": True, "deal_name": "Roof"})
    assert answer.status_code == 200
    with in_tenant(tenant_a):
        person = Contact.objects.get()
        assert len(standings(person.pk)) == ticked, "what they agreed to goes along to the person, not to the deal"


def test_the_page_of_a_person_shows_what_holds(say, contact, client_for, api_for):
    nora, page = contact("Nora"), client_for("sara")
    say(nora)
    say(nora, "withdrawn", "sms")
    shown = page.get(f"/r/contacts/{nora}").content.decode()
    assert shown.count("Newsletter") >= 2 and f"/r/consents/new?about=contacts:{nora}" in shown
    assert shown.count("wrote down what this person agrees to") == 2
    company = api_for("sara").post("/api/v1/companies", {"name": "Aster"}).json()["id"]
    assert "/r/consents/new" not in page.get(f"/r/companies/{company}").content.decode()


def test_consents_are_written_down_by_page(contact, news, client_for, reached):
    nora, page = contact("Nora"), client_for("sara")
    asked = page.get(f"/r/consents/new?about=contacts:{nora}").content.decode()
    assert nora in asked
    values = {
        "about": f"contacts:{nora}",
        "purpose": str(news.pk),
        "channel": "email",
        "state": "given",
        "how": "paper",
    }
    assert page.post("/r/consents/new", values | {"state": "given", "how": "paper"}).status_code == 303
    assert reached(nora)


def test_purposes_have_a_page_in_the_settings(client_for, news):
    assert "Write to me about news." in client_for("sara").get("/settings/consent").content.decode()
    assert client_for("reza").get("/settings/consent").status_code == 403
