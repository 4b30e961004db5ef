"""Ways round what roles say: by people, by teams, by merging and by converting."""

from typing import Any

import pytest

from kernel.access.actor import actor_for, operator
from kernel.access.models import Role, Share, Team
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

PEOPLE = {
    "types": {
        "*": {"verbs": {"*": "none", "view": "subtree"}, "fields": {"*": "read"}},
        "@settings": {"verbs": {"*": "all"}, "fields": {"*": "edit"}},
    },
    "system": ["members"],
}


@pytest.fixture
def kian(tenant_a: Any, member: Any, api_for: Any) -> Any:
    """Kian looks after people, and sees the records of his team and of those below it."""
    with in_tenant(tenant_a):
        role = Role.objects.create(name="People", label="People", code="people", rules=PEOPLE)
        member("kian").roles.set([role])
        member("kian").teams.set(Team.objects.filter(name="North"))
    return api_for("kian")


def test_nobody_puts_a_team_below_their_own(kian: Any, api_for: Any, tenant_a: Any, member: Any) -> None:
    with in_tenant(tenant_a):
        deal = create(operator().access(registry["deals"]), {"name": "Orchid", "owner": member("mina").pk})
        north, south, head = (Team.objects.get(name=name).pk for name in ("North", "South", "Head office"))
    url = f"/api/v1/teams/{south}"
    assert kian.patch(url, {"parent": str(north)}).json()["errors"][0]["code"] == "beyond"
    assert kian.get(f"/api/v1/deals/{deal.pk}").status_code == 404
    assert kian.patch(url, {"parent": None}).status_code == 200
    assert kian.patch(url, {"parent": str(head)}).status_code == 200
    assert api_for("sara").patch(url, {"parent": str(north)}).status_code == 200


def test_nobody_removes_or_brings_back_those_who_may_do_more(
    kian: Any, api_for: Any, tenant_a: Any, member: Any
) -> None:
    with in_tenant(tenant_a):
        urls = {name: f"/api/v1/members/{member(name).pk}" for name in ("leila", "nima", "kian")}
        member("nima").roles.set(Role.objects.filter(code="people"))
    assert kian.delete(urls["leila"]).json()["errors"][0]["code"] == "beyond"
    assert kian.delete(urls["nima"]).status_code == 204
    assert api_for("sara").delete(urls["leila"]).status_code == 204
    assert kian.post(f"{urls['leila']}/restore").status_code == 400
    assert kian.post(f"{urls['nima']}/restore").status_code == 200


def test_what_is_shared_is_not_taken_by_merging(api_for: Any, tenant_a: Any, member: Any) -> None:
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules["types"]["companies"] = {"verbs": {"*": "own"}, "fields": {"*": "edit"}}
        role.save()
        access = operator().access(registry["companies"])
        theirs, own = (create(access, {"name": n, "owner": member(n).pk}) for n in ("mina", "reza"))
        Share.objects.create(record_type="companies", record_id=theirs.pk, member=member("reza"), level="edit")
    sent = {"others": [str(own.pk)], "values": {"owner": str(own.pk)}}
    reza = api_for("reza")
    assert reza.post(f"/api/v1/companies/{theirs.pk}/merge", sent).status_code == 403
    assert reza.post(f"/api/v1/companies/{theirs.pk}/merge", {"others": [str(own.pk)]}).status_code == 200


@pytest.mark.parametrize("level", ["none", "masked"])
def test_converting_tells_nothing_of_what_is_hidden(client_for: Any, tenant_a: Any, member: Any, level: str) -> None:
    """Neither the lead's own values, nor which contact or company has the same."""
    with in_tenant(tenant_a):
        reza = actor_for(member("reza"), "page")
        number = "+12125550123"
        points = [{"kind": "phone", "value": number}]
        create(reza.access(registry["contacts"]), {"last_name": "Lilac", "contact_points": points})
        create(reza.access(registry["companies"]), {"name": "Rose", "website": "https://rose.example"})
        values = {"name": "Ann", "company_name": "Orchid", "phone": number, "email": "ann@rose.example"}
        lead = create(reza.access(registry["leads"]), values)
    path = f"/r/leads/{lead.pk}/convert"
    words = ("Orchid", "Lilac", "Rose")
    text = client_for("reza").get(path).content.decode()
    assert all(word in text for word in words)
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules["types"]["leads"] = {
            "verbs": {"*": "all"}, "fields": {"*": "edit", "company_name": level, "phone": level, "email": level}
        }  # fmt: skip
        role.save()
    text = client_for("reza").get(path).content.decode()
    assert [word for word in words if word in text] == []
