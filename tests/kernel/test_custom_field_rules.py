"""What holds of custom fields whoever writes them, whoever reads them, and in whichever process."""

from __future__ import annotations

import csv
import io
import re
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from importing import carry_out, import_text
from own_fields import VALUES, make

from kernel.access.actor import actor_for, operator
from kernel.events.models import Event
from kernel.files.models import StoredFile
from kernel.files.storing import open_file
from kernel.lib.ids import uuid7
from kernel.records import own_fields, own_indexes, own_search
from kernel.records.aggregate import aggregate, read_group, read_measures
from kernel.records.change import create, delete, edit, restore
from kernel.records.find import find
from kernel.records.models import CustomField
from kernel.records.types import registry
from kernel.records.undo import undo
from kernel.tenancy.context import in_tenant, tenant_only
from kernel.transfer import exporting


def access(member: Any, slug: str = "companies") -> Any:
    return actor_for(member, "page").access(registry[slug])


def own(row: Any, **values: Any) -> Any:
    return edit(operator().access(registry["custom-fields"]), row, values)


# -- values


def test_a_required_field_is_asked_of_new_records_and_of_those_it_is_taken_from(in_a, member) -> None:
    field, sara = make("text", "Own"), access(member("sara"))
    old, held = create(sara, {"name": "Old"}), create(sara, {"name": "Held", "custom.own": "x"})
    own(field, required=True)
    sara = access(member("sara"))
    with pytest.raises(ValidationError) as refused:
        create(sara, {"name": "New"})
    assert list(refused.value.message_dict) == ["custom.own"]
    edit(sara, old, {"name": "Older"})
    with pytest.raises(ValidationError):
        edit(sara, held, {"custom.own": None})


def test_a_default_fills_what_nobody_filled_in(in_a, member) -> None:
    make("choice", "Own", default="red")
    sara = access(member("sara"))
    assert create(sara, {"name": "A"}).custom == {"own": "red"}
    assert create(sara, {"name": "B", "custom.own": None}).custom == {}


@pytest.mark.parametrize(("kind", "wrong"), [("number", "x"), ("choice", "green"), ("date", "1405-01-01x")])
def test_a_default_must_be_a_value_of_its_kind(kind: str, wrong: str, in_a) -> None:
    with pytest.raises(ValidationError) as refused:
        make(kind, "Own", default=wrong)
    assert "default" in refused.value.message_dict


@pytest.mark.parametrize(("kind", "one", "same"), [("text", "Alì  Baba", "ali baba"), ("number", "1", "1.00")])
def test_a_unique_field_refuses_the_same_value_in_other_words(
    kind: str, one: str, same: str, api_for, tenant_a
) -> None:
    with in_tenant(tenant_a):
        make(kind, "Own", unique=True)
    api = api_for("sara")
    first = api.post("/api/v1/companies", {"name": "First", "custom": {"own": one}}).json()
    second = api.post("/api/v1/companies", {"name": "Second", "custom": {"own": same}})
    assert second.status_code == 400
    assert second.json()["errors"][0]["field"] == "custom.own"
    assert "First" in second.json()["errors"][0]["message"]
    assert api.delete(f"/api/v1/companies/{first['id']}").status_code == 204
    assert api.post("/api/v1/companies", {"name": "Second", "custom": {"own": same}}).status_code == 201
    assert api.post(f"/api/v1/companies/{first['id']}/restore").status_code == 400


def test_a_unique_field_tells_nothing_of_a_record_out_of_reach(api_for, tenant_a) -> None:
    with in_tenant(tenant_a):
        make("text", "Own", "deals", unique=True)
    assert api_for("mina").post("/api/v1/deals", {"name": "Hidden", "custom": {"own": "x"}}).status_code == 201
    refused = api_for("reza").post("/api/v1/deals", {"name": "Mine", "custom": {"own": "x"}})
    assert refused.status_code == 400
    assert "Hidden" not in refused.content.decode()


def test_a_field_with_repeated_values_cannot_become_unique_and_says_which(in_a, member) -> None:
    field, sara = make("text", "Own"), access(member("sara"))
    for name in ("A", "B"):
        create(sara, {"name": name, "custom.own": "Twice"})
    with pytest.raises(ValidationError) as refused:
        own(field, unique=True)
    assert "Twice" in refused.value.messages[0]


def test_a_choice_in_use_is_archived_when_taken_away_and_one_that_is_not_goes(in_a, member) -> None:
    field, sara = make("choice", "Own"), access(member("sara"))
    held = create(sara, {"name": "Held", "custom.own": "red"})
    own(field, choices=[{"label": "Green", "code": "green"}])
    field.refresh_from_db()
    assert [(c["code"], c.get("archived", False)) for c in field.choices] == [("green", False), ("red", True)]
    sara = access(member("sara"))
    spec = sara.readable()["custom.own"]
    assert spec.kind.show(spec, "red", sara.actor.format) == "Red"
    edit(sara, held, {"name": "Still", "custom.own": "red"})
    with pytest.raises(ValidationError):
        create(sara, {"name": "New", "custom.own": "red"})


