"""Merging on pages and over the API, old addresses, and the list of what may be the same."""

from typing import Any

import pytest

from kernel.access.actor import actor_for, operator
from kernel.records.alike import groups
from kernel.records.change import create
from kernel.records.merge import merge
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

PHONE = "+14155550123"


@pytest.fixture
def pair(tenant_a: Any) -> tuple[Any, Any]:
    with in_tenant(tenant_a):
        access = operator().access(registry["contacts"])
        first = create(access, {"last_name": "Sun", "phone": PHONE, "city": "Oslo"})
        return first, create(access, {"last_name": "Sunn", "phone": PHONE})


def fresh(tenant: Any, record: Any) -> Any:
    with in_tenant(tenant):
        return type(record).objects.get(pk=record.pk)


class TestPages:
    def test_values_are_chosen_side_by_side(self, tenant_a: Any, client_for: Any, pair: Any) -> None:
        first, second = pair
        client, ids = client_for("sara"), f"{pair[0].pk},{pair[1].pk}"
        html = client.get(f"/r/contacts/merge?ids={ids}").content.decode()
        assert 'name="pick-last_name"' in html and 'name="pick-city"' in html and "Sunn" in html
        posted = {"ids": ids, "survivor": str(second.pk), "pick-last_name": str(first.pk)}
        answer = client.post("/r/contacts/merge", posted)
        assert answer.status_code == 303 and answer["Location"] == f"/r/contacts/{second.pk}"
        kept = fresh(tenant_a, second)
        assert (kept.last_name, kept.city) == ("Sun", "Oslo")
        assert fresh(tenant_a, first).deleted_at

    def test_the_old_address_leads_to_the_one_that_stays(self, tenant_a: Any, client_for: Any, pair: Any) -> None:
        first, second = pair
        with in_tenant(tenant_a):
            merge(operator().access(registry["contacts"]), first, [second])
        answer = client_for("sara").get(f"/r/contacts/{second.pk}")
        assert (answer.status_code, answer["Location"]) == (301, f"/r/contacts/{first.pk}")

    def test_and_nowhere_for_whoever_cannot_see_that_one(
        self, tenant_a: Any, client_for: Any, api_for: Any, pair: Any, member: Any
    ) -> None:
        first, second = pair
        with in_tenant(tenant_a):
            merge(operator().access(registry["contacts"]), first, [second])
            type(first).objects.filter(pk=first.pk).update(owner=member("mina"))
        assert client_for("reza").get(f"/r/contacts/{second.pk}").status_code == 404
        assert api_for("reza").get(f"/api/v1/contacts/{second.pk}").status_code == 404

    def test_taking_apart_by_its_button(self, tenant_a: Any, client_for: Any, pair: Any) -> None:
        first, second = pair
        with in_tenant(tenant_a):
            merge(operator().access(registry["contacts"]), first, [second])
        client = client_for("sara")
        assert f"/r/contacts/{first.pk}/unmerge" in client.get(f"/r/contacts/{first.pk}").content.decode()
        assert client.post(f"/r/contacts/{first.pk}/unmerge").status_code == 303
        assert not fresh(tenant_a, second).deleted_at
        assert client.get(f"/r/contacts/{second.pk}").status_code == 200

    def test_one_alone_is_offered_those_like_it(self, client_for: Any, pair: Any) -> None:
        first, second = pair
        html = client_for("sara").get(f"/r/contacts/merge?ids={first.pk}").content.decode()
        assert f"?ids={first.pk},{second.pk}" in html

    def test_a_hidden_field_is_not_offered(self, tenant_a: Any, client_for: Any) -> None:
        with in_tenant(tenant_a):
            access = operator().access(registry["products"])
            records = [create(access, {"name": f"Chair {n}", "cost": n}) for n in (3, 7)]
        html = client_for("leila").get(f"/r/products/merge?ids={records[0].pk},{records[1].pk}").content.decode()
        assert 'name="pick-name"' in html
        assert ('name="pick-cost"' in html) == ("cost" in _readable(tenant_a, "leila", "products"))

    @pytest.mark.parametrize("name", ["kian", "reza"])
    def test_not_without_the_right(self, client_for: Any, pair: Any, name: str) -> None:
        ids = f"{pair[0].pk},{pair[1].pk}"
        assert client_for(name).post("/r/contacts/merge", {"ids": ids}).status_code in (403, 404)
        assert client_for(name).post(f"/r/contacts/{pair[0].pk}/unmerge").status_code in (403, 404)


