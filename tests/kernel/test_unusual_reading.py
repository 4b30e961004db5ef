"""Whoever reads far more than they usually do is told of to the administrators, once a day."""

import datetime
from unittest import mock

import pytest
from django.utils import timezone
from importing import carry_out

from crm_core.teamwork.models import Notification
from kernel.access.actor import actor_for
from kernel.events.models import Event
from kernel.events.subscribers import fan_out
from kernel.records import reading
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from kernel.transfer import exporting


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(reading, "ALERT_MOST", 50)


@pytest.fixture
def read(tenant_a, member):
    """`read("mina", 40)`: so many records in one go; `hours` ago, at a moment of its own."""
    now = timezone.now()

    def read(who, count, hours=0, via="page", slug="deals"):
        moment = now - datetime.timedelta(hours=hours)
        with mock.patch("django.utils.timezone.now", return_value=moment), in_tenant(tenant_a):
            return reading.count_reading(actor_for(member(who), via).access(registry[slug]), count)

    return read


@pytest.fixture
def alerts(tenant_a):
    def alerts():
        with in_tenant(tenant_a):
            rows = Event.objects.filter(name="member.read_unusually").order_by("pk").select_related("member")
            return [(e.member.name, e.changes["count"][1], e.changes["usual"][1]) for e in rows]

    return alerts


def test_what_somebody_new_reads_is_told_from_a_number_on(read, alerts):
    read("mina", 49)
    assert alerts() == []
    read("mina", 1)
    assert alerts() == [("Mina Rep", 50, 0)]


def test_five_times_the_own_mean_is_unusual_and_less_is_not(read, alerts):
    for hours, count in ((200, 10), (100, 20), (50, 30)):
        read("mina", count, hours)
    read("mina", 99)
    assert alerts() == []
    read("mina", 1)
    assert alerts() == [("Mina Rep", 100, 20)]


def test_hours_longer_ago_than_thirty_days_do_not_count(read, alerts):
    read("mina", 40, hours=31 * 24)
    read("mina", 50)
    assert alerts() == [("Mina Rep", 50, 0)]


def test_pages_api_and_types_are_counted_together(read, alerts):
    for via, slug in (("page", "deals"), ("api", "deals"), ("api", "contacts")):
        read("mina", 20, via=via, slug=slug)
    assert [count for _who, count, _usual in alerts()] == [60]


def test_others_do_not_count(read, alerts):
    read("mina", 40)
    read("reza", 40)
    assert alerts() == []


def test_it_is_told_once_a_day(read, alerts, monkeypatch):
    for _time in range(3):
        read("mina", 60)
    assert len(alerts()) == 1
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: tomorrow)
    read("mina", 1000, hours=-24)
    assert len(alerts()) == 2


def test_an_export_counts(read, alerts, tenant_a, member, monkeypatch):
    monkeypatch.setattr(reading, "ALERT_MOST", 3)
    with in_tenant(tenant_a):
        actor = actor_for(member("sara"), "page")
        run = exporting.start(actor, "lost-reasons")
    rows = carry_out(tenant_a, run).counts["rows"]
    assert rows >= 3
    assert alerts() == [("Sara Admin", rows, 0)]


def test_reading_through_the_api_counts(api_for, alerts, monkeypatch):
    monkeypatch.setattr(reading, "ALERT_MOST", 4)
    monkeypatch.setattr(reading, "WIDE", 4)
    sara = api_for("sara")
    for number in range(4):
        sara.post("/api/v1/deals", {"name": f"Deal {number}"})
    sara.get("/api/v1/deals?limit=100")
    assert alerts() == [("Sara Admin", 4, 0)]


def test_administrators_and_nobody_else_are_told_with_a_way_to_the_log(read, client_for, tenant_a, alerts):
    read("mina", 60)
    with in_tenant(tenant_a):
        fan_out([str(pk) for pk in Event.objects.filter(fanned_out_at=None).values_list("pk", flat=True)])
        told = Notification.objects.filter(kind="unusual").select_related("member")
        assert [row.member.name for row in told] == ["Sara Admin"]
        pk = told[0].pk
    sara = client_for("sara")
    page = sara.get("/notifications").content.decode()
    assert "Mina Rep" in page
    assert "60 in an hour; usually 0" in page
    answer = sara.get(f"/notifications/{pk}")
    assert answer["Location"].startswith("/settings/audit?member=")
    assert sara.get(answer["Location"]).status_code == 200
