"""Records over HTTP: one behaviour each."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kernel.access.actor import actor_for
from kernel.access.models import ApiKey, Member, Role
from kernel.events.models import Event
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def sara(api_for):
    return api_for("sara")


@pytest.fixture
def deal(sara):
    answer = sara.post("/api/v1/deals", {"name": "Roof", "amount": "1200.50"})
    assert answer.status_code == 201, answer.content
    return answer.json()


def make(api, slug, **values):
    answer = api.post(f"/api/v1/{slug}", values)
    assert answer.status_code == 201, answer.content
    return answer.json()


def fields_of(answer):
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


class TestCreate:
    def test_answers_201_with_the_record_its_address_and_its_version(self, sara):
        answer = sara.post("/api/v1/deals", {"name": "Roof", "amount": "1200.50", "expected_close_on": "2027-01-31"})
        data = answer.json()
        assert answer.status_code == 201
        assert answer["Location"] == f"/api/v1/deals/{data['id']}"
        assert answer["ETag"] == '"1"'
        assert data["amount"] == {"amount": "1200.5000", "currency": "USD"}
        assert data["expected_close_on"] == "2027-01-31"
        assert data["status"] == "open"
        assert data["stage"]["label"]
        assert data["created_at"].endswith("Z")
        assert data["version"] == 1

    def test_owner_is_the_caller(self, api_for, member, tenant_a):
        data = make(api_for("reza"), "deals", name="Mine")
        with in_tenant(tenant_a):
            assert data["owner"] == {"id": str(member("reza").pk), "label": "Reza Rep"}

    def test_money_may_be_a_bare_decimal_or_an_object(self, sara):
        data = make(sara, "deals", name="A", amount={"amount": "5.25", "currency": "USD"})
        assert data["amount"]["amount"] == "5.2500"

    def test_another_currency_is_refused_on_its_field(self, sara):
        answer = sara.post("/api/v1/deals", {"name": "A", "amount": {"amount": "5", "currency": "EUR"}})
        assert answer.status_code == 400
        assert fields_of(answer) == [("amount", "currency")]

    def test_a_json_number_is_a_decimal_never_a_float(self, sara):
        answer = sara.post("/api/v1/deals", b'{"name": "A", "amount": 0.1000}')
        assert answer.json()["amount"]["amount"] == "0.1000"
        large = sara.post(
            "/api/v1/deals", '{"name": "A", "amount": 12345678901234567.89}', content_type="application/json"
        )
        assert large.json()["amount"]["amount"] == "12345678901234567.8900"

    def test_a_relation_by_label(self, sara):
        make(sara, "companies", name="Acme")
        data = make(sara, "deals", name="A", company={"label": "ACME"})
        assert data["company"]["label"] == "Acme"

    def test_lines_make_the_amount(self, sara):
        product = make(sara, "products", name="Tile", price="10")
        data = make(
            sara,
            "deals",
            name="A",
            lines=[{"product": product["id"], "quantity": "3", "price": "10", "discount": "10"}],
        )
        assert data["amount"]["amount"] == "27.0000"
        assert data["lines"][0]["product"] == {"id": product["id"], "label": "Tile"}

    def test_everything_wrong_is_told_at_once(self, sara):
        answer = sara.post("/api/v1/deals", {"name": "A", "amount": "abc", "expected_close_on": "tomorrow"})
        assert answer.status_code == 400
        assert {field for field, _code in fields_of(answer)} == {"amount", "expected_close_on"}

    def test_a_required_field_left_out_is_named(self, sara):
        answer = sara.post("/api/v1/companies", {})
        assert answer.status_code == 400
        assert fields_of(answer) == [("name", "required")]

    def test_a_read_only_field_is_refused_with_403(self, sara):
        answer = sara.post("/api/v1/deals", {"name": "A", "status": "won"})
        assert answer.status_code == 403
        assert fields_of(answer) == [("status", "read_only")]

    def test_a_verb_the_role_lacks_is_403(self, api_for):
        assert api_for("kian").post("/api/v1/deals", {"name": "A"}).status_code == 403

    def test_it_leaves_the_same_row_and_event_as_the_engine(self, sara, tenant_a, member):
        values = {"name": "Twin", "industry": "Tiles", "annual_revenue": Decimal("5")}
        data = make(sara, "companies", **{**values, "annual_revenue": "5"})
        with in_tenant(tenant_a):
            access = actor_for(member("sara"), via="page").access(registry["companies"])
            twin = create(access, values)
            one = access.rtype.model.objects.get(pk=data["id"])
            for column in (
                "name",
                "industry",
                "annual_revenue",
                "label_key",
                "search",
                "text_keys",
                "version",
                "owner_id",
            ):
                assert getattr(one, column) == getattr(twin, column), column
            mine, theirs = (Event.objects.get(record_id=pk) for pk in (one.pk, twin.pk))
            assert (mine.name, mine.changes, mine.member_id) == (theirs.name, theirs.changes, theirs.member_id)
            assert (mine.via, theirs.via) == ("api", "page")


class TestRead:
    def test_one_record_with_its_version_as_etag(self, sara, deal):
        answer = sara.get(f"/api/v1/deals/{deal['id']}")
        assert answer.status_code == 200
        assert answer.json() == deal
        assert answer["ETag"] == '"1"'

    def test_a_trailing_slash_is_answered_the_same(self, sara, deal):
        assert sara.get(f"/api/v1/deals/{deal['id']}/").json() == deal

    def test_fields_chooses_and_orders(self, sara, deal):
        answer = sara.get(f"/api/v1/deals/{deal['id']}?fields=name,id")
        assert list(answer.json()) == ["name", "id"]

    def test_a_row_out_of_reach_is_404(self, api_for, deal):
        assert api_for("reza").get(f"/api/v1/deals/{deal['id']}").status_code == 404

    def test_an_id_that_is_none_is_404(self, sara):
        assert sara.get(f"/api/v1/deals/{uuid.uuid4()}").status_code == 404
        assert sara.get("/api/v1/deals/------------------------------------").status_code == 404

    def test_a_hidden_field_is_absent(self, api_for, deal):
        data = api_for("nima").get(f"/api/v1/deals/{deal['id']}").json()
        assert "amount" not in data and "lines" not in data and data["name"] == "Roof"


class TestList:
    def test_pages_follow_the_cursor_without_gap_or_repeat(self, sara):
        names = [make(sara, "companies", name=f"Firm {i:02}")["name"] for i in range(7)]
        seen, cursor = [], ""
        while cursor is not None:
            page = sara.get(f"/api/v1/companies?limit=3&sort=name&cursor={cursor}").json()
            seen += [row["name"] for row in page["results"]]
            assert page["count"] == 7
            cursor = page["next"]
        assert seen == names

    def test_filters_sort_and_search(self, sara):
        for name, amount in (("Roof", "10"), ("Wall", "20"), ("Roof two", "30")):
            make(sara, "deals", name=name, amount=amount)
        page = sara.get("/api/v1/deals?amount__gte=10&q=roof&sort=-amount&owner=me").json()
        assert [row["name"] for row in page["results"]] == ["Roof two", "Roof"]

    def test_a_parameter_given_twice_asks_for_either(self, sara):
        for kind in ("customer", "partner", "supplier"):
            make(sara, "companies", name=kind, kind=kind)
        page = sara.get("/api/v1/companies?kind=customer&kind=partner&sort=name").json()
        assert [row["name"] for row in page["results"]] == ["customer", "partner"]

    def test_a_limit_beyond_200_is_200_and_none_is_refused(self, sara):
        assert sara.get("/api/v1/deals?limit=1000").status_code == 200
        assert fields_of(sara.get("/api/v1/deals?limit=0")) == [("limit", "invalid")]

    @pytest.mark.parametrize(
        "query", ["fields=id,{}", "sort={}", "sort=-{}", "{}__gte=1", "{}=1", "q=a&{}__empty=true"]
    )
    def test_a_hidden_field_answers_like_an_unknown_one(self, api_for, query):
        nima = api_for("nima")
        hidden, unknown = (nima.get(f"/api/v1/deals?{query.format(name)}") for name in ("amount", "nonesuch"))
        assert hidden.status_code == unknown.status_code == 400
        assert hidden.content.replace(b"amount", b"nonesuch") == unknown.content

    def test_a_cursor_of_another_order_is_refused(self, sara):
        for i in range(3):
            make(sara, "companies", name=f"{i}")
        cursor = sara.get("/api/v1/companies?limit=1&sort=name").json()["next"]
        assert fields_of(sara.get(f"/api/v1/companies?sort=-name&cursor={cursor}")) == [("cursor", "cursor")]

    def test_the_query_count_does_not_grow_with_rows(self, sara):
        def queries():
            with CaptureQueriesContext(connection) as seen:
                assert sara.get("/api/v1/deals").status_code == 200
            return len(seen)

        company = make(sara, "companies", name="Acme")["id"]
        make(sara, "deals", name="A", company=company)
        sara.get("/api/v1/deals")
        few = queries()
        for i in range(8):
            make(sara, "deals", name=f"A{i}", company=company)
        assert queries() == few


class TestStatements:
    """How often the database is asked, beside who calls: what a request costs is mostly that."""

    @pytest.fixture
    def asked(self, sara):
        def ask(send):
            send()
            with CaptureQueriesContext(connection) as seen:
                assert send().status_code < 300
            return [query["sql"] for query in seen if "access_apikey" not in query["sql"]]

        return ask

    def test_a_page_filtered_by_a_relation_and_its_count_are_one_statement_each(self, sara, deal, asked):
        owner = deal["owner"]["id"]
        sent = asked(lambda: sara.get(f"/api/v1/deals?owner={owner}&status=open&sort=-created_at&limit=1"))
        about_deals = [sql for sql in sent if 'FROM "sales_deal"' in sql]
        assert len(about_deals) == 2
        assert not any("JOIN" in sql for sql in about_deals)

    def test_a_record_that_is_changed_is_read_once(self, sara, deal, asked):
        names = iter(["Roof II", "Roof III"])
        sent = asked(lambda: sara.patch(f"/api/v1/deals/{deal['id']}", {"name": next(names)}))
        assert len([sql for sql in sent if sql.startswith("SELECT") and 'FROM "sales_deal"' in sql]) == 1

    def test_a_record_without_rows_is_made_without_asking_for_them(self, sara, asked):
        sent = asked(lambda: sara.post("/api/v1/deals", {"name": "New"}))
        assert [sql for sql in sent if '"sales_dealline"' in sql] == []


class TestChange:
    def test_patch_changes_only_what_is_sent(self, sara, deal):
        answer = sara.patch(f"/api/v1/deals/{deal['id']}", {"name": "Roof II"})
        assert answer.status_code == 200
        assert answer["ETag"] == '"2"'
        assert answer.json()["name"] == "Roof II"
        assert answer.json()["amount"] == deal["amount"]

    def test_a_stale_if_match_is_412_with_the_fields_that_differ(self, sara, deal):
        url = f"/api/v1/deals/{deal['id']}"
        sara.patch(url, {"name": "Theirs"}, HTTP_IF_MATCH='"1"')
        answer = sara.patch(url, {"amount": "7"}, HTTP_IF_MATCH='"1"')
        assert answer.status_code == 412
        assert fields_of(answer) == [("name", "stale")]
        assert answer.json()["current"] == {"version": 2, "name": "Theirs"}
        assert sara.get(url).json()["amount"]["amount"] == "1200.5000"

    def test_an_if_match_that_holds_passes(self, sara, deal):
        assert sara.patch(f"/api/v1/deals/{deal['id']}", {"name": "B"}, HTTP_IF_MATCH='"1"').status_code == 200
        assert sara.patch(f"/api/v1/deals/{deal['id']}", {"name": "C", "version": 2}).status_code == 200
        assert sara.patch(f"/api/v1/deals/{deal['id']}", {"name": "D", "version": 2}).status_code == 412

    def test_writing_a_hidden_field_answers_like_an_unknown_one(self, sara, api_for, tenant_a):
        product = make(sara, "products", name="Tile")
        with in_tenant(tenant_a):
            role = Role.objects.get(code="rep")
            role.rules["types"]["products"]["verbs"] = {"*": "all"}
            role.save()
        reza = api_for("reza")
        hidden, unknown = (
            reza.patch(f"/api/v1/products/{product['id']}", {name: "1"}) for name in ("cost", "nonesuch")
        )
        assert hidden.status_code == unknown.status_code == 400
        assert hidden.content.replace(b"cost", b"nonesuch") == unknown.content

    def test_a_row_that_is_seen_but_not_mine_is_403(self, api_for, tenant_a, member):
        sara = api_for("sara")
        with in_tenant(tenant_a):
            reza = member("reza")
        company = make(sara, "companies", name="Teamwork", team=str(_team(tenant_a, reza)))
        api = api_for("reza")
        assert api.get(f"/api/v1/companies/{company['id']}").status_code == 200
        assert api.patch(f"/api/v1/companies/{company['id']}", {"name": "X"}).status_code == 403

    def test_a_constraint_speaks_on_its_field(self, sara, deal):
        answer = sara.patch(f"/api/v1/deals/{deal['id']}", {"amount": "-1"})
        assert answer.status_code == 400
        assert "negative" in answer.json()["detail"]

    def test_delete_moves_to_the_trash_and_restore_brings_back(self, sara, deal):
        url = f"/api/v1/deals/{deal['id']}"
        assert sara.delete(url).status_code == 204
        assert sara.get(url).status_code == 404
        restored = sara.post(f"{url}/restore")
        assert restored.status_code == 200
        assert sara.get(url).json()["name"] == "Roof"

    def test_delete_obeys_if_match(self, sara, deal):
        assert sara.delete(f"/api/v1/deals/{deal['id']}", HTTP_IF_MATCH='"9"').status_code == 412


def _team(tenant, person):
    with in_tenant(tenant):
        return Member.objects.get(pk=person.pk).teams.first().pk


class TestVerbs:
    def test_win_closes_the_deal(self, sara, deal):
        answer = sara.post(f"/api/v1/deals/{deal['id']}/win", {"closed_on": "2026-11-01"})
        assert answer.status_code == 200
        assert answer.json()["status"] == "won"
        assert answer.json()["closed_on"] == "2026-11-01"

    def test_losing_needs_a_reason(self, sara, deal):
        answer = sara.post(f"/api/v1/deals/{deal['id']}/lose")
        assert answer.status_code == 400
        assert fields_of(answer) == [("lost_reason", "required")]

    def test_what_does_not_apply_is_409(self, sara, deal):
        sara.post(f"/api/v1/deals/{deal['id']}/win")
        assert sara.post(f"/api/v1/deals/{deal['id']}/win").status_code == 409

    def test_an_unknown_verb_is_404_and_an_unknown_field_400(self, sara, deal):
        assert sara.post(f"/api/v1/deals/{deal['id']}/explode").status_code == 404
        assert fields_of(sara.post(f"/api/v1/deals/{deal['id']}/win", {"name": "x"})) == [("name", "unknown")]

    def test_a_role_without_it_is_403(self, api_for, deal):
        assert api_for("kian").post(f"/api/v1/deals/{deal['id']}/win").status_code == 403


class TestTimeline:
    def test_tells_what_happened_last_first(self, sara, deal):
        sara.patch(f"/api/v1/deals/{deal['id']}", {"name": "Roof II"})
        make(sara, "notes", body="Called", about={"type": "deals", "id": deal["id"]})
        page = sara.get(f"/api/v1/deals/{deal['id']}/timeline").json()
        assert [entry["name"] for entry in page["results"]] == ["note.created", "deal.updated", "deal.created"]
        assert page["results"][1]["changes"] == {"name": ["Roof", "Roof II"]}
        assert "Sara" in page["results"][1]["sentence"]

    def test_pages_by_cursor(self, sara, deal):
        sara.patch(f"/api/v1/deals/{deal['id']}", {"name": "Roof II"})
        first = sara.get(f"/api/v1/deals/{deal['id']}/timeline?limit=1").json()
        second = sara.get(f"/api/v1/deals/{deal['id']}/timeline?limit=1&cursor={first['next']}").json()
        assert [e["name"] for e in first["results"] + second["results"]] == ["deal.updated", "deal.created"]
        assert second["next"] is None

    def test_hidden_fields_do_not_show(self, api_for, deal):
        content = api_for("nima").get(f"/api/v1/deals/{deal['id']}/timeline").content
        assert b"1200" not in content and b"Roof" in content

    def test_what_only_hidden_fields_tell_is_not_told(self, sara, api_for, deal):
        sara.patch(f"/api/v1/deals/{deal['id']}", {"amount": "1300"})
        results = api_for("nima").get(f"/api/v1/deals/{deal['id']}/timeline").json()["results"]
        assert [entry["name"] for entry in results] == ["deal.created"]

    def test_a_note_in_the_trash_is_told_without_its_text(self, sara, deal):
        note = make(sara, "notes", body="Called", about={"type": "deals", "id": deal["id"]})
        sara.delete(f"/api/v1/notes/{note['id']}")
        page = sara.get(f"/api/v1/deals/{deal['id']}/timeline")
        assert [entry["name"] for entry in page.json()["results"]] == ["note.deleted", "note.created", "deal.created"]
        assert b"Called" not in page.content


class TestAggregate:
    def test_sums_by_a_relation(self, sara):
        for name, amount in (("A", "10"), ("B", "20.25")):
            make(sara, "deals", name=name, amount=amount)
        data = sara.get("/api/v1/deals/aggregate?measure=sum:amount,count&group=owner").json()
        assert data["results"][0]["label"] == "Sara Admin"
        assert data["results"][0]["figures"] == {"sum:amount": {"amount": "30.2500", "currency": "USD"}, "count": 2}
        assert data["totals"]["count"] == 2

    def test_takes_a_lists_filters(self, sara):
        for name, amount in (("A", "10"), ("B", "20")):
            make(sara, "deals", name=name, amount=amount)
        data = sara.get("/api/v1/deals/aggregate?measure=count&amount__gte=15").json()
        assert data["results"][0]["figures"] == {"count": 1}

    def test_a_hidden_measure_is_unknown(self, api_for):
        assert fields_of(api_for("nima").get("/api/v1/deals/aggregate?measure=sum:amount")) == [("measure", "unknown")]


def test_a_key_of_a_revoked_or_inactive_member_is_401(api_for, tenant_a, member):
    reza = api_for("reza")
    with in_tenant(tenant_a):
        Member.objects.filter(pk=member("reza").pk).update(active=False)
    answer = reza.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    with in_tenant(tenant_a):
        Member.objects.filter(pk=member("reza").pk).update(active=True)
        ApiKey.objects.update(revoked_at="2026-01-01T00:00:00Z")
    assert reza.get("/api/v1/me").status_code == 401
