"""The record engine: change, find, access, through their public functions."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connections
from django.test.utils import CaptureQueriesContext

from crm_core.sales.models import Stage
from kernel.access.actor import Access, actor_for
from kernel.events.models import Event
from kernel.records.aggregate import aggregate, read_group, read_measures
from kernel.records.change import NotFound, Stale, create, delete, edit, restore
from kernel.records.find import find
from kernel.records.types import registry


@pytest.fixture
def access(in_a, member):
    def of(name: str, slug: str, via: str = "page") -> Access:
        return actor_for(member(name), via).access(registry[slug])

    return of


def changes_of(record):
    return Event.objects.filter(record_id=record.pk).order_by("-pk")[0].changes


def test_a_created_record_leaves_one_event_with_its_values(access):
    deal = create(access("reza", "deals"), {"name": "Pump", "amount": Decimal("12.5")})
    event = Event.objects.get(record_id=deal.pk)
    assert event.name == "deal.created"
    assert event.changes["amount"] == [None, "12.5000"]
    assert event.member_id == deal.owner_id == deal.created_by_id


def test_an_edit_tells_only_what_changed(access):
    companies = access("reza", "companies")
    company = create(companies, {"name": "Acme", "city": "Yazd"})
    edit(companies, company, {"name": "Acme", "city": "Kerman"})
    assert changes_of(company) == {"city": ["Yazd", "Kerman"]}
    assert company.version == 2


def test_an_edit_that_changes_nothing_leaves_no_trace(access):
    companies = access("reza", "companies")
    company = create(companies, {"name": "Acme"})
    edit(companies, company, {"name": "Acme"})
    assert company.version == 1
    assert Event.objects.filter(record_id=company.pk).count() == 1


def test_an_older_version_is_refused_and_nothing_written(access):
    companies = access("reza", "companies")
    company = create(companies, {"name": "Acme"})
    edit(companies, company, {"name": "Acme 2"})
    with pytest.raises(Stale) as raised:
        edit(companies, company, {"name": "Acme 3"}, version=1)
    assert raised.value.record.name == "Acme 2"


def test_a_missing_required_field_is_named(access):
    with pytest.raises(ValidationError) as raised:
        create(access("reza", "companies"), {"city": "Yazd"})
    assert set(raised.value.error_dict) == {"name"}


def test_a_constraint_speaks_on_its_field(access):
    products = access("sara", "products")
    create(products, {"name": "A", "code": "x1"})
    with pytest.raises(ValidationError) as raised:
        create(products, {"name": "B", "code": "x1"})
    assert raised.value.message_dict == {"code": ["Another product has this code."]}


def test_a_hidden_field_is_an_unknown_field(access):
    products = access("reza", "products")
    with pytest.raises(ValidationError) as unknown:
        find(products, {"nonsense": "1"})
    with pytest.raises(ValidationError) as hidden:
        find(products, {"cost": "1"})
    assert unknown.value.messages == hidden.value.messages


def test_a_read_only_field_refuses_by_name(access):
    with pytest.raises(PermissionDenied, match="status"):
        create(access("reza", "deals"), {"name": "Pump", "status": "won"})


def test_a_rep_sees_the_team_and_edits_own(access, member):
    theirs = create(access("mina", "deals"), {"name": "Mina's"})
    assert not access("reza", "deals").records().filter(pk=theirs.pk).exists()
    with pytest.raises(NotFound):
        edit(access("reza", "deals"), theirs, {"name": "Mine"})
    assert access("leila", "deals").records().filter(pk=theirs.pk).exists()


def test_a_reader_can_write_nothing(access):
    with pytest.raises(PermissionDenied):
        create(access("kian", "companies"), {"name": "No"})


def test_a_relation_to_a_record_out_of_reach_is_one_to_none(access):
    theirs = create(access("mina", "companies"), {"name": "Hidden Ltd"})
    with pytest.raises(ValidationError) as raised:
        create(access("reza", "deals"), {"name": "Pump", "company": theirs.pk})
    assert set(raised.value.error_dict) == {"company"}


def test_a_deleted_record_is_gone_until_restored(access):
    companies = access("sara", "companies")
    company = create(companies, {"name": "Acme"})
    delete(companies, company)
    assert not companies.records().filter(pk=company.pk).exists()
    restore(companies, company)
    assert companies.records().filter(pk=company.pk).exists()


def test_a_stage_is_found_and_kept_from_being_deleted_in_one_question(access):
    deals = access("sara", "deals")
    deal = create(deals, {"name": "A"})
    other = Stage.objects.filter(kind="open").exclude(pk=deal.stage_id)[0]
    with CaptureQueriesContext(connections["default"]) as queries:
        edit(deals, deal, {"stage": other.pk})
    (asked,) = [query["sql"] for query in queries if 'FROM "sales_stage" WHERE' in query["sql"]]
    assert asked.endswith("FOR SHARE")


def test_moving_to_a_won_stage_wins_the_deal(access):
    deals = access("reza", "deals")
    deal = create(deals, {"name": "Pump"})
    edit(deals, deal, {"stage": Stage.objects.get(kind="won").pk})
    assert deal.status == "won"
    assert deal.closed_on is not None
    assert Event.objects.filter(record_id=deal.pk, name="deal.won").exists()


def test_a_lost_deal_needs_a_reason_but_not_when_imported(access):
    deals, lost = access("reza", "deals"), Stage.objects.get(kind="lost").pk
    with pytest.raises(ValidationError) as raised:
        create(deals, {"name": "Pump", "stage": lost})
    assert set(raised.value.error_dict) == {"lost_reason"}
    assert create(access("reza", "deals", via="import"), {"name": "Old", "stage": lost}).status == "lost"


def test_the_amount_follows_the_lines_until_it_is_typed(access):
    product = create(access("sara", "products"), {"name": "GTX", "price": Decimal(100)})
    deals = access("sara", "deals")
    line = {"product": product.pk, "quantity": Decimal(2), "price": Decimal(100), "discount": Decimal(10)}
    deal = create(deals, {"name": "Pump", "lines": [line]})
    assert deal.amount == Decimal(180)
    edit(deals, deal, {"amount": Decimal(150)})
    edit(deals, deal, {"lines": [{**line, "quantity": Decimal(3)}]})
    assert deal.amount == Decimal(150)


def test_a_phone_number_and_the_list_of_points_keep_in_step(access):
    contacts = access("sara", "contacts")
    contact = create(contacts, {"last_name": "Rezaei", "phone": "+989121234567"})
    spec = registry["contacts"].specs()["contact_points"]
    assert [(p["kind"], p["value"], p["primary"]) for p in spec.value(contact)] == [("phone", "+989121234567", True)]
    points = [{"kind": "phone", "value": "0098 21 88776655", "primary": True}]
    edit(contacts, contact, {"contact_points": points})
    assert contact.phone == "+982188776655"


def test_search_finds_every_spelling(access):
    companies = access("sara", "companies")
    create(companies, {"name": "شرکت كيميا‌گران يزد"})
    assert find(companies, {"q": "کیمیا گران یزد"}).count() == 1


def test_search_does_not_match_a_hidden_field(access, member):
    products = access("sara", "products")
    create(products, {"name": "GTX", "category": "Secret"})
    role = member("reza").roles.get()
    role.rules["types"]["products"]["fields"]["category"] = "none"
    role.save()
    found = actor_for(member("reza"), "page").access(registry["products"])
    assert find(found, {"q": "secret"}).count() == 0
    assert find(found, {"q": "gtx"}).count() == 1


def test_persian_names_sort_in_the_order_of_the_alphabet(access):
    companies = access("sara", "companies")
    for name in ("گل", "پارس", "یاس", "بهار", "آب", "چای"):
        create(companies, {"name": name})
    assert [c.name for c in find(companies, {"sort": "name"}).page().rows] == ["آب", "بهار", "پارس", "چای", "گل", "یاس"]


@pytest.mark.parametrize(
    "sort", ["amount", "-amount", "name", "-created_at", "company", "-expected_close_on", "status"]
)
def test_pages_by_cursor_tell_every_row_once_in_order(access, sort):
    deals = access("sara", "deals")
    company = create(access("sara", "companies"), {"name": "Acme"})
    for number in range(7):
        amount = None if number % 3 == 0 else Decimal(number % 2)
        create(deals, {"name": f"D{number}", "amount": amount, "company": company.pk if number % 2 else None})
    found, seen, cursor = find(deals, {"sort": sort}), [], None
    while True:
        page = found.page(2, cursor)
        seen += page.rows
        cursor = page.next
        if cursor is None:
            break
    assert [row.pk for row in seen] == [row.pk for row in found.ordered()]
    assert len(seen) == 7


@pytest.mark.parametrize(("bound", "kept"), [({"amount__gte": "1"}, ["D1", "D3"]), ({"amount__empty": "true"}, ["D0"])])
def test_where_all_or_none_have_what_a_list_is_sorted_by_one_query_answers(access, bound, kept):
    deals = access("sara", "deals")
    for number, amount in enumerate((None, 1, 0, 3)):
        create(deals, {"name": f"D{number}", "amount": amount})
    found = find(deals, {"sort": "amount", **bound})
    with CaptureQueriesContext(connections["default"]) as queries:
        assert [row.name for row in found.page().rows] == kept
    assert len(queries) == 1


@pytest.mark.parametrize(
    ("slug", "asked"),
    [
        ("companies", {"sort": "email", "email__empty": "true"}),
        ("companies", {"sort": "website", "website__empty": "true"}),
        ("companies", {"sort": "city", "city__empty": "true"}),
        ("companies", {"sort": "phone", "phone__empty": "true"}),
    ],
)
def test_a_list_holds_what_passes_also_where_it_has_nothing_to_be_sorted_by(access, slug, asked):
    create(access("sara", slug), {"name": "Zemblan"})
    found = find(access("sara", slug), asked)
    assert [row.name for row in found.page().rows] == [row.name for row in found.ordered()] == ["Zemblan"]


@pytest.mark.parametrize("sort", ["amount", "-amount"])
def test_a_bound_without_a_value_leaves_nothing_out_of_the_pages(access, sort):
    deals = access("sara", "deals")
    for number, amount in enumerate((None, 1, None, 3, None)):
        create(deals, {"name": f"D{number}", "amount": amount})
    found = find(deals, {"sort": sort, "amount__gte": ""})
    first = found.page(2)
    rows = first.rows + found.page(3, first.next).rows
    assert [row.pk for row in rows] == [row.pk for row in found.ordered()]


@pytest.mark.parametrize("cursor", ["x", "e30", "bnVsbA", "WzEsMiwzXQ", "W1tdXQ"])
def test_a_made_up_cursor_is_a_clear_error(access, cursor):
    with pytest.raises(ValidationError) as raised:
        find(access("sara", "deals"), {}).page(2, cursor)
    assert "cursor" in raised.value.error_dict


def test_won_sums_by_owner_and_by_product_agree(access, member):
    product = create(access("sara", "products"), {"name": "GTX"})
    deals = access("sara", "deals")
    won = Stage.objects.get(kind="won").pk
    for owner, price in (("reza", 10), ("reza", 5), ("mina", 7)):
        line = {"product": product.pk, "quantity": Decimal(1), "price": Decimal(price), "discount": Decimal(0)}
        create(deals, {"name": "D", "stage": won, "owner": member(owner).pk, "lines": [line]})
    found = find(deals, {"status": "won"})
    by_owner = aggregate(found, read_measures(found, "sum:amount"), read_group(found, "owner"))
    assert [(g.label, g.figures["sum:amount"]) for g in by_owner] == [("Reza Rep", 15), ("Mina Rep", 7)]
    by_product = aggregate(found, read_measures(found, "sum:lines.total"), read_group(found, "lines.product"))
    assert [(g.label, g.figures["sum:lines.total"]) for g in by_product] == [("GTX", 22)]


def test_months_are_those_of_the_asked_calendar(access):
    deals, won = access("sara", "deals"), Stage.objects.get(kind="won").pk
    for day in ("2026-03-20", "2026-03-21"):
        spec = deals.editable()["closed_on"]
        create(deals, {"name": "D", "stage": won, "closed_on": spec.take(day, deals)})
    found = find(deals, {"calendar": "jalali"})
    months = aggregate(found, read_measures(found, "count"), read_group(found, "closed_on:month"))
    assert [(g.key, g.figures["count"]) for g in months] == [("1404-12", 1), ("1405-01", 1)]


def test_a_note_is_seen_by_whoever_sees_its_record(access):
    deal = create(access("mina", "deals"), {"name": "Pump"})
    create(access("mina", "notes"), {"body": "Call back", "about": {"type": "deals", "id": str(deal.pk)}})
    assert access("leila", "notes").records().count() == 1
    assert access("reza", "notes").records().count() == 0


def test_a_rep_creates_only_own_records_but_may_hand_them_over(access, member):
    deals = access("reza", "deals")
    with pytest.raises(PermissionDenied):
        create(deals, {"name": "For Mina", "owner": member("mina").pk})
    deal = create(deals, {"name": "Mine"})
    edit(deals, deal, {"owner": member("mina").pk})
    assert not deals.records().filter(pk=deal.pk).exists()


def test_a_record_is_of_its_owners_team(access, member):
    deal = create(access("sara", "deals"), {"name": "Pump", "owner": member("reza").pk})
    assert deal.team.name == "North"
    edit(access("sara", "deals"), deal, {"owner": member("mina").pk})
    assert deal.team.name == "South"


def test_sorting_by_a_relation_does_not_tell_the_order_of_labels_out_of_reach(access, member):
    deals = access("sara", "deals")
    names = ("Zulu", "Alpha")
    hidden = [create(access("sara", "companies"), {"name": name, "owner": member("mina").pk}) for name in names]
    for company in hidden:
        create(deals, {"name": f"At {company.name}", "company": company.pk, "owner": member("reza").pk})
    told = [
        [deal.name for deal in find(access("reza", "deals"), {"sort": sort}).page().rows]
        for sort in ("company", "-company")
    ]
    assert told == [["At Zulu", "At Alpha"], ["At Alpha", "At Zulu"]]
