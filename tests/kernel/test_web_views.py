"""Views on the pages of a list: tabs, unsaved changes, columns, groups, the builder, a record's place, peeking."""

import datetime as dt
import json
import re
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from kernel.access.actor import actor_for
from kernel.records.change import create
from kernel.records.find import find
from kernel.records.models import SavedView
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant

PART = {"HX-Request": "true"}


@pytest.fixture
def deals(tenant_a: Any, member: Any) -> dict[str, Any]:
    made = {}
    with in_tenant(tenant_a):
        access = actor_for(member("sara"), "page").access(registry["deals"])
        today = access.actor.format.today()
        for i, (name, amount, owner) in enumerate((("Ant", 10, "sara"), ("Bee", 5000, "reza"), ("Cat", 9000, "sara"))):
            values = {"name": name, "amount": Decimal(amount), "owner": member(owner).pk}
            made[name] = create(access, {**values, "expected_close_on": today + dt.timedelta(days=i)})
    return made


def body_of(client: Any, url: str, **more: Any) -> str:
    answer = client.get(url, **more)
    assert answer.status_code == 200, (url, answer.status_code)
    return unescape(answer.content.decode())


def names(body: str) -> list[str]:
    return re.findall(r">(Ant|Bee|Cat)</a>", body)


def save(client: Any, query: str, **values: Any) -> str:
    answer = client.post("/r/deals/views/new", {"query": query, "name": "Big", **values})
    assert answer.status_code == 303, answer.content
    return answer["Location"]


def test_a_saved_view_is_a_tab_that_asks_its_question(client_for: Any, deals: Any) -> None:
    client = client_for("sara")
    url = save(client, "amount__gte=1000&sort=-amount")
    body = body_of(client, url)
    assert names(body) == ["Cat", "Bee"]
    assert re.search(r'aria-current="page" dir="auto">Big<', body) and "Save as new" not in body


def test_a_ready_made_view_as_a_board_asks_for_no_saving(client_for: Any, deals: Any) -> None:
    client = client_for("sara")
    assert "Save as new" not in body_of(client, "/r/deals?view=board")
    assert "Save as new" in body_of(client, "/r/deals?view=board&amount__gte=1000")


def test_a_filter_of_a_view_can_be_taken_away_and_the_page_says_that_it_is_not_saved(
    client_for: Any, deals: Any
) -> None:
    client = client_for("sara")
    url = save(client, "amount__gte=1000&sort=-amount")
    remove = re.search(r'class="remove" href="([^"]+)"', body_of(client, url))
    assert remove
    body = body_of(client, remove[1])
    assert names(body) == ["Cat", "Bee", "Ant"]
    assert "Save as new" in body and "Reset" in body and f'href="{url}"' in body


def test_saving_changes_makes_them_the_views_own(client_for: Any, deals: Any, tenant_a: Any) -> None:
    client = client_for("sara")
    url = save(client, "amount__gte=1000")
    key = url.partition("view=")[2]
    client.post(f"/r/deals/views/{key}/update", {"query": f"base={key}&amount__lte=20&columns=name,owner"})
    body = body_of(client, url)
    assert names(body) == ["Ant"] and "Expected close" not in re.findall(r"<thead>.*?</thead>", body, re.S)[0]


def test_deleting_a_view_can_be_undone(client_for: Any, deals: Any, tenant_a: Any) -> None:
    client = client_for("sara")
    key = save(client, "amount__gte=1000").partition("view=")[2]
    client.post(f"/r/deals/views/{key}/delete")
    assert ">Big<" not in body_of(client, "/r/deals")
    client.post(f"/r/deals/views/{key}/restore")
    assert ">Big<" in body_of(client, "/r/deals")


