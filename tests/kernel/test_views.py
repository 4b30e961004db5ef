"""Views of a list: those that come with it, those that members save, over the API and by their address."""

import json
from decimal import Decimal
from typing import Any

import pytest

from kernel.access.actor import actor_for
from kernel.records.change import create
from kernel.records.models import SavedView
from kernel.records.types import registry
from kernel.records.views import Views
from kernel.tenancy.context import in_tenant

BIG = {"amount__gte": "1000", "sort": "-amount"}


@pytest.fixture(autouse=True)
def deals(tenant_a: Any, member: Any) -> None:
    with in_tenant(tenant_a):
        access = actor_for(member("sara"), "page").access(registry["deals"])
        for name, amount, owner in (("Small", 10, "sara"), ("Big", 5000, "reza"), ("Bigger", 9000, "sara")):
            create(access, {"name": name, "amount": Decimal(amount), "owner": member(owner).pk})


def names(api: Any, **params: Any) -> list[str]:
    answer = api.get("/api/v1/deals", params)
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def saved(api: Any, **values: Any) -> Any:
    answer = api.post("/api/v1/views", {"type": "deals", "name": "Big ones", "params": BIG, **values})
    assert answer.status_code == 201, answer.content
    return answer.json()


def keys(api: Any) -> list[str]:
    return [view["key"] for view in api.get("/api/v1/views?type=deals").json()["results"]]


def test_a_type_comes_with_views_of_its_own(api_for: Any) -> None:
    assert keys(api_for("sara")) == ["all", "mine", "open", "closing", "won", "recent"]
    assert names(api_for("sara"), view="mine", sort="amount") == ["Small", "Bigger"]


def test_a_saved_view_is_a_question_of_its_own(api_for: Any) -> None:
    api = api_for("sara")
    view = saved(api)
    assert names(api, view=view["id"]) == ["Bigger", "Big"]
    assert names(api, view=view["id"], sort="amount") == ["Big", "Bigger"]
    figures = api.get("/api/v1/deals/aggregate", {"view": view["id"], "measure": "count"}).json()
    assert figures["totals"] == {"count": 2}


def test_a_private_view_is_nobody_elses(api_for: Any) -> None:
    view = saved(api_for("sara"))
    for api in (api_for("leila"), api_for("reza")):
        assert view["id"] not in keys(api)
        assert api.get(f"/api/v1/views/{view['id']}").status_code == 404
        assert api.get("/api/v1/deals", {"view": view["id"]}).json()["errors"][0]["field"] == "view"


def test_a_view_is_shared_with_a_team_or_with_everyone(api_for: Any) -> None:
    of_team = saved(api_for("sara"), audience="team")["id"]
    of_all = saved(api_for("sara"), audience="everyone")["id"]
    assert {of_team, of_all} <= set(keys(api_for("kian")))
    assert set(keys(api_for("reza"))) & {of_team, of_all} == {of_all}


def test_a_shared_view_never_widens_rights(api_for: Any) -> None:
    """Reza sees what his team owns, whoever made the view."""
    view = saved(api_for("sara"), audience="everyone", params={"amount__gte": "1"})
    assert names(api_for("sara"), view=view["id"], sort="amount") == ["Small", "Big", "Bigger"]
    assert names(api_for("reza"), view=view["id"]) == ["Big"]


def test_what_a_viewer_may_not_read_is_left_out_of_a_view(api_for: Any, tenant_a: Any, member: Any) -> None:
    tree = {"or": [{"field": "amount", "op": "gte", "value": "1000"}, {"field": "name", "value": "Small"}]}
    params = {"filter": json.dumps(tree), "sort": "-amount", "columns": "name,amount", "group": "owner"}
    view = saved(api_for("sara"), audience="everyone", params=params)
    with in_tenant(tenant_a):
        role = member("leila").roles.get()
        role.rules["types"]["deals"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "amount": "none"}}
        role.save()
    api = api_for("leila")
    told = api.get(f"/api/v1/views/{view['id']}").json()
    assert not told["is_whole"] and "amount" not in json.dumps(told["params"])
    assert told["params"]["columns"] == "name" and told["params"]["group"] == "owner"
    assert names(api, view=view["id"]) == ["Small"]