def test_what_a_field_is_stays_as_it_was_made(in_a) -> None:
    field = make("text", "Own")
    for change in ({"kind": "number"}, {"code": "other"}, {"record_type": "deals"}):
        with pytest.raises(ValidationError) as refused:
            own(field, **change)
        assert list(refused.value.message_dict) == list(change)


@pytest.mark.parametrize("code", ["a'b", "a__b", "a_", "1a", "A", "a.b", 'a"', "a%s", "ا", "a-b", "a b"])
def test_a_code_is_nothing_that_a_statement_or_an_address_could_mean_otherwise(code: str, in_a) -> None:
    with pytest.raises(ValidationError):
        make("text", "Own", code=code)


def test_codes_are_made_of_names_in_both_scripts_and_never_given_twice(in_a) -> None:
    first = make("text", "شمارهٔ قرارداد")
    assert first.code.isascii()
    delete(operator().access(registry["custom-fields"]), first)
    assert make("text", "شمارهٔ قرارداد").code == f"{first.code}_2"


HOSTILE = ["x' OR '1'='1", '"}]', "%", "_", "\\", "{}", "$1", "a,b", "؛", "null"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_is_only_ever_a_value(text: str, api_for, tenant_a) -> None:
    with in_tenant(tenant_a):
        make("text", "Own")
        make("email", "Mail")
    api = api_for("sara")
    row = api.post("/api/v1/companies", {"name": "A", "custom": {"own": text}}).json()
    api.post("/api/v1/companies", {"name": "B", "custom": {"own": "other"}})
    assert row["custom"]["own"] == text
    for key in ("custom.own", "custom.own__contains", "custom.mail__contains", "custom.mail"):
        answer = api.get("/api/v1/companies", {key: text})
        assert answer.status_code in (200, 400)
    found = api.get("/api/v1/companies", {"custom.own": text}).json()
    assert [r["name"] for r in found["results"]] == ["A"]


# -- surfaces


@pytest.mark.parametrize("kind", sorted(VALUES))
def test_a_hidden_custom_field_is_unknown_everywhere(kind: str, client_for, api_for, tenant_a, member) -> None:
    low, _high = VALUES[kind]
    with in_tenant(tenant_a):
        make(kind, "Zqxown", in_list=True)
        sara = access(member("sara"))
        record = create(sara, {"name": "Plain", "custom.zqxown": sara.readable()["custom.zqxown"].take(low, sara)})
        role = member("leila").roles.get()
        role.rules["types"]["companies"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "custom.zqxown": "none"}}
        role.save()
    page, api = client_for("leila"), api_for("leila")
    surfaces = ("", "/new", "/{pk}", "/{pk}/edit", "/{pk}/timeline", "/filters", "/options")
    for path in (*(f"/r/companies{s}" for s in surfaces), "/api/v1/companies", "/api/v1/companies/{pk}",
                 "/api/v1/companies/{pk}/timeline", "/api/v1/schema", "/trash?type=companies"):  # fmt: skip
        path = path.format(pk=record.pk)
        answer = (api if path.startswith("/api") else page).get(path)
        assert answer.status_code == 200, path
        assert "zqxown" not in answer.content.decode().lower(), path
    for path in ("?{}=x", "?sort={}", "?fields={}", "/aggregate?group={}", "/aggregate?measure=sum:{}"):
        hidden, unknown = (api.get("/api/v1/companies" + path.format(f"custom.{c}")) for c in ("zqxown", "nonsense"))
        assert hidden.status_code == unknown.status_code == 400, path
        assert hidden.json()["errors"][0]["message"] == unknown.json()["errors"][0]["message"]
    hidden, unknown = (
        api.patch(f"/api/v1/companies/{record.pk}", {"custom": {c: low}}) for c in ("zqxown", "nonsense")
    )
    assert hidden.status_code == unknown.status_code == 400
    assert hidden.json()["errors"][0]["message"] == unknown.json()["errors"][0]["message"]
    assert page.get(f"/r/companies/{record.pk}/cell/custom.zqxown").status_code == 404


def test_the_api_takes_custom_values_in_their_object_and_nowhere_else(api_for, tenant_a) -> None:
    with in_tenant(tenant_a):
        make("text", "Own")
    api = api_for("sara")
    for body in ({"custom.own": "x"}, {"custom": "x"}, {"custom": ["own"]}, {"custom": {"nope": 1}}):
        assert api.post("/api/v1/companies", {"name": "A", **body}).status_code == 400, body
    assert api.get("/api/v1/companies?fields=custom").status_code == 200
    schema = api.get("/api/v1/schema").json()["components"]["schemas"]
    assert list(schema["Company"]["properties"]["custom"]["properties"]) == ["own"]
    assert schema["CompanyCreate"]["properties"]["custom"]["additionalProperties"] is False