def test_a_favourite_stands_in_the_sidebar_of_its_member_alone(client_for: Any, deals: Any) -> None:
    url = save(client_for("sara"), "amount__gte=1", audience="everyone", is_favourite="true")
    assert f'class="nav-item" href="{url}"' in body_of(client_for("sara"), "/")
    assert f'class="nav-item" href="{url}"' not in body_of(client_for("leila"), "/")


def test_a_list_opens_with_the_view_that_its_member_chose(client_for: Any, deals: Any) -> None:
    client = client_for("sara")
    client.post("/r/deals/views/mine", {"is_default": "true"})
    assert sorted(names(body_of(client, "/r/deals"))) == ["Ant", "Cat"]
    assert sorted(names(body_of(client, "/r/deals?view=all"))) == ["Ant", "Bee", "Cat"]
    assert sorted(names(body_of(client, "/r/deals?amount__gte=1"))) == ["Ant", "Bee", "Cat"]


def test_a_view_needs_a_name(client_for: Any, deals: Any, tenant_a: Any) -> None:
    answer = client_for("sara").post("/r/deals/views/new", {"query": "", "name": " "})
    assert answer.status_code == 422 and "Give the view a name." in answer.content.decode()
    with in_tenant(tenant_a):
        assert not SavedView.objects.exists()


def test_somebody_elses_private_view_is_not_there(client_for: Any, deals: Any) -> None:
    url = save(client_for("sara"), "amount__gte=1")
    assert client_for("leila").get(f"/r/deals/views/{url.partition('view=')[2]}").status_code == 404
    assert "There is no such view" in body_of(client_for("leila"), url)


def test_a_view_stands_in_the_sidebar_and_among_the_tabs_with_its_icon(client_for: Any, deals: Any) -> None:
    client = client_for("sara")
    url = save(client, "amount__gte=1000", icon="trophy", is_favourite="true")
    body = body_of(client, url)
    assert re.search(r'class="nav-item"[^>]*><svg[^>]*><use href="[^"]*#trophy"/></svg><span class="clip">Big<', body)
    assert re.search(r'#trophy"/></svg>Big<', body)
    refused = client.post("/r/deals/views/new", {"query": "", "name": "Odd", "icon": "nonsense"})
    assert refused.status_code == 422 and "Choose one of" in refused.content.decode()


def test_a_view_with_an_icon_of_before_is_named_anew(client_for: Any, api_for: Any, deals: Any, tenant_a: Any) -> None:
    url = save(client_for("sara"), "amount__gte=1000")
    key = url.partition("view=")[2]
    with in_tenant(tenant_a):
        SavedView.objects.filter(pk=key).update(icon="rocket")
    assert api_for("sara").patch(f"/api/v1/views/{key}", {"name": "Large"}).status_code == 200


def test_tabs_stand_as_they_were_put_by_hand(client_for: Any, deals: Any) -> None:
    client = client_for("sara")
    assert client.post("/r/deals/views/order", {"ids": "recent,nonsense,all,mine"}).status_code == 204
    tabs = re.findall(r'data-id="(\w+)"', body_of(client, "/r/deals"))
    assert tabs[:3] == ["recent", "all", "mine"] and len(tabs) == 6
    assert re.findall(r'data-id="(\w+)"', body_of(client_for("reza"), "/r/deals"))[0] == "all"


def test_tabs_say_how_many_once_the_page_is_there(client_for: Any, deals: Any) -> None:
    body = body_of(client_for("sara"), "/r/deals/views/counts", headers=PART)
    assert 'id="n-all" hx-swap-oob="true">3<' in body and 'id="n-mine" hx-swap-oob="true">2<' in body


# -- columns and groups


def test_columns_are_shown_as_chosen_and_hidden_ones_never(
    client_for: Any, deals: Any, tenant_a: Any, member: Any
) -> None:
    with in_tenant(tenant_a):
        role = member("leila").roles.get()
        role.rules["types"]["deals"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "amount": "none"}}
        role.save()
    url = "/r/deals?columns=name,owner,amount,probability"
    heads = {
        key: re.sub(r"<[^>]+>", " ", re.findall(r"<thead>.*?</thead>", body_of(client_for(key), url), re.S)[0]).split()
        for key in ("sara", "leila")
    }
    assert heads["sara"] == ["Name", "Owner", "Amount", "Probability"]
    assert heads["leila"] == ["Name", "Owner", "Probability"]


