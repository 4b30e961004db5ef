"""One record shared with a person or a team, and who can see it, with the reason."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from kernel.access.actor import actor_for, operator
from kernel.access.models import Role, Share, Team
from kernel.events.models import Event
from kernel.records import sharing
from kernel.records.change import create, delete
from kernel.records.explaining import who_sees
from kernel.records.purge import purge_by_hand
from kernel.records.statements import one
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

EVERY_LIST = "/api/v1/deals?limit=200&q=Orchid"


@pytest.fixture
def deal(tenant_a, member):
    """Reza's, which Mina of another team does not see."""
    with in_tenant(tenant_a):
        return create(operator().access(registry["deals"]), {"name": "Orchid", "owner": member("reza").pk})


@pytest.fixture
def share(client_for, deal, tenant_a, member):
    def give(by="reza", **fields):
        with in_tenant(tenant_a):
            pk = member(fields.pop("to", "mina")).pk
        return client_for(by).post(f"/r/deals/{deal.pk}/access", {"member": str(pk), "level": "view", **fields})

    return give


def names(api):
    return [row["name"] for row in api.get(EVERY_LIST).json()["results"]]


def test_what_is_shared_is_seen_everywhere_and_not_changed(share, api_for, client_for, deal):
    mina = api_for("mina")
    assert (names(mina), mina.get(f"/api/v1/deals/{deal.pk}").status_code) == ([], 404)
    assert share().status_code == 303
    assert names(mina) == ["Orchid"]
    assert mina.get(f"/api/v1/deals/{deal.pk}").status_code == 200
    assert mina.get(f"/api/v1/deals/aggregate?measure=count&owner={deal.owner_id}").json()["totals"]["count"] == 1
    assert "Orchid" in client_for("mina").get("/search?q=Orchid").content.decode()
    assert mina.patch(f"/api/v1/deals/{deal.pk}", {"name": "Rose"}).status_code == 403
    assert mina.delete(f"/api/v1/deals/{deal.pk}").status_code == 403


def test_what_is_shared_to_be_changed_is_changed_and_not_deleted(share, api_for, deal):
    share(level="edit")
    mina = api_for("mina")
    assert mina.patch(f"/api/v1/deals/{deal.pk}", {"name": "Orchid and rose"}).status_code == 200
    assert mina.delete(f"/api/v1/deals/{deal.pk}").status_code == 403


def test_what_hangs_on_a_shared_record_comes_with_it(share, api_for, deal):
    api_for("reza").post("/api/v1/notes", {"body": "Lilac", "about": {"type": "deals", "id": str(deal.pk)}})
    assert api_for("mina").get("/api/v1/notes?limit=200").json()["results"] == []
    share()
    assert [note["body"] for note in api_for("mina").get("/api/v1/notes?limit=200").json()["results"]] == ["Lilac"]


def test_a_share_ends_by_itself_and_by_hand(share, api_for, client_for, deal, tenant_a):
    share()
    with in_tenant(tenant_a):
        Share.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert names(api_for("mina")) == []
    share(until=(timezone.now() + timedelta(days=3)).date().isoformat())
    assert names(api_for("mina")) == ["Orchid"]
    with in_tenant(tenant_a):
        held = Share.objects.get()
    assert client_for("reza").post(f"/r/deals/{deal.pk}/access/{held.pk}/stop").status_code == 303
    assert names(api_for("mina")) == []


def test_what_is_over_takes_no_place(share, api_for, monkeypatch, tenant_a):
    monkeypatch.setattr(sharing, "MOST", 1)
    assert share().status_code == 303
    refused = share(to="kian")
    assert refused.status_code == 422
    assert "share it with a team instead" in refused.content.decode()
    with in_tenant(tenant_a):
        Share.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert share(to="kian").status_code == 303
    assert names(api_for("kian")) == ["Orchid"]


def test_a_day_that_is_over_is_refused(share):
    answer = share(until="2020-01-01")
    assert answer.status_code == 422
    assert "Choose a day to come." in answer.content.decode()


def test_a_team_sees_what_is_shared_with_it(client_for, api_for, deal, tenant_a):
    with in_tenant(tenant_a):
        south = Team.objects.get(name="South").pk
    client_for("reza").post(f"/r/deals/{deal.pk}/access", {"team": str(south), "level": "view"})
    assert names(api_for("mina")) == ["Orchid"]


def test_only_who_may_change_a_record_by_a_role_shares_it(share, deal):
    assert share(by="mina").status_code == 404
    share(level="edit")
    assert share(by="mina", to="kian").status_code == 403
    assert share(by="kian").status_code == 403


def test_a_share_lets_nobody_do_what_no_role_of_theirs_allows(share, api_for, deal, tenant_a):
    share(to="kian", level="edit")
    assert api_for("kian").patch(f"/api/v1/deals/{deal.pk}", {"name": "Rose"}).status_code == 403
    with in_tenant(tenant_a):
        Role.objects.filter(code="rep").update(rules={"types": {"companies": {"verbs": {"*": "all"}}}})
    share(by="leila")
    assert api_for("mina").get(f"/api/v1/deals/{deal.pk}").status_code == 403