@pytest.mark.parametrize("kind", sorted(VALUES))
@pytest.mark.parametrize("headers", ["names", "labels"])
def test_each_kind_comes_back_from_an_export_by_an_import(kind: str, headers: str, in_a, tenant_a, member) -> None:
    make(kind, "Own")
    sara = actor_for(member("sara"), "page")
    to = sara.access(registry["companies"])
    spec = to.readable()["custom.own"]
    for name, raw in zip(("Low", "High"), VALUES[kind], strict=True):
        create(to, {"name": name, "custom.own": spec.take(raw, to)})
    before = {row.name: row.custom for row in registry["companies"].model.objects.alive()}
    run = carry_out(tenant_a, exporting.start(sara, "companies", fields=["name", "custom.own"], headers=headers))
    with open_file(StoredFile.objects.get(pk=run.result["file"])) as stream:
        content = stream.read()
    assert next(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1] == (
        "Own" if headers == "labels" else "custom.own"
    )
    registry["companies"].model.objects.all().delete()
    done = import_text(tenant_a, actor_for(member("sara"), "page"), "companies", content)
    assert done.counts["created"] == 2, (done.error, [p.reasons for p in done.problems.all()])
    assert {row.name: row.custom for row in registry["companies"].model.objects.alive()} == before


def test_a_file_is_mapped_by_a_field_s_name_in_either_language(in_a, tenant_a, member) -> None:
    make("choice", "Tier", other_name="رده")
    done = import_text(tenant_a, actor_for(member("sara"), "page"), "companies", "name,رده\nA,آبی\n")
    assert done.counts["created"] == 1
    assert registry["companies"].model.objects.get(name="A").custom == {"tier": "blue"}


@pytest.mark.parametrize("kind", sorted(VALUES))
def test_a_change_of_each_kind_is_told_and_taken_back(kind: str, in_a, member) -> None:
    make(kind, "Own")
    sara = actor_for(member("sara"), "page")
    to = sara.access(registry["companies"])
    spec = to.readable()["custom.own"]
    low, high = (spec.take(raw, to) for raw in VALUES[kind])
    record = create(to, {"name": "A", "custom.own": low})
    before = dict(record.custom)
    edit(to, record, {"custom.own": high})
    event = Event.objects.order_by("-pk").first()
    assert list(event.changes) == ["custom.own"]
    assert list(undo(sara, [event], uuid7())) == []
    record.refresh_from_db()
    assert record.custom == before


def test_figures_are_grouped_by_and_summed_over_custom_fields(in_a, member) -> None:
    make("choice", "Tier"), make("number", "Seats"), make("date", "Since")
    sara = access(member("sara"))
    for name, tier, seats in (("A", "red", 2), ("B", "red", 3), ("C", None, 5)):
        values = {"custom.tier": tier, "custom.seats": Decimal(seats)}
        create(sara, {"name": name, **values})
    found = find(sara, {})
    groups = aggregate(found, read_measures(found, "sum:custom.seats,count"), read_group(found, "custom.tier"))
    assert {(g.key, g.figures["sum:custom.seats"]) for g in groups} == {("red", Decimal(5)), (None, Decimal(5))}


def test_a_record_counts_in_the_group_of_each_of_its_choices(in_a, member) -> None:
    make("choices", "Tier")
    sara = access(member("sara"))
    for name, tier in (("A", ["red", "blue"]), ("B", ["red"]), ("C", [])):
        create(sara, {"name": name, "custom.tier": tier})
    found = find(sara, {})
    groups = aggregate(found, read_measures(found, "count"), read_group(found, "custom.tier"))
    assert {(g.label, g.figures["count"]) for g in groups} == {("Red", 2), ("Blue", 1), ("None", 1)}


def test_search_finds_a_searchable_field_and_forgets_one_put_away(in_a, tenant_a, member) -> None:
    field, sara = make("text", "Own", searchable=True), access(member("sara"))
    create(sara, {"name": "A", "custom.own": "Marzipan"})
    assert find(sara, {"q": "marzi"}).count() == 1
    delete(operator().access(registry["custom-fields"]), field)
    own_search.search_again(field.pk)
    assert find(access(member("sara")), {"q": "marzi"}).count() == 0


# -- tenants, processes, races


def test_two_tenants_share_no_field(api_for, tenant_a, tenant_b) -> None:
    with in_tenant(tenant_a):
        make("text", "Own")
        assert "custom.own" in registry["companies"].specs()
    with in_tenant(tenant_b):
        assert "custom.own" not in registry["companies"].specs()
    assert api_for("eve").post("/api/v1/companies", {"name": "A", "custom": {"own": "x"}}).status_code == 400
    assert "custom.own" not in registry["companies"].specs()