def test_choosing_columns_leads_to_the_list_that_shows_them(client_for: Any, deals: Any) -> None:
    client = client_for("sara")
    assert 'value="probability"' in body_of(client, "/r/deals/columns?amount__gte=1")
    answer = client.get("/r/deals/columns?apply=1&amount__gte=1&column=owner&column=stage&group=owner")
    assert answer["Location"] == "/r/deals?" + urlencode(
        {"amount__gte": 1, "group": "owner", "columns": "name,owner,stage"}
    )


def test_rows_stand_under_headings_with_their_figures(client_for: Any, deals: Any) -> None:
    body = body_of(client_for("sara"), "/r/deals?group=owner&amount__gte=1")
    heads = re.findall(r"<bdi>([^<]+)</bdi></button>.*?>(\d+)</a>", body)
    assert heads == [("Sara Admin", "2"), ("Reza Rep", "1")]
    assert sorted(names(body)) == ["Ant", "Bee", "Cat"] and "$9k" in body


@pytest.mark.parametrize(
    "group", ["status", "stage", "expected_close_on", "expected_close_on:season", "created_at:week"]
)
def test_a_list_is_grouped_by_any_field_that_gathers(client_for: Any, deals: Any, group: str) -> None:
    body = body_of(client_for("sara"), f"/r/deals?group={group}&sort=name")
    assert sorted(names(body)) == ["Ant", "Bee", "Cat"] and "data-group" in body


def test_stages_head_their_groups_in_the_order_of_the_pipeline(client_for: Any, deals: Any, tenant_a: Any) -> None:
    with in_tenant(tenant_a):
        first, later = registry["stages"].model.objects.order_by("position")[:2]
        registry["deals"].model.objects.exclude(pk=deals["Ant"].pk).update(stage=later)
    body = body_of(client_for("sara"), "/r/deals?group=stage")
    assert re.findall(r"data-group[^>]*>.*?<bdi>(.*?)</bdi>", body, re.S) == [first.name, later.name]


def test_rows_of_groups_are_selected_as_those_of_a_plain_list(client_for: Any, deals: Any, tenant_a: Any) -> None:
    client = client_for("sara")
    body = body_of(client, "/r/deals?group=owner&amount__gte=1")
    assert len(re.findall(r'<input type="checkbox" name="ids" form="bulk"', body)) == 3
    query = re.findall(r'name="query" value="([^"]+)"', body[body.index('id="bulk"') :])[0]
    assert 'data-all="3"' in body
    client.post("/r/deals/bulk", {"do": "delete", "everything": "1", "query": query, "step": "go"})
    assert names(body_of(client, "/r/deals?group=owner&amount__gte=1")) == []


def test_where_records_stand_in_several_groups_it_is_said(client_for: Any, deals: Any) -> None:
    assert "a record stands under each value" in body_of(client_for("sara"), "/r/deals?group=tags")
    assert "a record stands under each value" not in body_of(client_for("sara"), "/r/deals?group=owner")


def test_a_group_fetches_its_rows(client_for: Any, deals: Any, member: Any, tenant_a: Any) -> None:
    with in_tenant(tenant_a):
        reza = member("reza").pk
    body = body_of(client_for("sara"), f"/r/deals/group?owner={reza}", headers=PART)
    assert names(body) == ["Bee"] and "<html" not in body


def test_a_hidden_field_groups_nothing(client_for: Any, deals: Any, tenant_a: Any, member: Any) -> None:
    with in_tenant(tenant_a):
        role = member("leila").roles.get()
        role.rules["types"]["deals"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "owner": "none"}}
        role.save()
    assert "You cannot group by this." in body_of(client_for("leila"), "/r/deals?group=owner")


