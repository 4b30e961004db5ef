"""Whoever reads a list page after page is told of in the history, as whoever exports it is."""

import pytest

from kernel.events.models import Event
from kernel.records import reading
from kernel.tenancy.context import in_tenant


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(reading, "MANY", 4)


@pytest.fixture
def twelve(api_for):
    sara = api_for("sara")
    for number in range(12):
        assert sara.post("/api/v1/deals", {"name": f"Deal {number}"}).status_code == 201
    return sara


def told(tenant):
    with in_tenant(tenant):
        events = Event.objects.filter(name="list.read").order_by("id")
        return [(event.record_type, event.changes["count"][1], event.changes["query"][1]) for event in events]


def walk(client, path):
    answer = client.get(path).json()
    while answer["next"]:
        answer = client.get(f"{path}&cursor={answer['next']}").json()


def test_reading_on_and_on_is_told_with_the_question_and_the_count(twelve, tenant_a):
    walk(twelve, "/api/v1/deals?limit=2&q=deal")
    assert told(tenant_a) == [("deals", 4, {"q": "deal"}), ("deals", 8, {"q": "deal"})]


def test_the_first_page_of_a_list_is_not(twelve, tenant_a):
    for _time in range(3):
        assert len(twelve.get("/api/v1/deals?limit=10").json()["results"]) == 10
    assert told(tenant_a) == []


def test_a_page_wider_than_any_of_ours_is(twelve, tenant_a, monkeypatch):
    monkeypatch.setattr(reading, "WIDE", 12)
    twelve.get("/api/v1/deals?limit=200")
    assert [count for _slug, count, _query in told(tenant_a)] == [12]


def test_turning_pages_in_the_browser_is_counted_too(twelve, client_for, tenant_a, monkeypatch):
    monkeypatch.setattr("kernel.records.find.PAGE", 5)
    sara = client_for("sara")
    cursor = twelve.get("/api/v1/deals?limit=5").json()["next"]
    assert sara.get("/r/deals", {"cursor": cursor}).status_code == 200
    assert [slug for slug, _count, _query in told(tenant_a)] == ["deals"]
