"""What docs/api.md says can be called, asked and sent is called, asked and sent."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT
from own_fields import make

from kernel.access.actor import operator
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

TEXT = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
SPANS = re.findall(r"`([^`\n]+)`", TEXT)
BLOCKS = [block.replace("\n", " ") for block in re.findall(r"(?:^ {4}\S.*\n(?: {5,}\S.*\n)*)+", TEXT, re.M)]
LINES = [line.strip() for line in re.findall(r"^ {4}(\S.*)$", TEXT, re.M)]
CALL = re.compile(r"(GET|POST|PATCH|PUT|DELETE) (?:/api/v1)?(/[^\s`]*|…/[^\s`]*)")
QUESTION = re.compile(r"[a-z_]+(?:\.[a-z_]+)*(?:__[a-z_]+)?=\S+")
PLACES = ("deals", "deals/aggregate", "companies", "companies/aggregate", "contacts", "tasks", "search", "exports")
# Not of the API proper: a form for strangers.
ELSEWHERE = ("/f/ADDRESS",)


def calls() -> list[tuple[str, str, str]]:
    """(method, path, the path before it, which “…” stands for)."""
    found, before = [], ""
    for text in [*SPANS, *LINES]:
        if match := CALL.match(text):
            method, path = match[1], match[2].partition("?")[0]
            if path not in ELSEWHERE:
                found.append((method, path, before))
            before = path if path.startswith("/") else before
    return found


def test_every_call_is_in_the_schema(api_for) -> None:
    known = [
        (re.compile(re.sub(r"\\{[^/]+\\}", "[^/]+", re.escape(path.removeprefix("/api/v1")))), set(methods))
        for path, methods in api_for("sara").get("/api/v1/schema").json()["paths"].items()
    ]
    unknown = []
    for method, path, before in calls():
        rest = path.removeprefix("…")
        possible = [path] if path.startswith("/") else [before + rest, before.rpartition("/")[0] + rest]
        if not any(p.fullmatch(one) and method.lower() in methods for one in possible for p, methods in known):
            unknown.append((method, path))
    assert len(calls()) > 25
    assert unknown in ([], [("GET", "/schema")])


@pytest.fixture
def workspace(tenant_a) -> dict[str, str]:
    """What the examples speak of; answers ids to stand for ID."""
    with in_tenant(tenant_a):
        make("choice", "Tier", choices=[{"label": "Gold"}])
        make("number", "Seats")
        make("file", "Contract")
        every = operator()
        tag = create(every.access(registry["tags"]), {"name": "Hot"})
        deal = create(every.access(registry["deals"]), {"name": "Roof"})
        member = registry["members"].model.objects.get(name="Sara Admin")
    return {"tag": str(tag.pk), "deal": str(deal.pk), "owner": str(member.pk)}


def test_every_question_is_answered(api_for, workspace) -> None:
    api, asked = api_for("sara"), 0
    for span in SPANS:
        if not QUESTION.fullmatch(span) or span.split("=")[0] in ("rel", "idempotency_key", "duplicates", "for"):
            continue
        query = re.sub(r"\b(?:ID|A|B)\b", workspace["deal"], span)
        answers = [api.get(f"/api/v1/{address}?{query}") for address in PLACES]
        assert any(answer.status_code == 200 for answer in answers), (span, answers[0].content)
        asked += 1
    assert asked > 15


def test_the_nested_filter_is_answered(api_for) -> None:
    block = next(block for block in BLOCKS if "filter=" in block)
    nested = json.loads(block.partition("filter=")[2])
    assert api_for("sara").get("/api/v1/deals", {"filter": json.dumps(nested)}).status_code == 200


def test_every_body_of_bulk_work_is_taken(api_for, workspace) -> None:
    bodies = [line for line in LINES if line.startswith(('{"query"', '{"ids"'))]
    assert len(bodies) == 4
    for text in bodies:
        key = "owner" if '"owner": ID' in text else "tag" if '"remove"' in text else "deal"
        text = re.sub(r'"ids": \[ID(?:, ID)?\]', f'"ids": ["{workspace["deal"]}"]', text)
        body = json.loads(re.sub(r"\bID\b", f'"{workspace[key]}"', text))
        answer = api_for("sara").post("/api/v1/deals/bulk", body)
        assert answer.status_code == 202, (text, answer.content)


def test_a_field_and_a_view_are_made_as_it_says(api_for) -> None:
    api = api_for("sara")
    field = next(line for line in LINES if '"record_type"' in line)
    assert api.post("/api/v1/custom-fields", json.loads(field)).status_code == 201
    view = next(block for block in BLOCKS if '"audience"' in block)
    body = json.loads(re.sub(r'"me" \| "team" \| "everyone"', '"me"', view))
    assert api.post("/api/v1/views", body).status_code == 201


def test_a_file_is_sent_for_a_field_as_it_says(api_for, workspace) -> None:
    api = api_for("sara")
    line = next(line for line in LINES if line.startswith("POST /api/v1/files"))
    to = line.rpartition("for=")[2]
    data = {"file": SimpleUploadedFile("a.txt", b"Signed."), "for": to}
    file = api.post("/api/v1/files", data, MULTIPART_CONTENT).json()["id"]
    body = next(line for line in LINES if "FILE_ID" in line).partition("{")
    made: Any = api.post("/api/v1/companies", json.loads("{" + body[2].replace("FILE_ID", f'"{file}"')))
    assert made.json()["custom"]["contract"]["id"] == file