# -- the builder


def test_the_builder_starts_with_the_filters_of_the_list(client_for: Any, deals: Any) -> None:
    tree = json.dumps(
        {"or": [{"field": "owner", "value": "me"}, {"not": {"field": "amount", "op": "gte", "value": "50"}}]}
    )
    body = body_of(client_for("sara"), f"/r/deals/filters/build?status=open&filter={quote(tree)}")
    kinds = re.findall(r'name="k\.\d"( value="leaf")?', body)
    assert ["leaf" if kind else "group" for kind in kinds] == ["group", "leaf", "group", "leaf", "group", "leaf"]


def form(*lines: Any) -> dict[str, Any]:
    """The builder's form: (kind, depth) of a group, with field, operator and values of a condition."""
    filled: dict[str, Any] = {}
    for n, (kind, depth, *leaf) in enumerate(lines):
        filled |= {f"k.{n}": kind, f"d.{n}": depth}
        if leaf:
            name, lookup, values = leaf
            filled |= {f"f.{n}": name, f"o.{n}": lookup, f"was.{n}": name}
            filled |= {key.replace("v", f"v.{n}"): value for key, value in values.items()}
    return filled


def test_what_is_built_is_asked(client_for: Any, deals: Any) -> None:
    client = client_for("sara")
    lines = form(
        ("and", 0), ("leaf", 1, "status", "exact", {"v": "open"}), ("or", 1),
        ("leaf", 2, "owner", "exact", {"v": "me"}), ("leaf", 2, "amount", "between", {"v.0": "4,000", "v.1": "6,000"}),
    )  # fmt: skip
    answer = client.get("/r/deals/filters/build", {**lines, "apply": "1"})
    assert answer.status_code == 303
    assert sorted(names(body_of(client, answer["Location"]))) == ["Ant", "Bee", "Cat"]
    answer = client.get("/r/deals/filters/build", {**lines, "v.4.1": "4,500", "apply": "1"})
    body = body_of(client, answer["Location"])
    assert sorted(names(body)) == ["Ant", "Cat"]
    assert "Status: Open" in body and ">Owner: me or Amount from $4,000 to $4,500<" in body


def test_dates_are_chosen_by_name_or_by_day(client_for: Any, deals: Any) -> None:
    client = client_for("sara")
    line = {"k.0": "and", "d.0": "0", "k.1": "leaf", "d.1": "1", "f.1": "expected_close_on", "o.1": "exact",
            "was.1": "expected_close_on"}  # fmt: skip
    body = body_of(client, "/r/deals/filters/build?" + urlencode({**line, "act": "redraw"}))
    assert ">this season<" in body and ">since Nowruz<" in body
    answer = client.get("/r/deals/filters/build", {**line, "w.1.0": "today", "apply": "1"})
    assert answer["Location"].startswith("/r/deals?expected_close_on=today")
    assert names(body_of(client, answer["Location"])) == ["Ant"]


def test_a_line_without_a_value_is_asked_for_and_not_left_out(client_for: Any, deals: Any) -> None:
    lines = form(("and", 0), ("leaf", 1, "status", "exact", {"v": "open"}), ("leaf", 1, "amount", "gte", {"v.0": ""}))
    answer = client_for("sara").get("/r/deals/filters/build", {**lines, "apply": "1"})
    assert answer.status_code == 200
    assert answer.content.decode().count("Say what to compare with") == 1


def test_lines_are_added_and_removed(client_for: Any, deals: Any) -> None:
    client = client_for("sara")
    start = {"k.0": "and", "d.0": "0", "k.1": "leaf", "d.1": "1"}
    added = body_of(client, "/r/deals/filters/build?" + urlencode({**start, "act": "group:0"}))
    assert added.count('class="line') == 4
    removed = body_of(client, "/r/deals/filters/build?" + urlencode({**start, "act": "remove:1"}))
    assert removed.count('class="line') == 1