def _readable(tenant: Any, name: str, slug: str) -> Any:
    from standing import CAST

    from kernel.access.models import Member

    with in_tenant(tenant):
        return actor_for(Member.objects.get(pk=CAST[name].member_id), "page").access(registry[slug]).readable()


class TestApi:
    def test_merge_redirect_and_unmerge(self, tenant_a: Any, api_for: Any, pair: Any) -> None:
        first, second = pair
        api = api_for("sara")
        body = {"others": [str(second.pk)], "values": {"last_name": str(first.pk)}}
        answer = api.post(f"/api/v1/contacts/{first.pk}/merge", body)
        assert answer.status_code == 200 and answer.json()["last_name"] == "Sun"
        moved = api.get(f"/api/v1/contacts/{second.pk}")
        assert (moved.status_code, moved["Location"]) == (301, f"/api/v1/contacts/{first.pk}")
        api.patch(f"/api/v1/contacts/{first.pk}", {"city": "Rome"})
        apart = api.post(f"/api/v1/contacts/{first.pk}/unmerge")
        assert apart.json() == {"conflicts": []}
        assert api.get(f"/api/v1/contacts/{second.pk}").json()["last_name"] == "Sunn"
        assert api.get(f"/api/v1/contacts/{first.pk}").json()["city"] == "Rome"
        assert api.post(f"/api/v1/contacts/{first.pk}/unmerge").status_code == 400

    @pytest.mark.parametrize(
        "body", [{}, {"others": []}, {"others": "x"}, {"others": [1]}, {"others": ["x"], "y": 1}, {"values": {}}]
    )
    def test_a_wrong_body_is_explained(self, api_for: Any, pair: Any, body: Any) -> None:
        answer = api_for("sara").post(f"/api/v1/contacts/{pair[0].pk}/merge", body)
        assert answer.status_code == 400 and answer.json()["errors"]

    def test_not_every_type(self, api_for: Any, pair: Any) -> None:
        assert api_for("sara").post(f"/api/v1/deals/{pair[0].pk}/merge", {}).status_code == 404


class TestFinder:
    def test_those_with_something_in_common_are_listed_until_somebody_says_otherwise(
        self, client_for: Any, pair: Any
    ) -> None:
        client = client_for("sara")
        ids = f"{pair[0].pk},{pair[1].pk}"
        html = client.get("/duplicates/contacts").content.decode()
        assert f"/r/contacts/merge?ids={ids}" in html and "same phone number" in html
        assert client.post("/duplicates/contacts/different", {"ids": ids}).status_code == 303
        assert ids not in client.get("/duplicates/contacts").content.decode()

    def test_of_those_out_of_reach_nothing_is_listed(self, client_for: Any, tenant_a: Any, pair: Any) -> None:
        html = client_for("reza").get("/duplicates/contacts").content.decode()
        assert str(pair[0].pk) not in html and str(pair[1].pk) not in html

    def test_pages(self, in_a: Any, member: Any) -> None:
        access = actor_for(member("sara"), "page").access(registry["products"])
        for number in range(25):
            for _twice in range(2):
                create(operator().access(registry["products"]), {"name": f"Chair {number}"})
        first, rest = groups(access), groups(access, 20)
        assert (len(first), len(rest)) == (21, 5)
        assert first[20].records == rest[0].records