def test_a_program_shares_lists_and_ends(api_for, deal, member, tenant_a):
    reza, mina = api_for("reza"), api_for("mina")
    url, until = f"/api/v1/deals/{deal.pk}/shares", (timezone.now() + timedelta(days=3)).replace(microsecond=0)
    with in_tenant(tenant_a):
        body = {"member": str(member("mina").pk), "level": "edit", "until": until.isoformat()}
    made = reza.post(url, body)
    assert (made.status_code, made.json()["member"]["label"]) == (201, "Mina Rep")
    assert reza.get(url).json()["results"] == [made.json()]
    assert mina.patch(f"/api/v1/deals/{deal.pk}", {"name": "Rose"}).status_code == 200
    assert mina.delete(f"{url}/{made.json()['id']}").status_code == 403
    assert reza.delete(f"{url}/{made.json()['id']}").status_code == 204
    assert (names(mina), reza.get(url).json()["count"]) == ([], 0)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "member"),
        ({"member": "nobody"}, "member"),
        ({"member": str(uuid4())}, "member"),
        ({"member": "MINA", "level": "all"}, "level"),
        ({"member": "MINA", "until": "tomorrow"}, "until"),
        ({"member": "MINA", "until": "2020-01-01T00:00:00Z"}, "until"),
        ({"member": "MINA", "days": 3}, "days"),
    ],
)
def test_what_a_program_gets_wrong_is_told_on_its_field(api_for, deal, body, field):
    sent = {name: str(member_id("mina")) if value == "MINA" else value for name, value in body.items()}
    answer = api_for("reza").post(f"/api/v1/deals/{deal.pk}/shares", sent)
    assert (answer.status_code in (400, 422), [error["field"] for error in answer.json()["errors"]]) == (True, [field])


def test_what_hangs_on_others_is_not_shared_by_itself(api_for, deal):
    note = api_for("reza").post("/api/v1/notes", {"body": "L", "about": {"type": "deals", "id": str(deal.pk)}}).json()
    assert api_for("reza").get(f"/api/v1/notes/{note['id']}/shares").status_code == 404


def test_the_plain_statement_finds_what_the_query_finds(share, deal, tenant_a, member):
    share()
    with in_tenant(tenant_a):
        access = actor_for(member("mina"), "page").access(registry["deals"])
        assert one(access, deal.pk).pk == access.records().get(pk=deal.pk).pk


def test_history_says_so_and_a_purge_ends_it(share, deal, tenant_a):
    share()
    with in_tenant(tenant_a):
        event = Event.objects.get(name="deal.shared", record_id=deal.pk)
        assert event.changes["shares"][1]["level"] == "view"
        access = operator().access(registry["deals"])
        purge_by_hand(access, delete(access, deal))
        assert not Share.objects.exists()


def test_who_can_see_a_record_and_why(share, client_for, deal, in_a):
    def told():
        return {member.name: (how, [role.code for role in roles]) for member, how, roles in who_sees(deals, deal)}

    deals = registry["deals"]
    before = told()
    assert before["Reza Rep"] == ("own", ["rep"])
    assert before["Leila Manager"] == ("all", ["manager"])
    assert "Mina Rep" not in before
    Share.objects.create(record_type="deals", record_id=deal.pk, level="view", member_id=member_id("mina"))
    assert told()["Mina Rep"][0] == "shared"


def member_id(name):
    from standing import CAST

    return CAST[name].member_id


def test_the_page_says_who_and_why(share, client_for, deal):
    share()
    text = client_for("reza").get(f"/r/deals/{deal.pk}/access").content.decode()
    assert "Mina Rep" in text
    assert "shared with them" in text
    assert "Stop sharing" in text
    assert "/settings/roles/why" not in text
    assert "/settings/roles/why" in client_for("sara").get(f"/r/deals/{deal.pk}/access").content.decode()
    assert f"/r/deals/{deal.pk}/access" in client_for("reza").get(f"/r/deals/{deal.pk}").content.decode()


def test_the_page_tells_no_owner_that_is_hidden(client_for, deal, tenant_a):
    with in_tenant(tenant_a):
        role = Role.objects.get(code="manager")
        role.rules["types"]["deals"] = {"fields": {"owner": "none"}}
        role.save()
    text = client_for("leila").get(f"/r/deals/{deal.pk}/access").content.decode()
    assert "Reza Rep" in text
    assert "because it is their own" not in text


def test_who_works_here_is_told_by_no_share_either(share, client_for, deal, tenant_a):
    share()
    with in_tenant(tenant_a):
        role = Role.objects.get(code="rep")
        role.rules["types"]["members"] = {"verbs": {"*": "none"}}
        role.save()
    assert "Mina Rep" not in client_for("reza").get(f"/r/deals/{deal.pk}/access").content.decode()
