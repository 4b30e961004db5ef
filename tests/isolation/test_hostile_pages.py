"""What pages answer to requests that no page makes, and to those that take too long."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from kernel.access.actor import actor_for
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant, statements_within

DEEP = "[" * 50_000


@pytest.mark.parametrize("cursor", ["x", "%00", "e30", "9999-12-31", "W251bGxd"])
@pytest.mark.parametrize("path", ["/trash?type=deals", "/r/deals?view=list", "/r/deals?view=board"])
def test_a_broken_link_to_a_page_is_no_error_of_ours(client_for: Any, path: str, cursor: str) -> None:
    assert client_for("sara").get(f"{path}&cursor={cursor}").status_code in (200, 404)


def test_what_a_form_carried_may_be_anything(client_for: Any, tenant_a: Any, member: Any) -> None:
    with in_tenant(tenant_a):
        deal = create(actor_for(member("sara"), "page").access(registry["deals"]), {"name": "A"})
    client = client_for("sara")
    assert client.post(f"/r/deals/{deal.pk}/edit", {"name": "B", "version": "0", "base": DEEP}).status_code < 500
    assert client.post(f"/r/deals/{deal.pk}/cell/name", {"name": "B", "version": "0", "was": DEEP}).status_code < 500


@pytest.fixture
def slow(monkeypatch: Any) -> None:
    """Every list takes longer than a statement may."""

    def sleep(*args: Any, **more: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 20")
            cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr("kernel.web.lists.find", sleep)
    monkeypatch.setattr("kernel.api.records.find", sleep)


def test_a_page_that_takes_too_long_says_so(client_for: Any, slow: None) -> None:
    answer = client_for("sara").get("/r/deals")
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert b"took too long" in answer.content


def test_a_part_that_takes_too_long_is_told_by_a_toast(client_for: Any, slow: None) -> None:
    answer = client_for("sara").get("/r/deals", HTTP_HX_REQUEST="true")
    assert answer.status_code == 503
    assert "toast" in json.loads(answer["HX-Trigger"])


def test_a_list_of_the_api_that_takes_too_long_says_so(api_for: Any, slow: None) -> None:
    answer = api_for("sara").get("/api/v1/deals")
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"


def test_statements_are_bounded(tenant_a: Any) -> None:
    assert settings.TENANT_STATEMENT_TIMEOUT_MS <= 10_000
    with statements_within(1234), in_tenant(tenant_a), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone()[0] in ("1234ms", "1.234s")
