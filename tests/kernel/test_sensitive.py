"""Reading a field that is marked sensitive leaves an event, wherever it is read; what is masked was not read."""

import pytest
from importing import carry_out

from kernel.access.actor import actor_for, operator
from kernel.access.models import Role
from kernel.events.models import Event
from kernel.records.change import create, edit
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from kernel.transfer import exporting

ID = "1234567890"


@pytest.fixture
def people(tenant_a):
    """Two contacts with a national ID, one without."""
    with in_tenant(tenant_a):
        access = operator("operator").access(registry["contacts"])
        return [
            create(access, {"first_name": name, "last_name": "Rose", **({"national_id": number} if number else {})})
            for name, number in (("Ann", ID), ("Bob", "9876543210"), ("Cid", ""))
        ]


@pytest.fixture
def told(tenant_a):
    def told():
        with in_tenant(tenant_a):
            return [
                (e.record_id, e.changes["fields"][1], e.changes["count"][1], e.via)
                for e in Event.objects.filter(name="field.read").order_by("pk")
            ]

    return told


@pytest.mark.parametrize("path", ["/r/contacts/{}", "/r/contacts/{}/edit", "/r/contacts/{}/cell/national_id"])
def test_a_page_that_shows_it_tells_who_read_it_once(client_for, people, told, path):
    sara, url = client_for("sara"), path.format(people[0].pk)
    for _time in range(2):
        assert ID in sara.get(url).content.decode()
    assert told() == [(people[0].pk, ["national_id"], 1, "page")]


def test_somebody_elses_reading_is_told_too(client_for, people, told):
    for name in ("sara", "leila"):
        client_for(name).get(f"/r/contacts/{people[0].pk}")
    assert len(told()) == 2


def test_a_list_is_told_once_for_all_its_records(client_for, api_for, people, told, tenant_a):
    assert ID in client_for("sara").get("/r/contacts?columns=label,national_id").content.decode()
    assert told() == [(None, ["national_id"], 2, "page")]
    with in_tenant(tenant_a):
        event = Event.objects.get(name="field.read")
    assert set(event.changes["records"][1]) == {str(person.pk) for person in people[:2]}


def test_the_api_tells_too(api_for, people, told):
    sara = api_for("sara")
    assert ID in sara.get(f"/api/v1/contacts/{people[0].pk}").content.decode()
    sara.get("/api/v1/contacts")  # the other one is new here
    assert told() == [
        (people[0].pk, ["national_id"], 1, "api"), (people[1].pk, ["national_id"], 1, "api"),
    ]  # fmt: skip


def test_what_was_not_asked_for_or_is_empty_was_not_read(client_for, api_for, people, told):
    client_for("sara").get("/r/contacts")
    api_for("sara").get("/api/v1/contacts?fields=label,email")
    client_for("sara").get(f"/r/contacts/{people[2].pk}")
    assert told() == []


@pytest.mark.parametrize("level", ["masked", "none"])
def test_what_is_covered_was_not_read(client_for, api_for, people, told, tenant_a, level):
    with in_tenant(tenant_a):
        role = Role.objects.get(code="manager")
        role.rules["types"]["contacts"] = {"fields": {"*": "edit", "national_id": level}}
        role.save(update_fields=["rules"])
    assert ID not in client_for("leila").get(f"/r/contacts/{people[0].pk}").content.decode()
    api_for("leila").get("/api/v1/contacts")
    assert told() == []


def test_an_export_with_the_field_is_told_once_and_without_it_not(people, told, tenant_a, member):
    for fields in (["label"], ["label", "national_id"]):
        with in_tenant(tenant_a):
            run = exporting.start(actor_for(member("sara"), "page"), "contacts", fields=fields)
        carry_out(tenant_a, run)
    assert told() == [(None, ["national_id"], 3, "page")]


def test_a_history_that_shows_old_values_tells_too(client_for, people, told, tenant_a):
    with in_tenant(tenant_a):
        edit(operator("operator").access(registry["contacts"]), people[0], {"national_id": ""})
    page = client_for("sara").get("/settings/audit?type=contacts").content.decode()
    assert ID in page
    assert [(count, via) for _pk, _fields, count, via in told()] == [(2, "page")]


def test_the_log_tells_which_fields_and_the_record_is_found_by_it(client_for, people, tenant_a):
    sara = client_for("sara")
    sara.get(f"/r/contacts/{people[0].pk}")
    page = sara.get(f"/settings/audit?type=contacts&record={people[0].pk}&act=read").content.decode()
    assert "Sara Admin" in page
    assert "National ID" in page
    assert "read protected fields" not in sara.get(f"/r/contacts/{people[0].pk}").content.decode()


def test_a_field_of_ones_own_can_be_marked(client_for, api_for, tenant_a, told):
    made = client_for("sara").post(
        "/settings/fields/new?type=deals&kind=text", {"name": "Salary", "panel": "", "sensitive": "true"}
    )
    assert made.status_code == 303
    sara = api_for("sara")
    sara.post("/api/v1/deals", {"name": "Pump", "custom": {"salary": "4711"}})
    assert [fields for _pk, fields, _count, _via in told()] == [["custom.salary"]]


def test_nothing_is_asked_of_valkey_where_no_such_field_is_shown(client_for, people, monkeypatch):
    monkeypatch.setattr("kernel.records.sensitive._not_told_yet", lambda *_args: pytest.fail("asked"))
    sara = client_for("sara")
    assert sara.get("/r/contacts").status_code == 200
    assert sara.get("/r/deals").status_code == 200
