"""Imports and exports over HTTP, in the shapes of the contract."""

import io
import json

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from importing import carry_out, records

from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant


def post_import(api, text, slug="companies", **fields):
    file = io.BytesIO(text.encode())
    file.name = "file.csv"
    data = {"file": file, "type": slug} | {
        name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in fields.items()
    }
    return api.generic("POST", "/api/v1/imports", encode_multipart(BOUNDARY, data), MULTIPART_CONTENT)


def finish(tenant, answer):
    with in_tenant(tenant):
        run = Run.objects.get(pk=answer.json()["id"])
    return carry_out(tenant, run)


def test_an_import_over_the_api(api_for, tenant_a):
    api = api_for("sara")
    answer = post_import(api, "firm,n\nAcme,5\nBad,many\n", mapping={"firm": "name", "n": "employees"})
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert (body["status"], body["progress"]) == ("queued", 0)
    finish(tenant_a, answer)
    body = api.get(body["status_url"]).json()
    assert (body["status"], body["progress"]) == ("done", 1)
    assert body["counts"] == {"created": 1, "updated": 0, "skipped": 0, "refused": 1}
    problems = api.get(body["problems_url"])
    rows = b"".join(problems.streaming_content).decode("utf-8-sig").splitlines()
    assert rows[0].split(",")[2:] == ["firm", "n"]
    assert rows[1].startswith("3,")
    assert rows[1].endswith("Bad,many")
    undone = api.post(f"{body['status_url']}/undo")
    assert undone.status_code == 200, undone.content
    assert undone.json()["undone_at"]
    assert api.post(f"{body['status_url']}/undo").status_code == 400


def test_questions_are_answered_over_the_api(api_for, tenant_a):
    api = api_for("sara")
    answer = post_import(api, "name,company\nA,Nova\n", "deals")
    finish(tenant_a, answer)
    url = answer.json()["status_url"]
    body = api.get(url).json()
    assert body["status"] == "waiting"
    assert body["unresolved"][0]["value"] == "Nova"
    answers = [{"field": "company", "value": "Nova", "action": "create"}]
    assert api.post(f"{url}/resolve", {"answers": answers}).json()["status"] == "queued"
    finish(tenant_a, answer)
    assert api.get(url).json()["counts"]["created"] == 1


def test_what_cannot_be_imported_is_a_problem_document(api_for):
    api = api_for("sara")
    for answer in (
        api.post("/api/v1/imports", {}),
        post_import(api, "", "companies"),
        post_import(api, "name\nA\n", "roles"),
        post_import(api, "name\nA\n", mapping={"name": "nothing"}),
        post_import(api, "name\nA\n", options={"surprise": 1}),
        post_import(api, "name\nA\n", options="[]"),
    ):
        assert answer.status_code == 400, answer.content
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["kian", "nima"])
def test_rights_hold_over_the_api(api_for, name):
    api = api_for(name)
    assert post_import(api, "name\nA\n").status_code == 403
    assert api.post("/api/v1/exports", {"type": "deals"}).status_code == 403


def test_runs_of_others_and_of_other_tenants_are_not_there(api_for, tenant_a):
    answer = post_import(api_for("leila"), "name\nAcme\n")
    finish(tenant_a, answer)
    url = answer.json()["status_url"]
    assert api_for("sara").get(url).status_code == 200
    for name in ("reza", "eve"):
        for method, path in (
            ("get", url),
            ("post", f"{url}/undo"),
            ("post", f"{url}/cancel"),
            ("get", f"{url}/problems"),
        ):
            assert getattr(api_for(name), method)(path).status_code == 404
    with in_tenant(tenant_a):
        assert records("companies").count() == 1


def test_an_export_over_the_api(api_for, tenant_a):
    api = api_for("sara")
    finish(tenant_a, post_import(api, "name,city\nAcme,Oslo\nNova,Bern\n"))
    answer = api.post("/api/v1/exports", {"type": "companies", "query": {"city": "Oslo"}, "fields": ["name", "city"]})
    assert answer.status_code == 202, answer.content
    assert answer.json()["result_url"] is None
    finish(tenant_a, answer)
    body = api.get(answer.json()["status_url"]).json()
    result = api.get(body["result_url"])
    assert b"".join(result.streaming_content).decode("utf-8-sig").split() == ["name,city", "Acme,Oslo"]
    assert api_for("leila").get(body["result_url"]).status_code == 404
