"""Requests made up from the API's own OpenAPI document, for every operation in it: whatever is sent, the answer is one
that the document tells of, and never a failure."""

import json
import re
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.core import NotSet

from kernel.records.types import registry

EXAMPLES = 2
REST = "what is not of records"
NOBODY = str(UUID(int=7))


@pytest.fixture
def sara(api_for):
    return api_for("sara")


@pytest.mark.parametrize("slug", [*sorted(registry), REST])
def test_no_request_of_the_document_fails(sara, slug):
    whole = sara.get("/api/v1/schema").json()
    ours = {path: item for path, item in whole["paths"].items() if _belongs(path) == slug}
    assert ours
    schema = schemathesis.openapi.from_dict({**whole, "paths": ours})
    for result in schema.get_all_operations():
        operation = result.ok()
        record = _record(sara, whole, operation.path) if "{id}" in operation.path else ""
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            schema.config.generation.update(modes=[mode])
            _try(sara, whole, operation.as_strategy(generation_mode=mode), record)


def _try(api, document, cases, record):
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def send(case):
        _send(api, document, case, record)

    send()


def _belongs(path):
    slug = path.split("/")[1]
    return slug if slug in registry else REST


def _record(api, document, path):
    """One that is there, made of the document's own example where the type has one."""
    slug = path.split("/")[1]
    post = document["paths"].get(f"/{slug}", {}).get("post")
    if post and "application/json" in post["requestBody"]["content"]:
        example = post["requestBody"]["content"]["application/json"].get("example", {})
        made = api.post(f"/api/v1/{slug}", example)
        if made.status_code == 201:
            return made.json()["id"]
    listed = api.get(f"/api/v1/{slug}?limit=1")
    rows = listed.json().get("results") if listed.status_code == 200 else None
    return rows[0]["id"] if rows else NOBODY


def _send(api, document, case, record):
    path = "/api/v1" + case.path.replace("{id}", str(record)).replace("{type}", "companies")
    path = re.sub(r"{\w+}", NOBODY, path)
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": str(value)
        for name, value in (case.headers or {}).items()
        if name in ("If-Match", "Idempotency-Key")
    }
    body = b"" if isinstance(case.body, NotSet) else case.body
    body = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
    method = case.method.upper()
    answer = api.generic(method, path, body, "application/json", query_params=case.query or None, **headers)
    said = (method, path, case.query, body[:500], answer.status_code, answer.content[:500])
    assert answer.status_code < 500, said
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json", said
        assert isinstance(answer.json()["errors"], list), said
    _check_told(document, case, answer, said)


def _check_told(document, case, answer, said):
    told = document["paths"][case.path][case.method.lower()]["responses"]
    assert str(answer.status_code) in told, said
    shown = told[str(answer.status_code)].get("content", {}).get("application/json", {}).get("schema")
    if shown and answer.headers.get("Content-Type") == "application/json":
        problems = list(
            Draft202012Validator({**shown, "components": document["components"]}).iter_errors(answer.json())
        )
        assert not problems, (said, [str(problem.message)[:300] for problem in problems[:3]])
