"""A tenant's own fields: made in the settings, and from then on fields like any other."""

from __future__ import annotations

import re

import pytest
from own_fields import VALUES, make

from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.mark.parametrize("kind", sorted(VALUES))
def test_each_kind_is_written_read_sorted_and_filtered_over_the_api(kind: str, api_for, tenant_a) -> None:
    with in_tenant(tenant_a):
        make(kind, "Own")
    api = api_for("sara")
    low, high = VALUES[kind]
    for name, value in (("Low", low), ("High", high)):
        answer = api.post("/api/v1/companies", {"name": name, "custom": {"own": value}})
        assert answer.status_code == 201, answer.content
    none = api.post("/api/v1/companies", {"name": "None"}).json()
    assert none["custom"]["own"] in (None, [])
    spec = registry["companies"].specs
    with in_tenant(tenant_a):
        kind_of = spec()["custom.own"].kind
    rows = api.get("/api/v1/companies?custom.own__empty=false&sort=name" if kind != "yes_no" else "/api/v1/companies")
    assert rows.status_code == 200, rows.content
    if kind != "yes_no":
        assert {row["name"] for row in rows.json()["results"]} == {"Low", "High"}
    if kind_of.is_sortable:
        for sort, order in (("custom.own", ["Low", "High", "None"]), ("-custom.own", ["High", "Low", "None"])):
            answer = api.get(f"/api/v1/companies?sort={sort}&limit=1")
            names = []
            while True:
                assert answer.status_code == 200, answer.content
                names += [row["name"] for row in answer.json()["results"]]
                if answer.json()["next"] is None:
                    break
                answer = api.get(f"/api/v1/companies?sort={sort}&limit=1&cursor={answer.json()['next']}")
            assert names == order
    if "gte" in kind_of.lookups:
        answer = api.get("/api/v1/companies", {"custom.own__gte": str(high)})
        assert [row["name"] for row in answer.json()["results"]] == ["High"], answer.content


TYPED: dict[str, tuple[str, str]] = {
    "text": ("Granite", "Granite"),
    "long_text": ("One line", "One line"),
    "number": ("1,250.5", "1,250.5"),
    "money": ("1,200", "1,200"),
    "percent": ("12", "12%"),
    "yes_no": ("true", "Yes"),
    "date": ("2026-05-06", "2026"),
    "datetime": ("2026-05-06 10:30", "10:30"),
    "choice": ("blue", "Blue"),
    "choices": ("blue", "Blue"),
    "email": ("a@example.com", "a@example.com"),
    "phone": ("(212) 555-0123", "555"),
    "link": ("example.com/x", "example.com/x"),
}


@pytest.mark.parametrize("kind", sorted(TYPED))
def test_each_kind_is_typed_in_a_form_shown_listed_and_edited_in_place(kind: str, client_for, tenant_a) -> None:
    with in_tenant(tenant_a):
        make(kind, "Own", in_list=True)
    sara = client_for("sara")
    assert 'name="custom.own"' in sara.get("/r/companies/new").content.decode()
    text, shown = TYPED[kind]
    made = sara.post("/r/companies/new", {"name": "Acme", "custom.own": text})
    assert made.status_code == 303, made.content.decode()
    page = made["Location"]
    assert shown in sara.get(page).content.decode()
    listed = sara.get("/r/companies?view=list&sort=name").content.decode()
    assert "Own" in listed
    assert shown in listed or kind == "datetime"  # of which a list tells the day
    assert sara.get(f"{page}/cell/custom.own").status_code == 200
    emptied = sara.post(f"{page}/cell/custom.own", {"custom.own": "", "version": "1"})
    assert emptied.status_code == 200
    assert shown not in emptied.content.decode()