def test_another_process_knows_a_new_field_with_its_next_request(api_for, tenant_a) -> None:
    """Each process has its memory of fields, held here apart by hand; none is told of the change but by the stamp."""
    api = api_for("sara")
    there = dict(own_fields._known)
    assert api.get("/api/v1/companies?custom.own=x").status_code == 400
    with in_tenant(tenant_a):
        field = make("text", "Own")
    own_fields._known.clear()
    own_fields._known.update(there)
    assert api.get("/api/v1/companies?custom.own=x").status_code == 200
    with in_tenant(tenant_a):
        delete(operator().access(registry["custom-fields"]), field)
    assert api.get("/api/v1/companies?custom.own=x").status_code == 400


def test_a_field_costs_a_request_no_query_of_its_own(api_for, tenant_a) -> None:
    from django.test.utils import CaptureQueriesContext

    api = api_for("sara")

    def queries() -> int:
        with CaptureQueriesContext(connections["default"]) as caught:
            assert api.get("/api/v1/companies").status_code == 200
        return len(caught)

    queries()
    without = queries()
    with in_tenant(tenant_a):
        make("text", "Own")
    queries()
    assert queries() <= without


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_index", [False, True])
def test_of_many_that_give_one_value_at_once_one_has_it(has_index: bool, api_for, tenant_a) -> None:
    with in_tenant(tenant_a):
        field = make("text", "Own", unique=True)
    if has_index:
        with tenant_only(tenant_a):
            own_indexes.keep(field.pk)
    api, ready = api_for("sara"), Barrier(6)

    def post(number: int) -> int:
        ready.wait()
        try:
            body = {"name": f"N{number}", "custom": {"own": "Same"}}
            return int(api.post("/api/v1/companies", body).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(post, range(6))) == [201, 400, 400, 400, 400, 400]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["text", "number", "date", "choice", "choices"])
def test_an_index_is_built_beside_the_template_and_dropped_with_its_field(kind: str, tenant_a, monkeypatch) -> None:
    from kernel.tenancy.catalog import read_schema

    monkeypatch.setattr(own_indexes, "MANY", 1)
    with in_tenant(tenant_a), connections["default"].cursor() as cursor:
        before = read_schema(cursor)
        field = make(kind, "Own")
        for name in ("A", "B"):
            create(operator().access(registry["companies"]), {"name": name})
    with tenant_only(tenant_a):
        with in_tenant(tenant_a):
            assert own_indexes.want_if_long(field.pk)
        own_indexes.keep(field.pk)
    with in_tenant(tenant_a), connections["default"].cursor() as cursor:
        assert CustomField.objects.get(pk=field.pk).index_state == "ready"
        there = own_indexes._there(field.pk)
        assert there[f"cf_{field.pk.hex}"] and all(there.values())
        assert read_schema(cursor) == before
        delete(operator().access(registry["custom-fields"]), CustomField.objects.get(pk=field.pk))
    with tenant_only(tenant_a):
        own_indexes.keep(field.pk)
    with in_tenant(tenant_a):
        assert own_indexes._there(field.pk) == {}


@pytest.mark.django_db(transaction=True)
def test_a_list_in_the_order_of_choices_follows_an_index_however_they_are_put(tenant_a, monkeypatch) -> None:
    monkeypatch.setattr(own_indexes, "MANY", 1)
    with in_tenant(tenant_a):
        field = make("choice", "Own")
        for name in ("A", "B"):
            create(operator().access(registry["companies"]), {"name": name})
    with in_tenant(tenant_a):
        assert own_indexes.want_if_long(field.pk)
    found = []
    for _time in range(2):
        with tenant_only(tenant_a):
            own_indexes.keep(field.pk)
        with in_tenant(tenant_a), connections["default"].cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
            rows = find(operator().access(registry["companies"]), {"sort": "custom.own"})._slice(None, None, 10)
            found += re.findall(rf"cf_{field.pk.hex}_\w+", rows.explain())
            field.refresh_from_db()
            edit(operator().access(registry["custom-fields"]), field, {"choices": field.choices[::-1]})
    assert len(set(found)) == 2


def test_an_archived_field_comes_back_whole(in_a, member) -> None:
    field, sara = make("text", "Own"), access(member("sara"))
    record = create(sara, {"name": "A", "custom.own": "kept"})
    delete(operator().access(registry["custom-fields"]), field)
    sara = access(member("sara"))
    assert "custom.own" not in sara.readable()
    edit(sara, record, {"name": "B"})
    restore(operator().access(registry["custom-fields"]), field)
    sara = access(member("sara"))
    record.refresh_from_db()
    assert sara.readable()["custom.own"].value(record) == "kept"
