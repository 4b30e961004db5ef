"""Whatever one writes by, fields and records that are not one's own to change stay as they are, and no event says else.

A field that is hidden is answered as one that does not exist, one that is masked or only read with 403. A record out of
reach is answered 404, or as no record where a field or a new thing points at it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT
from importing import carry_out
from standing import CAST
from world import fill, undone

from crm_core.leads.models import Lead
from crm_core.teamwork.models import Follow
from kernel.access.actor import operator
from kernel.access.models import Role, Share
from kernel.attachments.models import FileVersion, Upload
from kernel.events.models import Event
from kernel.records.change import edit
from kernel.records.models import Redirect
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant

UNKNOWN = "nonsense"
"""A field that no type has."""


@dataclass
class Writer:
    """Reza by page and by API, and the ids of what he writes to."""

    page: Any
    api: Any
    ids: Mapping[str, str]

    def url(self, address: str) -> str:
        first, slug, *rest = address.split("/")
        rest = [self.ids[name[1:]] if name.startswith(":") else name for name in rest]
        return "/".join(["", "api/v1" if first == "api" else first, slug, *rest])

    def call(self, address: str, body: Any = None, method: str = "post") -> Any:
        """In `api/deals/:deal/win` the name of an id stands for it."""
        client = self.api if address.startswith("api/") else self.page
        return getattr(client, method)(self.url(address), body or {})


def upload(writer: Writer, address: str, text: str, **more: str) -> Any:
    sent = {"file": SimpleUploadedFile("a.csv", text.encode()), **more}
    return writer.api.post(address, sent, MULTIPART_CONTENT)


def imported(writer: Writer, name: str, value: str) -> Any:
    mapping = json.dumps([{"column": "name", "field": "name"}, {"column": "it", "field": name}])
    options = json.dumps({"match": "name"})
    text = f"name,it\nNear deal,{value}\n"
    return upload(writer, "/api/v1/imports", text, type="deals", mapping=mapping, options=options)


def batch(writer: Writer, **operation: Any) -> Any:
    return writer.call("api/deals/batch", {"operations": [operation]})


# Each way to write a value into a field: of a deal, or where these have no such way, of a company.
FIELDS: dict[str, Callable[[Writer, str, str], Any]] = {
    "API": lambda w, name, value: w.call("api/deals/:deal", {name: value}, "patch"),
    "API, new": lambda w, name, value: w.call("api/deals", {"name": "New", name: value}),
    "API, verb": lambda w, name, value: w.call("api/deals/:deal/win", {name: value}),
    "batch": lambda w, name, value: batch(w, op="update", id=w.ids["deal"], values={name: value}),
    "batch, new": lambda w, name, value: batch(w, op="create", values={"name": "New", name: value}),
    "bulk": lambda w, name, value: w.call("api/deals/bulk", {"ids": [w.ids["deal"]], "set": {name: value}}),
    "merge": lambda w, name, value: w.call(
        "api/companies/:company/merge", {"others": [w.ids["twin"]], "values": {name: w.ids["twin"]}}
    ),
    "import": imported,
    "form": lambda w, name, value: w.call("r/deals/:deal/edit", {name: value}),
    "form, new": lambda w, name, value: w.call("r/deals/new", {"name": "New", name: value}),
    "verb": lambda w, name, value: w.call("r/deals/:deal/win", {name: value}),
    "inline": lambda w, name, value: w.call(f"r/deals/:deal/cell/{name}", {name: value}),
    "board": lambda w, name, value: w.call(
        "r/deals/move", {"id": w.ids["deal"], "to": w.ids["own_stage"], "field": name, name: value}
    ),
    "bulk page": lambda w, name, value: w.call(
        "r/deals/bulk", {"do": "edit", "ids": w.ids["deal"], "field": name, name: value, "step": "go"}
    ),
}  # fmt: skip
OF_WAY = {"merge": "email", "API, verb": "closed_on", "verb": "closed_on"}
VALUES = {"amount": "99", "closed_on": "2026-01-02", "email": "x@example.com", UNKNOWN: "99"}
# What these did not ask for they take no notice of, as of any other word in a form.
TAKES_NO_NOTICE = ("form", "form, new", "verb")

# Each way to touch what somebody else has, and what it is answered.
RECORDS: dict[str, tuple[Callable[[Writer], Any], int]] = {
    "API": (lambda w: w.call("api/deals/:deal", {"name": "New"}, "patch"), 404),
    "API, delete": (lambda w: w.call("api/deals/:deal", method="delete"), 404),
    "API, restore": (lambda w: w.call("api/deals/:gone/restore"), 404),
    "API, verb": (lambda w: w.call("api/deals/:deal/win"), 404),
    "batch": (lambda w: batch(w, op="update", id=w.ids["deal"], values={"name": "New"}), 404),
    "batch, delete": (lambda w: batch(w, op="delete", id=w.ids["deal"]), 404),
    "bulk": (lambda w: w.call("api/deals/bulk", {"ids": [w.ids["deal"]], "set": {"amount": 5}}), 202),
    "bulk, delete": (lambda w: w.call("api/deals/bulk", {"ids": [w.ids["deal"]], "delete": True}), 202),
    "bulk page": (lambda w: w.call("r/deals/bulk", {"do": "delete", "ids": w.ids["deal"], "step": "go"}), 303),
    "merge": (lambda w: w.call("api/companies/:company/merge", {"others": [w.ids["twin"]]}), 404),
    "merge page": (lambda w: w.call("r/companies/merge", {"ids": f"{w.ids['company']},{w.ids['twin']}"}), 404),
    "different": (lambda w: w.page.post("/duplicates/companies/different", {"ids": w.ids["company"]}), 404),
    "undo": (lambda w: w.call("api/changes/:change_set/undo"), 404),
    "undo page": (lambda w: w.page.post(f"/changes/{w.ids['change_set']}/undo"), 404),
    "form": (lambda w: w.call("r/deals/:deal/edit", {"name": "New"}), 404),
    "delete": (lambda w: w.call("r/deals/:deal/delete"), 404),
    "restore": (lambda w: w.call("r/deals/:gone/restore"), 404),
    "purge": (lambda w: w.page.post(f"/trash/deals/{w.ids['gone']}"), 403),
    "verb": (lambda w: w.call("r/deals/:deal/win"), 404),
    "inline": (lambda w: w.call("r/deals/:deal/cell/amount", {"amount": "5"}), 404),
    "board": (lambda w: w.call("r/deals/move", {"id": w.ids["deal"], "to": w.ids["own_stage"]}), 404),
    "move": (lambda w: w.call("r/deals/:deal/move", {"to": w.ids["own_stage"]}), 404),
    "claim": (lambda w: w.call("api/leads/:lead/claim"), 404),
    "convert": (lambda w: w.call("api/leads/:lead/convert", {"deal_name": "New"}), 404),
    "convert page": (lambda w: w.call("r/leads/:lead/convert", {"deal": "new"}), 404),
    "follow": (lambda w: w.call("api/deals/:deal/follow"), 404),
    "share": (lambda w: w.call("r/deals/:deal/access", {"member": str(CAST["reza"].member_id), "level": "edit"}), 404),
    "unshare": (lambda w: w.call("r/deals/:deal/access/:share/stop"), 404),
    "note": (lambda w: w.call("api/notes", {"body": "New", "about": about(w)}), 400),
    "composer": (lambda w: w.call("r/notes/compose", {"body": "New", "about": f"deals:{w.ids['deal']}"}), 422),
    "their note": (lambda w: w.call("api/notes/:note", {"body": "New"}, "patch"), 404),
    "task done": (lambda w: w.call("api/tasks/:task/complete"), 404),
    "relation": (lambda w: w.call("api/deals", {"name": "New", "company": w.ids["company"]}), 400),
    "file": (lambda w: upload(w, "/api/v1/files", "New", about=f"deals:{w.ids['deal']}"), 400),
    "version": (lambda w: upload(w, f"/api/v1/files/{w.ids['file']}/versions", "New"), 404),
    "older version": (lambda w: w.call("r/files/:file/versions/1"), 404),
    "upload": (
        lambda w: w.page.post("/uploads", {"name": "a.txt", "size": "5", "about": f"deals:{w.ids['deal']}"}), 404
    ),
    "upload, version": (lambda w: w.page.post("/uploads", {"name": "a", "size": "5", "file": w.ids["file"]}), 404),
    "their upload": (lambda w: w.page.delete(f"/uploads/{w.ids['upload']}"), 404),
}  # fmt: skip


def about(writer: Writer) -> dict[str, str]:
    return {"type": "deals", "id": writer.ids["deal"]}


def everything(tenant: Any) -> dict[str, list[str]]:
    """All rows that any of these ways could touch."""
    with in_tenant(tenant):
        models = [rtype.model for rtype in registry.values()]
        tables = [model.objects for model in (*models, Share, Redirect, FileVersion, Upload, Follow)]
        tables.append(Event.objects.exclude(record_id=None))  # that somebody changed nothing may well be told
        return {table.model.__name__: sorted(map(repr, table.values_list())) for table in tables}


def written(tenant: Any) -> set[str]:
    """What of VALUES stands in a deal."""
    with in_tenant(tenant):
        deals = registry["deals"].model.objects.values_list("amount", "closed_on")
        return {f"{value:.0f}" if isinstance(value, Decimal) else str(value) for deal in deals for value in deal}


@pytest.fixture
def reza(tenant_a: Any, client_for: Any, api_for: Any) -> Writer:
    """Everything is his to do with what he has; changing many at once and importing too."""
    ids = fill(tenant_a, "Near", "reza")
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        settings = {"verbs": {"*": "none", "view": "all"}, "fields": {"*": "edit"}}
        types = {"*": {"verbs": {"*": "own"}, "fields": {"*": "edit"}}, "@settings": settings}
        role.rules = {"types": types, "system": ["import", "bulk"]}
        role.save()
        companies = operator().access(registry["companies"])
        edit(companies, companies.records().get(pk=ids["twin"]), {"email": "twin@example.com"})
    return Writer(client_for("reza"), api_for("reza"), ids)


def narrow(tenant: Any, level: str) -> None:
    with in_tenant(tenant):
        role = Role.objects.get(code="rep")
        fields = {"*": "edit", **dict.fromkeys(("amount", "closed_on", "email"), level)}
        role.rules["types"] |= {slug: {"fields": fields} for slug in ("deals", "companies")}
        role.save()


def told(answer: Any, name: str) -> tuple[int, str]:
    """The status and, of the API, the words, but for the name that was asked for."""
    is_told = answer.get("Content-Type", "") == "application/problem+json"
    return answer.status_code, answer.content.decode().replace(name, UNKNOWN) if is_told else ""


@pytest.mark.parametrize("level", ["masked", "read"])
def test_a_field_that_is_masked_or_only_read_refuses(reza: Writer, tenant_a: Any, level: str) -> None:
    narrow(tenant_a, level)
    before = everything(tenant_a)
    for way, write in FIELDS.items():
        name = OF_WAY.get(way, "amount")
        with undone():
            answer = write(reza, name, VALUES[name])
            assert answer.status_code == 403, (way, answer.status_code, answer.content[:300])
            assert everything(tenant_a) == before, way


def test_a_hidden_field_is_written_as_one_that_does_not_exist(reza: Writer, tenant_a: Any) -> None:
    narrow(tenant_a, "none")
    before = everything(tenant_a)
    for way, write in FIELDS.items():
        name = OF_WAY.get(way, "amount")
        with undone():
            answer = write(reza, name, VALUES[name])
            assert not written(tenant_a) & set(VALUES.values()), way
            assert way in TAKES_NO_NOTICE or everything(tenant_a) == before, way
        with undone():
            unknown = write(reza, UNKNOWN, VALUES[UNKNOWN])
        assert told(answer, name) == told(unknown, UNKNOWN), way
        assert answer.status_code == 400 or not told(answer, name)[1], way


def test_each_of_these_ways_does_write_what_is_ones_own(reza: Writer, tenant_a: Any) -> None:
    """Else the others would hold of a way that leads nowhere."""
    for way, write in FIELDS.items():
        name = OF_WAY.get(way, "amount")
        with undone():
            answer = write(reza, name, VALUES[name])
            assert answer.status_code < 400, (way, answer.status_code, answer.content[:300])
            if way == "import":
                with in_tenant(tenant_a):
                    run = Run.objects.get(pk=answer.json()["id"])
                carry_out(tenant_a, run)
            with in_tenant(tenant_a):
                is_merged = registry["companies"].model.objects.filter(email="twin@example.com", deleted_at=None)
                assert is_merged.exists() if way == "merge" else VALUES[name] in written(tenant_a), way


def test_taking_back_leaves_a_field_that_was_hidden_since(reza: Writer, tenant_a: Any) -> None:
    assert reza.call("api/deals/:deal", {"amount": 23}, "patch").status_code == 200
    with in_tenant(tenant_a):
        change_set = Event.objects.filter(record_id=reza.ids["deal"]).latest("pk").change_set
    narrow(tenant_a, "none")
    before = everything(tenant_a)
    answer = reza.api.post(f"/api/v1/changes/{change_set}/undo")
    assert answer.status_code == 202
    with in_tenant(tenant_a):
        run = Run.objects.get(pk=answer.json()["id"])
    carry_out(tenant_a, run)
    assert "23" in written(tenant_a)
    assert everything(tenant_a)["Deal"] == before["Deal"]


def test_a_record_out_of_reach_stays_as_it_is(reza: Writer, tenant_a: Any) -> None:
    far = Writer(reza.page, reza.api, fill(tenant_a, "Far", "sara"))
    before = everything(tenant_a)
    for way, (write, status) in RECORDS.items():
        with undone():
            answer = write(far)
            assert answer.status_code == status, (way, answer.status_code, answer.content[:300])
            assert everything(tenant_a) == before, way


def test_a_stranger_writes_by_a_form_only_what_it_asks_for(reza: Writer, tenant_a: Any, at: Any) -> None:
    """And changes no lead that is there."""
    with in_tenant(tenant_a):
        before = sorted(map(repr, Lead.objects.values_list()))
    sent = {"name": "Ann", "phone": "+12125550123", "owner": str(CAST["reza"].member_id), "id": reza.ids["lead"]}
    sent |= {"company": reza.ids["company"], "tags": reza.ids["tag"]}
    assert at("a").post(f"/f/{reza.ids['address']}", sent).status_code == 201
    with in_tenant(tenant_a):
        made = Lead.objects.get(name="Ann")
        assert (made.owner_id, made.company_id, made.tags) == (None, None, [])
        assert sorted(map(repr, Lead.objects.exclude(pk=made.pk).values_list())) == before
