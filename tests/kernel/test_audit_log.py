"""The audit log of the settings: what everybody did, searched, and told as its reader may know it."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from importing import carry_out

from kernel.access.actor import actor_for
from kernel.access.models import Role
from kernel.events.models import Event, Retention
from kernel.files.models import StoredFile
from kernel.files.storing import open_file
from kernel.records.change import create, edit
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from kernel.transfer import exporting


@pytest.fixture
def do(tenant_a, member):
    """`do("reza", "deals", {"name": "Pump"}, {"name": "Pump 2"})`: made, then changed."""

    def do(who, slug, values, *changes):
        with in_tenant(tenant_a):
            access = actor_for(member(who), "page").access(registry[slug])
            record = create(access, values)
            for change in changes:
                record = edit(access, record, change)
            return record

    return do


@pytest.fixture
def log(client_for):
    def log(who="sara", **asked):
        html = client_for(who).get("/settings/audit", asked).content.decode()
        found = re.findall(r'<article class="timeline-item.*?</article>', html, re.S)
        return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>|[\u2068\u2069]", " ", line)).strip() for line in found]

    return log


def test_who_did_what_stands_with_values_before_and_after(do, log):
    do("reza", "deals", {"name": "Pump"}, {"name": "Pump 2"})
    first = log(type="deals")[0]
    assert first.startswith("Reza Rep changed this")
    assert "Pump" in first
    assert "Pump 2" in first


def test_a_change_on_a_page_tells_from_where_it_was_asked(api_for, client_for, log, tenant_a):
    api_for("sara").post("/api/v1/companies", {"name": "Rose"})
    assert "Company Rose · API · 127.0.0.1" in log(type="companies")[0]
    with in_tenant(tenant_a):
        assert Event.objects.get(name="company.created").ip == "127.0.0.1"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"member": "reza"}, 2),
        ({"member": "mina"}, 1),
        ({"act": "created"}, 2),
        ({"act": "updated"}, 1),
        ({"field": "name"}, 3),
        ({"field": "amount"}, 0),
        ({"via": "page"}, 3),
        ({"via": "api"}, 0),
        ({"from": "2020-01-01"}, 3),
        ({"to": "2020-01-01"}, 0),
        ({"record": "pump"}, 2),
    ],
)
def test_it_is_searched(do, log, member, tenant_a, asked, found):
    pump = do("reza", "deals", {"name": "Pump"}, {"name": "Pump 2"})
    do("mina", "deals", {"name": "Fan"})
    with in_tenant(tenant_a):
        ids = {"reza": member("reza").pk, "mina": member("mina").pk, "pump": pump.pk}
    assert len(log(type="deals", **{name: ids.get(value, value) for name, value in asked.items()})) == found


def test_pages_follow_each_other(do, log, client_for, monkeypatch):
    from kernel.web.settings import audit

    monkeypatch.setattr(audit, "SIZE", 2)
    for number in range(3):
        do("reza", "deals", {"name": f"Deal {number}"})
    html = client_for("sara").get("/settings/audit?type=deals").content.decode()
    url = re.search(r'hx-get="(/settings/audit[^"]+)"', html)[1].replace("&amp;", "&")
    rest = client_for("sara").get(url, HTTP_HX_REQUEST="true").content.decode()
    assert ("Deal 2" in html, "Deal 0" in html, "Deal 0" in rest) == (True, False, True)
    assert "<html" not in rest


def test_only_who_has_the_right_sees_it(client_for):
    assert client_for("sara").get("/settings/audit").status_code == 200
    assert client_for("leila").get("/settings/audit").status_code == 403


@pytest.fixture
def auditing_reps(tenant_a):
    """Reps may read the log; of deals they see their own, without amounts."""
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules["system"] = ["audit"]
        role.rules["types"]["deals"] = {"verbs": {"*": "own"}, "fields": {"*": "edit", "amount": "none"}}
        role.save(update_fields=["rules"])


def test_a_hidden_field_and_a_record_out_of_reach_tell_nothing(do, log, auditing_reps):
    do("sara", "deals", {"name": "Secret Orchid", "amount": "4711"}, {"amount": "815"})
    do("mina", "deals", {"name": "Mine"})
    lines = log("mina", type="deals")
    assert len(lines) == 3
    assert not [line for line in lines if "Orchid" in line or "4711" in line or "815" in line]
    assert "Mine" in lines[0]
    assert log("mina", type="deals", field="amount") == lines  # asked as if there were no such field


def test_a_day_that_is_none_is_told_on_its_field(client_for):
    answer = client_for("sara").get("/settings/audit?from=someday")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()


def test_the_number_of_queries_does_not_grow(do, client_for):
    sara = client_for("sara")

    def queries():
        with CaptureQueriesContext(connection) as asked:
            sara.get("/settings/audit")
        return len(asked)

    do("reza", "deals", {"name": "Deal"}, {"name": "Deal again"})
    few = queries()
    for number in range(12):
        do("reza", "deals", {"name": f"Deal {number}"}, {"name": f"Deal {number} again"})
    assert queries() <= few


# -- as a file, and for programs


@pytest.fixture
def export(tenant_a, member):
    """`export("sara", {"type": "deals"})`: the rows of the file, by their headers."""

    def export(who="sara", query=None, file_format="csv"):
        with in_tenant(tenant_a):
            actor = actor_for(member(who), "page")
            run = exporting.start(actor, "audit-log", file_format=file_format, query=query or {})
        run = carry_out(tenant_a, run)
        assert run.status == "done", run.error
        with in_tenant(tenant_a), open_file(StoredFile.objects.get(pk=run.result["file"])) as stream:
            content = stream.read()
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")))) if file_format == "csv" else content

    return export


def test_a_file_holds_what_the_page_tells(do, export, tenant_a):
    do("reza", "deals", {"name": "Pump"}, {"name": "Pump 2"})
    rows = export(query={"type": "deals"})
    assert {"Who": "Reza Rep", "Field": "Name", "Before": "Pump", "After": "Pump 2"}.items() <= rows[0].items()
    assert rows[0]["To what"] == "Deal Pump 2"
    assert export(query={"type": "deals"}, file_format="xlsx")[:2] == b"PK"
    with in_tenant(tenant_a):
        told = Event.objects.filter(name="export.finished", record_type="audit-log").last()
    assert told.changes["query"][1] == {"type": "deals"}


def test_a_file_of_many_pieces_is_whole(do, export, monkeypatch):
    monkeypatch.setattr("kernel.transfer.audit_export.PIECE", 2)
    for number in range(5):
        do("reza", "deals", {"name": f"Deal {number}"})
    ids = [row["ID"] for row in export(query={"type": "deals", "act": "created"})]
    assert len(set(ids)) == 5


def test_a_file_tells_no_more_than_its_maker_may_know(do, export, auditing_reps, tenant_a):
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules["system"] = ["audit", "export"]
        role.save(update_fields=["rules"])
    do("sara", "deals", {"name": "Secret Orchid", "amount": "4711"})
    do("mina", "deals", {"name": "Mine"})
    text = str([{**row, "ID": ""} for row in export("mina")])  # any digits may stand in an id
    assert "Mine" in text
    assert not [secret for secret in ("Orchid", "4711") if secret in text]


@pytest.mark.parametrize(("rights", "status"), [(["audit"], 403), (["export"], 403), (["audit", "export"], 302)])
def test_a_file_takes_both_rights(client_for, tenant_a, rights, status):
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules["system"] = rights
        role.save(update_fields=["rules"])
    assert client_for("mina").post("/exports", {"type": "audit-log", "format": "csv"}).status_code == status


def test_a_file_keeps_to_the_limit_of_the_role(do, client_for, tenant_a):
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules |= {"system": ["audit", "export"], "limits": {"export": 2}}
        role.save(update_fields=["rules"])
    for number in range(3):
        do("mina", "deals", {"name": f"Deal {number}"})
    mina = client_for("mina")
    assert mina.post("/exports", {"type": "audit-log", "format": "csv"}).status_code == 403
    answer = mina.post("/exports", {"type": "audit-log", "format": "csv", "query": "type=deals&act=updated"})
    assert answer.status_code == 302
    assert "Audit log" in mina.get(answer["Location"]).content.decode()


def test_programs_read_it_page_by_page(do, api_for):
    do("reza", "deals", {"name": "Pump"}, {"name": "Pump 2"})
    sara = api_for("sara")
    first = sara.get("/api/v1/audit?type=deals&limit=1").json()
    assert [event["changes"]["name"] for event in first["results"]] == [["Pump", "Pump 2"]]
    rest = sara.get(f"/api/v1/audit?type=deals&limit=1&cursor={first['next']}").json()
    assert [(event["name"], event["member"]["label"]) for event in rest["results"]] == [("deal.created", "Reza Rep")]
    assert rest["next"] is None


def test_programs_without_the_right_read_nothing(api_for):
    assert api_for("leila").get("/api/v1/audit").status_code == 403


@pytest.mark.parametrize("wrong", ["from=someday", "ip=here", "cursor=x", "limit=x"])
def test_programs_are_told_what_is_wrong(api_for, wrong):
    assert api_for("sara").get(f"/api/v1/audit?{wrong}").status_code == 400


def test_programs_learn_nothing_of_what_is_hidden_or_out_of_reach(do, api_for, auditing_reps):
    hidden = do("sara", "deals", {"name": "Secret Orchid", "amount": "4711"})
    do("mina", "deals", {"name": "Mine"})
    text = api_for("mina").get("/api/v1/audit?type=deals").content.decode()
    assert "Mine" in text
    assert not [secret for secret in ("Orchid", "4711", str(hidden.pk)) if secret in text]


def test_nothing_is_found_by_a_record_out_of_reach(do, log, api_for, auditing_reps):
    hidden, mine = do("sara", "deals", {"name": "Secret"}), do("mina", "deals", {"name": "Mine"})
    assert len(log("mina", type="deals", record=mine.pk)) == 1
    assert log("mina", type="deals", record=hidden.pk) == []
    assert api_for("mina").get(f"/api/v1/audit?record={hidden.pk}").json()["results"] == []
    assert len(log("sara", type="deals", record=hidden.pk)) == 1


def test_what_changed_is_not_found_out_of_records_out_of_reach(do, log, auditing_reps):
    do("sara", "deals", {"name": "Secret"}, {"name": "Secret 2"})
    do("mina", "deals", {"name": "Mine"}, {"name": "Mine 2"})
    assert len(log("mina", type="deals", act="updated")) == 2
    assert len(log("mina", type="deals", act="updated", field="name")) == 1
    assert len(log("sara", type="deals", act="updated", field="name")) == 2


def test_nobody_is_found_by_whom_one_is_not_told(do, log, api_for, auditing_reps, member, tenant_a):
    do("sara", "deals", {"name": "Secret"})
    do("mina", "deals", {"name": "Mine"})
    with in_tenant(tenant_a):
        sara, mina = member("sara").pk, member("mina").pk
    asked = f"/api/v1/audit?name=deal.created&member={sara}"
    assert len(api_for("mina").get(asked).json()["results"]) == 1
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules["types"]["members"] = {"verbs": {"*": "none"}}
        role.save(update_fields=["rules"])
    assert api_for("mina").get(asked).json()["results"] == []
    assert len(log("mina", type="deals", act="created", member=mina)) == 1


def test_it_is_searched_by_address_and_whole_name(api_for):
    sara = api_for("sara")
    sara.post("/api/v1/companies", {"name": "Rose"})
    for asked, found in (("ip=127.0.0.1", 1), ("ip=10.0.0.1", 0), ("name=company.created", 1), ("name=company", 0)):
        assert len(sara.get(f"/api/v1/audit?type=companies&{asked}").json()["results"]) == found


def test_how_long_it_is_kept_says_only_who_may_do_everything(client_for, tenant_a, auditing_reps):
    assert client_for("mina").post("/settings/audit/keep", {"years": "1"}).status_code == 403
    sara = client_for("sara")
    for years, kept in (("2", 2), ("9", 2), ("", None)):
        sara.post("/settings/audit/keep", {"years": years})
        with in_tenant(tenant_a):
            assert Retention.objects.get().years == kept
    assert "How long events are kept" in sara.get("/settings/audit").content.decode()
    assert "How long events are kept" not in client_for("mina").get("/settings/audit").content.decode()
