"""Laws of custom fields: every kind that is offered, on every type that takes them, is a field like any other."""

from __future__ import annotations

from typing import Any

import pytest
from own_fields import VALUES, make, waiting

from kernel.access.actor import actor_for, operator
from kernel.records.change import create, edit
from kernel.records.definitions import kinds_offered, types_offered
from kernel.records.find import find
from kernel.records.kinds import KINDS
from kernel.records.timeline import Timeline
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from kernel.transfer.mapping import guess
from kernel.web.controls import Controls

TYPES = sorted(slug for slug, rtype in registry.items() if rtype.takes_fields)
KINDS_OFFERED = sorted(name for name, kind in KINDS.items() if kind.title)


def test_what_is_offered_is_what_these_laws_hold_for() -> None:
    assert sorted(kinds_offered()) == KINDS_OFFERED
    assert sorted(types_offered()) == TYPES


@pytest.mark.parametrize("slug", TYPES)
def test_every_type_takes_a_field_on_all_its_surfaces(slug: str, api_for, client_for, tenant_a, member) -> None:
    rtype = registry[slug]
    with in_tenant(tenant_a):
        make("text", "Own matter", slug, code="own", in_list=True, on_card=True)
    api, page = api_for("sara"), client_for("sara")
    for query in ("custom.own=x", "custom.own__empty=true", "sort=custom.own", "fields=custom", "sort=-custom.own"):
        answer = api.get(f"/api/v1/{slug}?{query}")
        assert answer.status_code == 200, answer.content
    assert api.get(f"/api/v1/{slug}/aggregate?group=custom.own").status_code == 200
    schemas = api.get("/api/v1/schema").json()["components"]["schemas"]
    assert "own" in schemas[rtype.model.__name__]["properties"]["custom"]["properties"]
    assert "custom.own" in page.get(f"/r/{slug}/filters").content.decode()
    if not rtype.parent:
        assert 'name="custom.own"' in page.get(f"/r/{slug}/new").content.decode()
        assert "Own matter" in page.get(f"/r/{slug}?view=list&custom.own__empty=true").content.decode()
    with in_tenant(tenant_a):
        access = actor_for(member("sara"), "page").access(rtype)
        assert rtype.all_panels()[-1].fields == ("custom.own",)
        if rtype.can_import:
            assert [entry.field for entry in guess(access, ["own matter"])] == ["custom.own"]


@pytest.mark.parametrize("kind", KINDS_OFFERED)
def test_every_kind_has_its_control_its_schema_and_its_history(kind: str, in_a, member) -> None:
    field = make(kind, "Own")
    sara = actor_for(member("sara"), "page")
    to = sara.access(registry["companies"])
    spec = to.readable()["custom.own"]
    assert Controls(to).field(spec, spec.initial()).name == "custom.own"
    assert spec.kind.schema(spec)
    assert spec.kind.input_schema(spec)
    value = spec.take(_sample(kind, sara, field), to)
    record = create(to, {"name": "A", "custom.own": value})
    record.refresh_from_db()
    assert spec.canonical(record) == spec.kind.canonical(spec, value)
    assert spec.kind.restore(spec, spec.canonical(record)) == spec.value(record)
    edit(to, record, {"custom.own": None})
    assert record.custom == {}
    entries, _more = Timeline(to, record).page(5)
    assert [change.spec.name for change in entries[0].changes] == ["custom.own"]
    assert all(isinstance(text, str) for change in entries[0].changes for text in change.texts())
    assert find(to, {"custom.own__empty": "true"} if "empty" in spec.kind.lookups else {}).count()


def _sample(kind: str, actor: Any, field: Any) -> Any:
    if kind == "file":
        return waiting(actor, field)
    if kind == "member":
        return str(actor.member.pk)
    if kind == "relation":
        return str(create(actor.access(registry["companies"]), {"name": "Parent"}).pk)
    assert kind in VALUES, f"Say in VALUES what a value of {kind} is"
    return VALUES[kind][0]


@pytest.mark.parametrize("kind", ["member", "relation"])
def test_a_field_that_points_somewhere_keeps_within_reach(kind: str, api_for, tenant_a, member) -> None:
    with in_tenant(tenant_a):
        make(kind, "Own", "companies", **({"related": "deals"} if kind == "relation" else {}))
        pk, reza_id = member("mina").pk, str(member("reza").pk)
        if kind == "relation":
            deal = create(actor_for(member("mina"), "page").access(registry["deals"]), {"name": "Zeta"})
            pk = deal.pk
    api = api_for("sara")
    made = api.post("/api/v1/companies", {"name": "A", "custom": {"own": str(pk)}})
    assert made.status_code == 201, made.content
    label = made.json()["custom"]["own"]["label"]
    api.post("/api/v1/companies", {"name": "B"})
    assert [r["name"] for r in api.get(f"/api/v1/companies?custom.own={pk}").json()["results"]] == ["A"]
    assert [r["name"] for r in api.get("/api/v1/companies?sort=custom.own").json()["results"]] == ["A", "B"]
    far = api.get("/api/v1/companies", {"custom.own.name__contains": label[:3]})
    assert [r["name"] for r in far.json()["results"]] == ["A"]
    groups = api.get("/api/v1/companies/aggregate?group=custom.own").json()["results"]
    assert {group["label"] for group in groups} == {label, "None"}
    if kind == "relation":
        reza = api_for("reza")
        api.patch(f"/api/v1/companies/{made.json()['id']}", {"owner": reza_id})
        assert reza.get(f"/api/v1/companies/{made.json()['id']}").json()["custom"] == {"own": None}
        refused = reza.post("/api/v1/companies", {"name": "C", "custom": {"own": str(pk)}})
        assert refused.status_code == 400


def test_the_definitions_themselves_are_records(api_for) -> None:
    """History, trash and undo of a definition are those of any record."""
    api = api_for("sara")
    made = api.post("/api/v1/custom-fields", {"record_type": "deals", "name": "Own", "kind": "text"})
    assert made.status_code == 201, made.content
    url = f"/api/v1/custom-fields/{made.json()['id']}"
    assert api.patch(url, {"help": "Ask twice."}).status_code == 200
    assert [event["name"] for event in api.get(f"{url}/timeline").json()["results"]] == [
        "customfield.updated",
        "customfield.created",
    ]
    assert api.delete(url).status_code == 204
    assert api.post(f"{url}/restore").status_code == 200


def test_the_operator_reads_a_tenant_s_fields(in_a, capsys) -> None:
    from django.core.management import call_command

    make("text", "Own")
    call_command("records", "companies")
    assert "custom.own" in capsys.readouterr().out
    assert operator().access(registry["companies"]).readable()["custom.own"].label == "Own"
