"""What a form asks first and what it folds away; what its rows and dates start as."""

import datetime as dt
import re
from typing import Any

import pytest

from kernel.access.actor import operator
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def make(tenant_a: Any) -> Any:
    def making(slug: str, **values: Any) -> Any:
        with in_tenant(tenant_a):
            return create(operator().access(registry[slug]), values)

    return making


def folded(html: str) -> tuple[str, bool]:
    """What stands behind "More fields", and whether it is open."""
    found = re.search(r'<details class="more"( open)?>(.*?)</details>', html, re.S)
    assert found
    return found[2], bool(found[1])


def test_a_new_record_asks_for_the_essentials_and_folds_the_rest_away(client_for: Any) -> None:
    html = client_for("sara").get("/r/deals/new").content.decode()
    more, is_open = folded(html)
    assert not is_open
    assert 'name="probability"' in more and 'name="source"' in more
    assert 'name="name"' in html.replace(more, "") and 'name="amount"' not in more


def test_a_mistake_in_a_folded_field_opens_it(client_for: Any) -> None:
    response = client_for("sara").post("/r/deals/new", {"name": "Roof", "probability": "many"})
    more, is_open = folded(response.content.decode())
    assert response.status_code == 422 and is_open
    assert 'id="f-probability-error"' in more


def test_what_is_filled_in_is_not_folded_away(client_for: Any, make: Any) -> None:
    plain, full = make("companies", name="Plain"), make("companies", name="Full", country="Iran")
    client = client_for("sara")
    assert not folded(client.get(f"/r/companies/{plain.pk}/edit").content.decode())[1]
    assert folded(client.get(f"/r/companies/{full.pk}/edit").content.decode())[1]


def test_a_small_type_folds_nothing(client_for: Any) -> None:
    assert 'class="more"' not in client_for("sara").get("/r/products/new").content.decode()


def test_a_new_contact_begins_with_one_phone(client_for: Any) -> None:
    html = client_for("sara").get("/r/contacts/new").content.decode()
    assert 'name="contact_points-count" value="1"' in html
    assert re.search(r'name="contact_points-0-value"', html)


def test_the_row_that_was_offered_and_left_empty_is_none(client_for: Any, tenant_a: Any) -> None:
    rows = {"contact_points-count": "1", "contact_points-0-value": "", "contact_points-0-kind": "phone"}
    assert client_for("sara").post("/r/contacts/new", {"last_name": "Berg", **rows}).status_code == 303
    with in_tenant(tenant_a):
        contact = registry["contacts"].model.objects.get(last_name="Berg")
        assert not contact.points.exists()


def test_numbers_and_addresses_lead_where_they_point_and_can_be_copied(client_for: Any, make: Any) -> None:
    contact = make("contacts", last_name="Berg", phone="+4930123456", email="berg@example.com")
    html = client_for("sara").get(f"/r/contacts/{contact.pk}").content.decode()
    assert 'href="tel:+4930123456"' in html and 'data-copy="+4930123456"' in html
    assert 'href="mailto:berg@example.com"' in html
    assert "wa.me" not in html


@pytest.mark.parametrize("verb", ["win", "lose"])
def test_closing_a_deal_starts_from_today_and_says_what_empty_means(
    client_for: Any, make: Any, tenant_a: Any, verb: str
) -> None:
    deal = make("deals", name="Roof")
    with in_tenant(tenant_a):
        today = operator().format.today()
    html = client_for("sara").get(f"/r/deals/{deal.pk}/{verb}").content.decode()
    assert "Left empty, it is today." in html
    assert today.isoformat() in html


@pytest.mark.parametrize(
    ("query", "shown", "left_out"),
    [
        ("", "Expected close", "Closed on"),
        ("?status=open", "Expected close", "Closed on"),
        ("?status=won", "Closed on", "Expected close"),
        ("?status=lost", "Lost reason", "Next step"),
        ("?status__in=won,lost", "Closed on", "Lost reason"),
        ("?closed_on__gte=2020-01-01", "Closed on", "Expected close"),
    ],
)
def test_a_list_of_closed_deals_says_when_they_were_closed(
    client_for: Any, make: Any, tenant_a: Any, query: str, shown: str, left_out: str
) -> None:
    client = client_for("sara")
    with in_tenant(tenant_a):
        won, lost = (registry["stages"].model.objects.filter(kind=kind).first().pk for kind in ("won", "lost"))
        reason = registry["lost-reasons"].model.objects.first().pk
    make("deals", name="Roof", stage=won, closed_on=dt.date(2026, 1, 2))
    make("deals", name="Wall", stage=lost, lost_reason=reason)
    make("deals", name="Door")
    heads = re.findall(r"<th.*?</th>", client.get(f"/r/deals{query}").content.decode(), re.S)
    assert any(shown in head for head in heads)
    assert not any(left_out in head for head in heads)
