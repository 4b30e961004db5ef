"""One record through HTTP: page, form, editing in place, verbs, timeline, trash, pickers."""

import json
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from crm_core.activities.models import Note
from crm_core.contacts.models import Company, Contact
from crm_core.sales.models import Deal, LostReason, Stage
from kernel.access.actor import actor_for, operator
from kernel.access.models import Member
from kernel.events.models import Event
from kernel.records.change import create, edit
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

HTMX = {"HX-Request": "true"}
FETCH = {"Accept": "application/json", "X-Requested-With": "fetch"}


@pytest.fixture
def make(tenant_a: Any) -> Any:
    def making(slug: str, **values: Any) -> Any:
        with in_tenant(tenant_a):
            owner = values.pop("by", None)
            actor = actor_for(Member.objects.get(email=f"{owner}@a.example"), "page") if owner else operator()
            return create(actor.access(registry[slug]), values)

    return making


@pytest.fixture
def now(tenant_a: Any) -> Any:
    """The record as it is in the database."""

    def reading(record: Any) -> Any:
        with in_tenant(tenant_a):
            return type(record).objects.get(pk=record.pk)

    return reading


def text_of(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def inputs(response: Any) -> dict[str, str]:
    """What a browser would post from a page's form, child rows and all."""
    body = response.content.decode()
    body = re.sub(r"<noscript>.*?</noscript>|<template>.*?</template>", "", body, flags=re.S)
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found[name[1]] = unescape(value[1]) if value else ""
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', body, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inner)
        found[name] = chosen[1] if chosen else ""
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', body, re.S):
        found[name] = unescape(inner)
    return found


# -- the form


def test_a_record_is_added_and_its_page_says_so(client_for: Any) -> None:
    client = client_for("reza")
    assert client.get("/r/companies/new").status_code == 200
    response = client.post("/r/companies/new", {"name": "Caspian Cargo", "employees": "1,200"})
    assert response.status_code == 303
    text = text_of(client.get(response["Location"]))
    assert "Caspian Cargo was added." in text and "1,200" in text and "Reza Rep" in text


def test_errors_keep_what_was_typed(client_for: Any) -> None:
    response = client_for("sara").post(
        "/r/companies/new", {"name": "", "employees": "many", "city": "Rasht", "annual_revenue": "-x"}
    )
    assert response.status_code == 422
    body = response.content.decode()
    assert 'value="many"' in body and 'value="Rasht"' in body and 'value="-x"' in body
    assert 'href="#f-employees"' in body and 'aria-invalid="true"' in body
    named = client_for("sara").post("/r/companies/new", {"name": "", "city": "Rasht"})
    assert named.status_code == 422 and "Fill this in." in text_of(named) and 'value="Rasht"' in named.content.decode()


def test_a_new_deal_starts_from_its_company_and_stage(client_for: Any, make: Any, tenant_a: Any) -> None:
    company = make("companies", name="Caspian Cargo", by="reza")
    client = client_for("reza")
    page = client.get(f"/r/deals/new?company={company.pk}&amount=12&nonsense=1")
    assert "Caspian Cargo" in page.content.decode()
    data = {**inputs(page), "name": "Fleet"}
    response = client.post("/r/deals/new", data)
    assert response.status_code == 303
    with in_tenant(tenant_a):
        deal = Deal.objects.get(label="Fleet")
        assert deal.company_id == company.pk and deal.amount == 12 and str(deal.owner) == "Reza Rep"
        assert deal.stage.name == "New" and deal.probability == 10 and deal.opened_on


def test_a_name_typed_and_not_chosen_finds_the_one_of_that_name_or_stands_there_to_be_mended(
    client_for: Any, make: Any, tenant_a: Any
) -> None:
    company = make("companies", name="Caspian Cargo", by="reza")
    client = client_for("reza")
    data = {**inputs(client.get("/r/deals/new")), "name": "Fleet"}
    refused = client.post("/r/deals/new", {**data, "company": "Caspian Carg"})
    assert refused.status_code == 422
    assert "There is none called “Caspian Carg”." in text_of(refused)
    assert inputs(refused)["company"] == "Caspian Carg"
    assert client.post("/r/deals/new", {**data, "company": "caspian cargo"}).status_code == 303
    with in_tenant(tenant_a):
        assert Deal.objects.get(label="Fleet").company_id == company.pk


def test_a_prefill_out_of_reach_is_left_out(client_for: Any, make: Any) -> None:
    company = make("companies", name="Of the south", by="mina")
    assert "Of the south" not in client_for("reza").get(f"/r/deals/new?company={company.pk}").content.decode()


def test_a_stage_chosen_later_sets_its_probability(client_for: Any, tenant_a: Any) -> None:
    client = client_for("sara")
    with in_tenant(tenant_a):
        stage = Stage.objects.get(name="Negotiation")
    data = {**inputs(client.get("/r/deals/new")), "name": "Fleet", "stage": str(stage.pk)}
    client.post("/r/deals/new", data)
    with in_tenant(tenant_a):
        assert Deal.objects.get(label="Fleet").probability == 70


def test_lines_are_added_counted_and_taken_away(client_for: Any, make: Any, now: Any) -> None:
    one, two = make("products", name="Scanner"), make("products", name="Printer")
    client, deal = client_for("sara"), make("deals", name="Fleet")
    data = inputs(client.get(f"/r/deals/{deal.pk}/edit"))
    data |= {
        "lines-count": "3", "lines-0-product": str(one.pk), "lines-0-quantity": "2", "lines-0-price": "10.50",
        "lines-0-discount": "0", "lines-2-product": str(two.pk), "lines-2-quantity": "1", "lines-2-price": "5",
        "lines-2-discount": "10", "lines-1-product": "", "lines-1-quantity": "1", "lines-1-price": "",
        "lines-1-discount": "0",
    }  # fmt: skip
    answer = client.post(f"/r/deals/{deal.pk}/edit", data)
    assert answer.status_code == 303, text_of(answer)
    text = text_of(client.get(f"/r/deals/{deal.pk}"))
    assert "Scanner 2 $10.50" in text and "$21" in text and "$25.50" in text
    assert now(deal).amount == Decimal("25.50")
    again = inputs(client.get(f"/r/deals/{deal.pk}/edit"))
    assert again["lines-count"] == "2"
    again = {key: value for key, value in again.items() if not key.startswith("lines-1-")}
    assert client.post(f"/r/deals/{deal.pk}/edit", again).status_code == 303
    assert now(deal).amount == Decimal("21")


def test_an_unchanged_form_changes_nothing(client_for: Any, make: Any, now: Any) -> None:
    client = client_for("sara")
    revenue = Decimal("1234567.5")
    company = make("companies", name="Caspian", annual_revenue=revenue, founded_year=1998, phone="+12025550123")
    points = [{"kind": "phone", "value": "+12025550123", "label": "", "primary": True, "verified_at": None}]
    contact = make("contacts", last_name="Ahmadi", company=company.pk, contact_points=points)
    deal = make("deals", name="Fleet", company=company.pk, amount=Decimal("12.25"))
    product = make("products", name="Scanner", price=Decimal("3.5"))
    for slug, record in (("companies", company), ("contacts", contact), ("deals", deal), ("products", product)):
        page = client.get(f"/r/{slug}/{record.pk}/edit")
        assert client.post(f"/r/{slug}/{record.pk}/edit", inputs(page)).status_code == 303
        assert now(record).version == record.version, slug


def test_a_relation_out_of_reach_survives_an_edit(client_for: Any, make: Any, now: Any) -> None:
    company = make("companies", name="Of the south", by="mina")
    deal = make("deals", name="Fleet", by="sara", company=company.pk)
    client = client_for("sara")
    client.post(f"/r/deals/{deal.pk}/cell/owner", {"owner": "Reza Rep", "version": 1})
    reza = client_for("reza")
    page = reza.get(f"/r/deals/{deal.pk}/edit")
    assert page.status_code == 200 and "Of the south" not in page.content.decode()
    assert reza.post(f"/r/deals/{deal.pk}/edit", {**inputs(page), "name": "Fleet 2"}).status_code == 303
    assert now(deal).company_id == company.pk and now(deal).name == "Fleet 2"


def _behind_the_back(tenant: Any, record: Any, slug: str, **values: Any) -> None:
    with in_tenant(tenant):
        edit(operator().access(registry[slug]), type(record).objects.get(pk=record.pk), values)


def test_changes_of_other_fields_are_joined(client_for: Any, make: Any, now: Any, tenant_a: Any) -> None:
    company, client = make("companies", name="Caspian", city="Rasht"), client_for("sara")
    data = inputs(client.get(f"/r/companies/{company.pk}/edit"))
    _behind_the_back(tenant_a, company, "companies", city="Tehran")
    assert client.post(f"/r/companies/{company.pk}/edit", {**data, "industry": "Freight"}).status_code == 303
    assert now(company).city == "Tehran" and now(company).industry == "Freight"


def test_a_conflict_shows_both_values_and_lets_choose(client_for: Any, make: Any, now: Any, tenant_a: Any) -> None:
    company, client = make("companies", name="Caspian", city="Rasht"), client_for("sara")
    data = inputs(client.get(f"/r/companies/{company.pk}/edit"))
    _behind_the_back(tenant_a, company, "companies", city="Tehran", industry="Sea")
    url = f"/r/companies/{company.pk}/edit"
    response = client.post(url, {**data, "city": "Ghazvin", "address": "Harbour 1"})
    assert response.status_code == 409
    text = text_of(response)
    assert "Ghazvin Yours" in text and "Tehran Theirs" in text and now(company).city == "Tehran"
    theirs = {**inputs(response), "keep-city": "theirs"}
    assert client.post(url, theirs).status_code == 303
    kept = now(company)
    assert kept.city == "Tehran" and kept.address == "Harbour 1" and kept.industry == "Sea"


def test_a_form_goes_back_where_it_was_opened(client_for: Any) -> None:
    client = client_for("sara")
    assert client.post("/r/companies/new", {"name": "A", "next": "/r/deals?q=x"})["Location"] == "/r/deals?q=x"
    away = client.post("/r/companies/new", {"name": "B", "next": "//evil.example/"})["Location"]
    assert away.startswith("/r/companies/")


def test_persian_input_is_read_in_toman_and_jalali(client_for: Any, tenant_b: Any) -> None:
    client = client_for("eve")
    assert 'dir="rtl"' in client.get("/r/deals/new").content.decode()
    data = {"name": "ناوگان", "amount": "۱٬۲۰۰٬۰۰۰", "expected_close_on": "۱۴۰۵/۹/۱"}
    response = client.post("/r/deals/new", data)
    assert response.status_code == 303
    with in_tenant(tenant_b):
        deal = Deal.objects.get(name="ناوگان")
        assert deal.amount == 12_000_000 and str(deal.expected_close_on) == "2026-11-22"
    assert "۱٬۲۰۰٬۰۰۰" in client.get(response["Location"]).content.decode().replace(",", "٬")


# -- in place


def test_a_cell_is_edited_in_place(client_for: Any, make: Any, now: Any) -> None:
    client, deal = client_for("sara"), make("deals", name="Fleet", amount=Decimal(10))
    url = f"/r/deals/{deal.pk}/cell/amount"
    assert 'name="amount"' in client.get(url).content.decode()
    response = client.post(url, {"amount": "1,250.50", "version": "1"})
    assert response.status_code == 200 and response["X-Version"] == "2"
    assert text_of(response) == "$1,250.50" and now(deal).amount == Decimal("1250.5")


def test_an_edit_in_place_offers_its_way_back(client_for: Any, make: Any, now: Any) -> None:
    client, deal = client_for("sara"), make("deals", name="Fleet", amount=Decimal(10))
    url = f"/r/deals/{deal.pk}/cell/amount"
    client.post(undo_of(client.post(url, {"amount": "30", "version": "1"})))
    assert now(deal).amount == 10
    assert "HX-Trigger" not in client.post(url, {"amount": "10", "version": "3"})


def test_an_edit_over_somebody_elses_gives_theirs_back(client_for: Any, make: Any, now: Any, tenant_a: Any) -> None:
    client, deal = client_for("sara"), make("deals", name="Fleet", amount=Decimal(10))
    url = f"/r/deals/{deal.pk}/cell/amount"
    data = inputs(client.get(url))
    _behind_the_back(tenant_a, deal, "deals", amount=Decimal(20))
    client.post(url, {**data, "amount": "30"})
    client.post(undo_of(client.post(url, {**data, "amount": "30", "version": "2"})))
    assert now(deal).amount == 20


def undo_of(response: Any) -> str:
    return str(json.loads(response["HX-Trigger"])["toast"]["undo"])


def test_a_cell_refuses_with_words(client_for: Any, make: Any) -> None:
    client, deal = client_for("sara"), make("deals", name="Fleet")
    response = client.post(f"/r/deals/{deal.pk}/cell/amount", {"amount": "lots", "version": "1"})
    assert response.status_code == 422 and 'value="lots"' in response.content.decode()
    negative = client.post(f"/r/deals/{deal.pk}/cell/amount", {"amount": "-5", "version": "1"})
    assert negative.status_code == 422 and "An amount cannot be negative." in text_of(negative)


def test_a_cell_conflict_shows_both(client_for: Any, make: Any, now: Any, tenant_a: Any) -> None:
    client, deal = client_for("sara"), make("deals", name="Fleet", amount=Decimal(10))
    url = f"/r/deals/{deal.pk}/cell/amount"
    data = inputs(client.get(url))
    _behind_the_back(tenant_a, deal, "deals", amount=Decimal(20))
    response = client.post(url, {**data, "amount": "30"})
    assert response.status_code == 409 and "$20" in text_of(response) and 'value="30"' in response.content.decode()
    assert text_of(client.post(url, {**data, "theirs": "1"})) == "$20"
    assert client.post(url, {"amount": "30", "version": "2"}).status_code == 200 and now(deal).amount == 30


def test_another_field_changed_meanwhile_is_no_conflict(client_for: Any, make: Any, now: Any, tenant_a: Any) -> None:
    client, deal = client_for("sara"), make("deals", name="Fleet", amount=Decimal(10))
    data = inputs(client.get(f"/r/deals/{deal.pk}/cell/amount"))
    _behind_the_back(tenant_a, deal, "deals", name="Fleet 2")
    assert client.post(f"/r/deals/{deal.pk}/cell/amount", {**data, "amount": "30"}).status_code == 200
    assert now(deal).amount == 30 and now(deal).name == "Fleet 2"


# -- verbs


def test_winning_and_reopening(client_for: Any, make: Any, now: Any) -> None:
    client, deal = client_for("reza"), make("deals", name="Fleet", by="reza")
    response = client.post(f"/r/deals/{deal.pk}/win", {"version": 1})
    assert response.status_code == 303 and now(deal).status == "won"
    assert "Deal won." in text_of(client.get(response["Location"]))
    twice = client.post(f"/r/deals/{deal.pk}/win", {"version": 1})
    assert twice.status_code == 303 and "done already" in text_of(client.get(twice["Location"]))
    client.post(f"/r/deals/{deal.pk}/reopen", {"version": 2})
    assert now(deal).status == "open"


def test_losing_needs_a_reason(client_for: Any, make: Any, now: Any, tenant_a: Any) -> None:
    client, deal = client_for("reza"), make("deals", name="Fleet", by="reza")
    url = f"/r/deals/{deal.pk}/lose"
    assert 'name="lost_reason"' in client.get(url, headers=HTMX).content.decode()
    refused = client.post(url, {"version": 1, "lost_reason": ""})
    assert refused.status_code == 422 and "Say why it was lost." in text_of(refused) and now(deal).status == "open"
    with in_tenant(tenant_a):
        reason = LostReason.objects.all()[0]
    done = client.post(url, {"version": 1, "lost_reason": str(reason.pk)}, headers=HTMX)
    assert done["HX-Redirect"] == f"/r/deals/{deal.pk}" and now(deal).lost_reason_id == reason.pk


def test_a_verb_on_a_stale_page_does_nothing(client_for: Any, make: Any, now: Any, tenant_a: Any) -> None:
    client, deal = client_for("sara"), make("deals", name="Fleet")
    _behind_the_back(tenant_a, deal, "deals", name="Fleet 2")
    response = client.post(f"/r/deals/{deal.pk}/win", {"version": 1})
    assert "nothing was done" in text_of(client.get(response["Location"])) and now(deal).status == "open"


# -- trash


def test_deleting_undoing_and_restoring(client_for: Any, make: Any, now: Any) -> None:
    client, deal = client_for("reza"), make("deals", name="Fleet", by="reza")
    response = client.post(f"/r/deals/{deal.pk}/delete")
    assert response["Location"] == "/r/deals"
    page = client.get(response["Location"])
    assert "Fleet was moved to the trash." in text_of(page)
    assert f'data-undo="/r/deals/{deal.pk}/restore"' in page.content.decode()
    assert "moved to the trash" not in text_of(client.get("/r/deals"))
    assert client.get(f"/r/deals/{deal.pk}").status_code == 404
    undone = client.post(f"/r/deals/{deal.pk}/restore", headers=FETCH)
    assert undone.status_code == 200 and undone["HX-Refresh"] == "true" and now(deal).deleted_at is None
    client.post(f"/r/deals/{deal.pk}/delete")
    trash = client.get("/trash")
    assert "Fleet" in text_of(trash) and "Reza Rep" in text_of(trash)
    back = client.post(f"/r/deals/{deal.pk}/restore", {"next": "/trash?type=deals"})
    assert back["Location"] == "/trash?type=deals" and now(deal).deleted_at is None


def test_the_trash_shows_only_what_is_in_reach(client_for: Any, make: Any) -> None:
    deal = make("deals", name="Of the south", by="mina")
    client_for("mina").post(f"/r/deals/{deal.pk}/delete")
    assert "Of the south" not in text_of(client_for("reza").get("/trash"))
    assert client_for("reza").post(f"/r/deals/{deal.pk}/restore").status_code == 404
    assert client_for("kian").post(f"/r/deals/{deal.pk}/restore").status_code == 403


# -- the page and what happened


def test_the_page_shows_related_records_and_ways_to_add(client_for: Any, make: Any) -> None:
    company = make("companies", name="Caspian")
    make("deals", name="Fleet", company=company.pk, amount=Decimal(1500))
    make("contacts", last_name="Ahmadi", company=company.pk)
    body = client_for("sara").get(f"/r/companies/{company.pk}").content.decode()
    assert "Fleet" in body and "$1.5k" in body and "Ahmadi" in body
    assert f"/r/deals/new?company={company.pk}" in body


def test_the_timeline_tells_changes_and_notes(client_for: Any, make: Any, tenant_a: Any) -> None:
    deal, client = make("deals", name="Fleet", amount=Decimal(10), by="sara"), client_for("sara")
    client.post(f"/r/deals/{deal.pk}/cell/amount", {"amount": "25", "version": "1"})
    data = {"about": f"deals:{deal.pk}", "body": "Called <b>twice</b>", "next": f"/r/deals/{deal.pk}"}
    note = client.post("/r/notes/new", data)
    assert note.status_code == 303 and note["Location"] == f"/r/deals/{deal.pk}"
    response = client.get(f"/r/deals/{deal.pk}")
    text = text_of(response)
    assert "Sara Admin" in text and "Amount: $10 $25" in text
    assert "wrote a note" in text and "Called <b>twice</b>" in text
    assert "Note was added." in text
    assert "Called <b>" not in response.content.decode()
    with in_tenant(tenant_a):
        assert Note.objects.get().about_id == deal.pk and Event.objects.filter(about_id=deal.pk).count() == 1


def test_the_timeline_hides_hidden_fields(client_for: Any, make: Any, tenant_a: Any) -> None:
    deal = make("deals", name="Fleet", amount=Decimal(10))
    _behind_the_back(tenant_a, deal, "deals", amount=Decimal("77777"))
    _behind_the_back(tenant_a, deal, "deals", amount=Decimal("88888"), name="Fleet 2")
    text = text_of(client_for("nima").get(f"/r/deals/{deal.pk}"))
    assert "Fleet 2" in text and "77" not in text and "88,888" not in text and "Amount" not in text


def test_the_timeline_names_only_what_is_in_reach(client_for: Any, make: Any, tenant_a: Any) -> None:
    company = make("companies", name="Of the south", by="mina")
    deal = make("deals", name="Fleet", by="reza")
    _behind_the_back(tenant_a, deal, "deals", company=company.pk, name="Fleet 2")
    text = text_of(client_for("reza").get(f"/r/deals/{deal.pk}"))
    assert "Fleet 2" in text and "Of the south" not in text


def test_a_long_timeline_comes_in_pages(client_for: Any, make: Any, tenant_a: Any) -> None:
    company = make("companies", name="Caspian")
    for i in range(30):
        _behind_the_back(tenant_a, company, "companies", city=f"City {i:02}")
    client = client_for("sara")
    body = client.get(f"/r/companies/{company.pk}").content.decode()
    older = unescape(re.search(r'hx-get="([^"]+/timeline[^"]+)"', body)[1])  # type: ignore[index]
    rest = client.get(older, headers=HTMX).content.decode()
    assert "City 29" in body and "City 03" in rest and "created this" in rest and "<html" not in rest


def test_a_reader_writes_no_notes(client_for: Any, make: Any) -> None:
    deal = make("deals", name="Fleet")
    assert 'class="compose"' not in client_for("kian").get(f"/r/deals/{deal.pk}").content.decode()
    assert client_for("kian").post("/r/notes/new", {"about": f"deals:{deal.pk}", "body": "x"}).status_code == 403


def test_a_note_needs_its_record_in_reach(client_for: Any, make: Any) -> None:
    deal = make("deals", name="Of the south", by="mina")
    response = client_for("reza").post("/r/notes/new", {"about": f"deals:{deal.pk}", "body": "x"})
    assert response.status_code == 422 and "There is no such record." in text_of(response)


# -- pickers


def test_a_picker_offers_what_is_in_reach_folded(client_for: Any, make: Any) -> None:
    mine, _theirs = make("companies", name="كاسپين بار", by="reza"), make("companies", name="کاسپین جنوب", by="mina")
    found = client_for("reza").get("/r/companies/options", {"q": "کاسپین"}).json()
    assert [item["id"] for item in found] == [str(mine.pk)] and found[0]["label"] == "كاسپين بار"
    assert len(client_for("sara").get("/r/companies/options", {"q": "کاسپین"}).json()) == 2


def test_a_picker_makes_a_record(client_for: Any, tenant_a: Any) -> None:
    made = client_for("reza").post("/r/contacts/options", {"label": "Leila Ahmadi"})
    assert made.status_code == 201 and made.json()["label"] == "Leila Ahmadi"
    with in_tenant(tenant_a):
        contact = Contact.objects.get(pk=made.json()["id"])
        assert (contact.first_name, contact.last_name) == ("Leila", "Ahmadi")
    assert client_for("reza").post("/r/companies/options", {"label": ""}).status_code == 422
    assert client_for("kian").post("/r/companies/options", {"label": "X"}).status_code == 403
    with in_tenant(tenant_a):
        assert not Company.objects.exists()


def test_every_type_has_its_pages(client_for: Any, make: Any, tenant_a: Any) -> None:
    """No code for each type: whatever is declared has a list, a form, a page."""
    make("companies", name="A")
    make("contacts", last_name="B")
    make("deals", name="C")
    make("products", name="D")
    client = client_for("sara")
    for slug, rtype in registry.items():
        assert client.get(f"/r/{slug}").status_code == 200, slug
        assert client.get(f"/r/{slug}/filters").status_code == 200, slug
        if not rtype.parent:
            assert client.get(f"/r/{slug}/new").status_code == 200, slug
        with in_tenant(tenant_a):
            record = rtype.model.objects.alive().first()
        if record:
            for page in ("", "/edit", "/timeline"):
                assert client.get(f"/r/{slug}/{record.pk}{page}").status_code == 200, (slug, page)
