"""Requests made up from the API's own OpenAPI document: whatever is sent, the answer is ours and never a failure."""

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core import NotSet

EXAMPLES = 5
SLUGS = ["deals", "contacts", "notes", "members", "me"]


@pytest.fixture
def sara(api_for):
    return api_for("sara")


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_of_the_document_fails(sara, slug, mode):
    document = sara.get("/api/v1/schema").json()
    document["paths"] = {
        path: item for path, item in document["paths"].items() if path == f"/{slug}" or path.startswith(f"/{slug}/")
    }
    schema = schemathesis.openapi.from_dict(document)
    schema.config.generation.update(modes=[mode])
    record = _record(sara, slug)
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def send(case):
            _send(sara, case, record)

        send()


def _record(api, slug):
    answer = api.get(f"/api/v1/{slug}?limit=1")
    rows = answer.json().get("results") if answer.status_code == 200 else None
    if rows:
        return rows[0]["id"]
    if slug == "notes":
        deal = api.post("/api/v1/deals", {"name": "Roof"}).json()["id"]
        return api.post("/api/v1/notes", {"body": "b", "about": {"type": "deals", "id": deal}}).json()["id"]
    return api.post(f"/api/v1/{slug}", {"name": "Roof", "last_name": "Roof"}).json().get("id")


def _send(api, case, record):
    path = "/api/v1" + case.path.replace("{id}", str(record))
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": str(value)
        for name, value in (case.headers or {}).items()
        if name in ("If-Match", "Idempotency-Key")
    }
    body = b"" if isinstance(case.body, NotSet) else case.body
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = api.generic(
        case.method.upper(), path, body, "application/json", query_params=case.query or None, **headers
    )
    assert answer.status_code < 500, (case.method, path, body, answer.content)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json", (case.method, path, answer.content)
        assert isinstance(answer.json()["errors"], list)