@pytest.mark.parametrize("kind", sorted(TYPED))
def test_each_kind_is_offered_in_the_filter_panel_and_told_as_a_chip(kind: str, client_for, api_for, tenant_a) -> None:
    with in_tenant(tenant_a):
        make(kind, "Own")
    api = api_for("sara")
    low, _high = VALUES[kind]
    api.post("/api/v1/companies", {"name": "Low", "custom": {"own": low}})
    api.post("/api/v1/companies", {"name": "None"})
    sara = client_for("sara")
    assert "custom.own" in sara.get("/r/companies/filters").content.decode()
    asked = {
        **dict.fromkeys(("number", "money", "percent", "date", "datetime"), ("custom.own__gte", str(low)[:10])),
        "yes_no": ("custom.own", "true"),
        "choice": ("custom.own", "red"),
        "choices": ("custom.own", "red"),
    }
    key, value = asked.get(kind, ("custom.own__contains", str(low)[:3]))
    listed = sara.get("/r/companies", {"view": "list", key: value}).content.decode()
    assert ("Low" in listed) == (kind != "yes_no")
    assert ">None<" not in listed
    assert 'class="chip"' in listed


# -- the settings


def test_a_field_is_made_renamed_ordered_archived_and_brought_back_in_the_settings(
    client_for, tenant_a, api_for
) -> None:
    sara = client_for("sara")
    assert "Choice" in sara.get("/settings/fields/new?type=companies").content.decode()
    posted = {
        "name": "Tier", "other_name": "رده", "choices-count": "2", "choices-0-label": "Gold", "choices-1-label": "Iron",
        "choices-0-color": "amber", "choices-1-color": "grey", "custom.preview": "", "required": "false",
    }  # fmt: skip
    made = sara.post("/settings/fields/new?type=companies&kind=choice", posted)
    assert made.status_code == 303, made.content.decode()
    with in_tenant(tenant_a):
        make("text", "Remark")
    listed = sara.get("/settings/fields?type=companies").content.decode()
    assert listed.index("Tier") < listed.index("Remark")
    api = api_for("sara")
    row = api.post("/api/v1/companies", {"name": "Acme", "custom": {"tier": "gold"}}).json()
    assert row["custom"] == {"tier": "gold", "remark": None}
    pk = api.get("/api/v1/custom-fields?q=tier").json()["results"][0]["id"]
    assert sara.post(f"/settings/fields/{pk}/down").status_code == 303
    listed = sara.get("/settings/fields?type=companies").content.decode()
    assert listed.index("Remark") < listed.index("Tier")
    page = sara.get(f"/settings/fields/{pk}").content.decode()
    assert 'value="Gold"' in page
    version = api.get(f"/api/v1/custom-fields/{pk}").json()["version"]
    renamed = {**posted, "name": "Rank", "version": version, "choices-0-code": "gold", "choices-1-code": "iron"}
    assert sara.post(f"/settings/fields/{pk}", renamed).status_code == 303
    assert sara.post(f"/settings/fields/{pk}/archive").status_code == 303
    assert api.get(f"/api/v1/companies/{row['id']}").json()["custom"] == {"remark": None}
    assert api.get("/api/v1/companies?custom.tier=gold").status_code == 400
    assert sara.post(f"/settings/fields/{pk}/show").status_code == 303
    assert api.get(f"/api/v1/companies/{row['id']}").json()["custom"] == {"remark": None, "tier": "gold"}


def test_the_form_of_every_kind_opens(client_for) -> None:
    sara = client_for("sara")
    offered = re.findall(r"kind=(\w+)", sara.get("/settings/fields/new?type=deals").content.decode())
    assert {"relation", "file", "choice"} <= set(offered)
    for kind in offered:
        assert sara.get(f"/settings/fields/new?type=deals&kind={kind}").status_code == 200, kind
    empty = sara.post("/settings/fields/new?type=deals&kind=relation", {"name": "Partner"})
    assert empty.status_code == 422
    assert "Choose one of:" in empty.content.decode() or "Fill this in." in empty.content.decode()


def test_the_settings_of_fields_are_for_those_who_run_the_company(client_for, api_for, tenant_a) -> None:
    with in_tenant(tenant_a):
        make("text", "Secret matter")
    assert client_for("reza").get("/settings/fields").status_code == 403
    answer = api_for("reza").get("/api/v1/custom-fields")
    assert answer.status_code == 403
    assert "Secret" not in answer.content.decode()


def test_the_preview_draws_the_control_while_it_is_described(client_for) -> None:
    posted = {"name": "Size", "choices-count": "1", "choices-0-label": "Huge", "choices-0-color": "red"}
    drawn = client_for("sara").post("/settings/fields/preview?type=companies&kind=choice", posted).content.decode()
    assert "Size" in drawn
    assert "Huge" in drawn