@pytest.mark.parametrize(
    "values, field",
    [
        ({"params": {"nope": "1"}}, "nope"),
        ({"params": {"sort": "nope"}}, "sort"),
        ({"params": {"columns": "name,nope"}}, "columns"),
        ({"params": {"layout": "cloud"}}, "layout"),
        ({"params": {"filter": {"field": "nope", "value": "1"}}}, "filter.field"),
        ({"params": []}, "params"),
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"audience": "world"}, "audience"),
        ({"type": "nope"}, "type"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_view_that_cannot_be_is_refused(api_for: Any, values: dict[str, Any], field: str) -> None:
    answer = api_for("sara").post("/api/v1/views", {"type": "deals", "name": "N", "params": {}, **values})
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["field"] == field


def test_only_its_owner_or_who_sets_up_the_workspace_changes_a_view(api_for: Any) -> None:
    view = f"/api/v1/views/{saved(api_for('reza'), audience='everyone')['id']}"
    assert api_for("mina").patch(view, {"name": "Mine now"}).status_code == 403
    assert api_for("mina").delete(view).status_code == 403
    assert api_for("sara").patch(view, {"name": "Ours"}).json()["name"] == "Ours"
    assert api_for("reza").delete(view).status_code == 204
    assert api_for("reza").get(view).status_code == 404


def test_favourites_and_defaults_are_each_members_own(api_for: Any) -> None:
    view = f"/api/v1/views/{saved(api_for('sara'), audience='everyone')['id']}"
    told = api_for("leila").patch(view, {"is_favourite": True, "is_default": True}).json()
    assert told["is_favourite"] and told["is_default"]
    assert not api_for("sara").get(view).json()["is_favourite"]
    assert api_for("leila").patch("/api/v1/views/deals:open", {"is_default": True}).json()["is_default"]
    assert not api_for("leila").get(view).json()["is_default"]


def test_a_list_opens_with_ones_own_choice_else_with_the_roles(in_a: Any, member: Any) -> None:
    sara = Views(actor_for(member("sara"), "page").access(registry["deals"]))
    sara.open_for_roles(sara.get("won"), member("leila").roles.all())
    leila = Views(actor_for(member("leila"), "page").access(registry["deals"]))
    assert leila.first().key == "won" and sara.first().key == "all"
    leila.mark(leila.get("mine"), is_default=True)
    assert leila.first().key == "mine"


def test_tabs_stand_as_their_member_put_them(in_a: Any, member: Any) -> None:
    views = Views(actor_for(member("sara"), "page").access(registry["deals"]))
    views.put_in_order(["won", "all"])
    assert [view.key for view in views.all][:3] == ["won", "all", "mine"]


def test_a_deleted_view_can_be_brought_back(in_a: Any, member: Any) -> None:
    views = Views(actor_for(member("sara"), "page").access(registry["deals"]))
    row = views.save(name="Big", params=BIG)
    fresh = Views(views.access)
    fresh.delete(fresh.get(str(row.pk)))
    assert Views(views.access).get(str(row.pk)) is None
    other = Views(actor_for(member("leila"), "page").access(registry["deals"]))
    assert other.restore(row.pk) is None
    assert fresh.restore(row.pk) == row and SavedView.objects.get(pk=row.pk).deleted_at is None


def test_an_export_of_a_view_asks_what_the_view_asks(in_a: Any, member: Any) -> None:
    from kernel.records.find import find

    views = Views(actor_for(member("sara"), "page").access(registry["deals"]))
    row = views.save(name="Big", params=BIG)
    assert sorted(deal.label for deal in find(views.access, {"view": str(row.pk)}).rows) == ["Big", "Bigger"]
