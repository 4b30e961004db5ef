"""Laws of the API over the registry: what holds for one type of records holds for every one."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.records.types import registry


class Kept:
    """A type's part of the document, and a record made of its own example."""

    def __init__(self, api: Any, slug: str) -> None:
        self.api, self.slug, self.root = api, slug, f"/api/v1/{slug}"
        self.paths = api.get("/api/v1/schema").json()["paths"]
        content = self.paths[f"/{slug}"].get("post", {}).get("requestBody", {}).get("content", {})
        self.example = content.get("application/json", {}).get("example")

    def example_now(self, word: str) -> dict[str, Any]:
        """The example with a word of its own in each text that has to differ, hanging on a record that is there."""
        values = dict(self.example)
        for name in ("name", "code", "address", "last_name", "subject"):
            if isinstance(values.get(name), str):
                values[name] = word
        if "email" in values:
            values["email"] = f"{word}@example.com"
        specs = registry[self.slug].specs()
        for name, value in values.items():
            spec = specs.get(name)
            if spec is None:
                continue
            if spec.kind.name == "about":
                slugs = [of.slug for of in registry[self.slug].parent_types()]
                slug = "companies" if "companies" in slugs else slugs[0]
                values[name] = {"type": slug, "id": self.other(slug)}
            elif spec.related and isinstance(value, str) and spec.kind.is_reference:
                values[name] = self.other(spec.related)
        return values

    def other(self, slug: str) -> str:
        listed = self.api.get(f"/api/v1/{slug}?limit=1").json()["results"]
        return listed[0]["id"] if listed else Kept(self.api, slug).make("other")["id"]

    def make(self, word: str) -> Any:
        answer = self.api.post(self.root, self.example_now(word))
        assert answer.status_code == 201, (self.slug, self.example_now(word), answer.content)
        return answer.json()


# A member comes by an invitation, a file by being uploaded; custom fields are held to these laws by their own tests.
MADE = sorted(slug for slug, rtype in registry.items() if rtype.has_form and slug not in ("custom-fields", "members"))


@pytest.fixture
def kept(api_for):
    api = api_for("sara")
    return lambda slug: Kept(api, slug)


# What is written once has no later versions: tests/crm_core/test_consent.py.
@pytest.mark.parametrize("slug", [slug for slug in MADE if not registry[slug].is_written_once])
def test_a_write_on_an_old_version_is_refused(kept, slug):
    one = kept(slug)
    made = one.make("first")
    url = f"{one.root}/{made['id']}"
    read = one.api.get(url)
    assert read["ETag"] == f'"{made["version"]}"'
    assert one.api.patch(url, {}, HTTP_IF_MATCH='"99"').status_code == 412
    assert one.api.delete(url, HTTP_IF_MATCH='"99"').status_code == 412
    assert one.api.get(url).json()["version"] == made["version"]


@pytest.mark.parametrize("slug", MADE)
def test_the_same_request_under_a_key_has_one_effect(kept, slug):
    one = kept(slug)
    values = one.example_now("once")
    first, second = (one.api.post(one.root, values, HTTP_IDEMPOTENCY_KEY=f"law-{slug}") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201), first.content
    assert first.json()["id"] == second.json()["id"]
    other = one.api.post(one.root, {**values, "unknown": 1}, HTTP_IDEMPOTENCY_KEY=f"law-{slug}")
    assert other.status_code == 409


@pytest.mark.parametrize("slug", MADE)
def test_a_batch_does_everything_or_nothing(kept, slug):
    one = kept(slug)
    good = {"op": "create", "values": one.example_now("batch")}
    bad = {"op": "create", "values": {"nonsense": 1}}
    before = one.api.get(one.root).json()["count"]
    refused = one.api.post(f"{one.root}/batch", {"operations": [good, bad]})
    assert refused.status_code == 400
    assert {error["operation"] for error in refused.json()["errors"]} == {1}
    assert one.api.get(one.root).json()["count"] == before
    each = one.api.post(f"{one.root}/batch", {"operations": [good, bad], "mode": "each"})
    assert (each.json()["done"], each.json()["refused"]) == (1, 1), each.content


@pytest.mark.parametrize("slug", sorted(registry))
def test_a_list_answers_the_fields_that_were_asked_for(api_for, slug):
    api = api_for("sara")
    schema = api.get("/api/v1/schema").json()["components"]["schemas"]
    known = sorted(schema[registry[slug].model.__name__]["properties"])
    name = next(name for name in known if name not in ("id", "version", "custom"))
    answer = api.get(f"/api/v1/{slug}?fields={name}&limit=3")
    assert answer.status_code == 200, answer.content
    for row in answer.json()["results"]:
        assert set(row) - {"id", "version"} == {name}
    assert api.get(f"/api/v1/{slug}?fields=nonsense").status_code == 400