def test_the_builder_offers_nothing_hidden(client_for: Any, deals: Any, tenant_a: Any, member: Any) -> None:
    with in_tenant(tenant_a):
        role = member("leila").roles.get()
        role.rules["types"]["deals"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "amount": "none"}}
        role.rules["types"]["companies"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "industry": "none"}}
        role.save()
    body = body_of(client_for("leila"), "/r/deals/filters/build")
    assert 'value="company.city"' in body
    assert 'value="amount"' not in body and 'value="company.industry"' not in body


# -- a record among others


def test_a_record_knows_its_place_in_the_list_it_was_opened_from(client_for: Any, deals: Any) -> None:
    client, query = client_for("sara"), "base=all&sort=amount"
    page = body_of(client, f"/r/deals/{deals['Bee'].pk}?in={quote(query)}")
    assert f'href="/r/deals?{query}"' in page
    place = re.search(r'class="place" hx-get="([^"]+)"', page)
    assert place
    body = body_of(client, place[1], headers=PART)
    assert "2 of 3" in body
    links = re.findall(r'rel="(prev|next)"[^>]*href="/r/deals/([0-9a-f-]{36})\?in=', body)
    assert links == [("prev", str(deals["Ant"].pk)), ("next", str(deals["Cat"].pk))]


@pytest.mark.parametrize("sort", ["amount", "-amount", "name", "company", "-next_step_at", "expected_close_on"])
def test_next_after_next_walks_the_whole_list(
    client_for: Any, deals: Any, sort: str, tenant_a: Any, member: Any
) -> None:
    with in_tenant(tenant_a):
        access = actor_for(member("sara"), "page").access(registry["deals"])
        create(access, {"name": "Dog"})
        found = find(access, {"sort": sort})
        order = [row.pk for row in found.page().rows]
        for i, pk in enumerate(order):
            around = found.around(pk)
            assert around and around.position == i + 1
            assert around.previous == (order[i - 1] if i else None)
            assert around.next == (order[i + 1] if i + 1 < len(order) else None)


def test_a_record_that_the_list_does_not_hold_has_no_place_in_it(client_for: Any, deals: Any) -> None:
    body = body_of(client_for("sara"), f"/r/deals/{deals['Ant'].pk}/place?amount__gte=1000", headers=PART)
    assert " of " not in body and "href" not in body


def test_a_record_is_peeked_at_beside_its_list(client_for: Any, deals: Any) -> None:
    url = f"/r/deals/{deals['Bee'].pk}?peek=1"
    part, whole = body_of(client_for("sara"), url, headers=PART), body_of(client_for("sara"), url)
    assert "$5,000" in part and "<html" not in part and "<html" in whole


def test_peeking_reaches_no_further_than_the_page(client_for: Any, deals: Any) -> None:
    url = f"/r/deals/{deals['Ant'].pk}"
    for path in (f"{url}?peek=1", f"{url}/place"):
        assert client_for("mina").get(path, headers=PART).status_code == 404


def test_an_export_is_of_the_list_that_is_seen(client_for: Any, api_for: Any, deals: Any, tenant_a: Any) -> None:
    client = client_for("sara")
    url = save(client, "amount__gte=1000")
    query = re.search(r'name="query" value="([^"]*)"><button class="item"', body_of(client, url))
    assert query
    client.post("/exports", {"type": "deals", "format": "csv", "query": query[1]})
    api_for("sara").post("/api/v1/exports", {"type": "deals", "query": {"view": url.partition("view=")[2]}})
    with in_tenant(tenant_a):
        asked = [run.params["query"] for run in Run.objects.filter(kind="export")]
    assert [question.get("amount__gte") for question in asked] == ["1000", "1000"]
