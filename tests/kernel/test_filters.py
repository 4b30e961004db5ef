"""The filter language, beside a plain evaluation in Python and over the API."""

import datetime as dt
import json
import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from kernel.access.actor import Actor, actor_for
from kernel.lib.text import sort_key
from kernel.records.change import create, edit
from kernel.records.find import find
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

INDUSTRIES = ("Oil", "Steel", "oil and gas", "", "Food, drink")
NAMES = ("Alpha", "alpha two", "Beta", "Gamma", "كاسپين")
DAYS = [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(0, 40, 4)]
AMOUNTS = [Decimal(n) for n in (0, 10, 500, 1000)]
OPS = {
    "name": ("exact", "not", "contains", "not_contains", "starts", "in", "not_in"),
    "amount": ("exact", "not", "gte", "lte", "gt", "lt", "in", "not_in", "between", "empty"),
    "expected_close_on": ("exact", "not", "gte", "lte", "gt", "lt", "between", "empty"),
    "status": ("exact", "not", "in", "not_in"),
    "company": ("exact", "not", "in", "not_in", "empty"),
    "company.industry": ("exact", "not", "contains", "in", "not_in", "empty"),
    "company.annual_revenue": ("gte", "between", "empty", "not"),
}


@pytest.fixture
def sara(in_a: Any, member: Any) -> Actor:
    return actor_for(member("sara"), "page")


def make(actor: Actor, slug: str, **values: Any) -> Any:
    return create(actor.access(registry[slug]), values)


def names(actor: Actor, slug: str = "deals", **params: Any) -> list[str]:
    return sorted(row.label for row in find(actor.access(registry[slug]), params).rows)


# -- the property


class World:
    """A few dozen deals, and the same as plain dicts."""

    def __init__(self, actor: Actor, rng: random.Random) -> None:
        self.actor, self.rng = actor, rng
        self.companies = []
        for i in range(4):
            values = {
                "name": f"C{i}",
                "industry": rng.choice(INDUSTRIES),
                "annual_revenue": rng.choice([None, *AMOUNTS]),
            }
            self.companies.append(make(actor, "companies", **values))
        self.rows = [self.row(i) for i in range(30)]

    def row(self, i: int) -> dict[str, Any]:
        rng = self.rng
        company = rng.choice([None, *self.companies])
        values = {
            "name": f"{rng.choice(NAMES)} {i}", "amount": rng.choice([None, *AMOUNTS]),
            "expected_close_on": rng.choice([None, *DAYS]), "company": company and company.pk,
        }  # fmt: skip
        deal = make(self.actor, "deals", **values)
        return {
            **values, "pk": deal.pk, "status": deal.status, "company.industry": company and company.industry,
            "company.annual_revenue": company and company.annual_revenue,
        }  # fmt: skip

    def value(self, field: str) -> Any:
        pick = self.rng.choice
        return {
            "name": lambda: pick((*NAMES, "alpha", "a")),
            "amount": lambda: str(pick(AMOUNTS)),
            "expected_close_on": lambda: pick(DAYS).isoformat(),
            "status": lambda: pick(("open", "won", "lost")),
            "company": lambda: str(pick(self.companies).pk),
            "company.industry": lambda: pick([text for text in INDUSTRIES if text]),
            "company.annual_revenue": lambda: str(pick(AMOUNTS)),
        }[field]()

    def leaf(self) -> dict[str, Any]:
        field = self.rng.choice(list(OPS))
        op = self.rng.choice(OPS[field])
        value: Any = self.value(field)
        if op == "empty":
            value = self.rng.choice((True, False))
        elif op in ("in", "not_in"):
            value = [self.value(field) for _n in range(self.rng.randint(1, 3))]
        elif op == "between":
            value = sorted((self.value(field), self.value(field)), key=lambda text: (len(text), text))
        return {"field": field, "op": op, "value": value}

    def tree(self, depth: int = 0) -> dict[str, Any]:
        if depth == 4 or self.rng.random() < 0.35:
            return self.leaf()
        joint = self.rng.choice(("and", "or", "not"))
        if joint == "not":
            return {"not": self.tree(depth + 1)}
        return {joint: [self.tree(depth + 1) for _n in range(self.rng.randint(1, 3))]}


def passes(node: dict[str, Any], row: dict[str, Any]) -> bool:
    if "and" in node:
        return all(passes(part, row) for part in node["and"])
    if "or" in node:
        return any(passes(part, row) for part in node["or"])
    if "not" in node:
        return not passes(node["not"], row)
    field, op, value = node["field"], node["op"], node["value"]
    if op.startswith("not"):
        return not passes({"field": field, "op": {"not": "exact"}.get(op, op[4:]), "value": value}, row)
    if "." in field and row["company"] is None:
        return False
    return holds(op, row[field], value, field)


def holds(op: str, mine: Any, value: Any, field: str) -> bool:
    if op == "empty":
        return (mine in (None, "")) is value
    if field in ("name", "company.industry"):
        mine, read = sort_key(mine), sort_key
    elif field in ("amount", "company.annual_revenue"):
        read = Decimal
    elif field == "expected_close_on":
        read = dt.date.fromisoformat  # type: ignore[assignment]
    else:
        mine, read = mine and str(mine), str  # type: ignore[assignment]
    if op in ("contains", "starts"):
        return read(value) in mine if op == "contains" else mine.startswith(read(value))
    if mine is None:
        return False
    if op == "in":
        return mine in [read(item) for item in value]
    if op == "between":
        return read(value[0]) <= mine <= read(value[1])
    given = read(value)
    return {"exact": mine == given, "gte": mine >= given, "lte": mine <= given, "gt": mine > given, "lt": mine < given}[
        op
    ]


@pytest.mark.parametrize("seed", range(4))
def test_any_nested_filter_finds_what_plain_python_finds(sara: Actor, seed: int) -> None:
    world = World(sara, random.Random(seed))  # noqa: S311 - the same filters in each run
    access = sara.access(registry["deals"])
    for _n in range(60):
        tree = world.tree()
        found = set(find(access, {"filter": json.dumps(tree)}).rows.values_list("pk", flat=True))
        assert found == {row["pk"] for row in world.rows if passes(tree, row)}, json.dumps(tree, indent=1)


# -- dates


@pytest.fixture
def closing(sara: Actor) -> Actor:
    today = sara.format.today()
    for name, days in (("Yesterday", -1), ("Today", 0), ("Tomorrow", 1), ("Long ago", -400)):
        make(sara, "deals", name=name, expected_close_on=today + dt.timedelta(days=days))
    make(sara, "deals", name="Never")
    return sara


@pytest.mark.parametrize(
    "key, value, found",
    [
        ("expected_close_on", "today", ["Today"]),
        ("expected_close_on", "overdue", ["Long ago", "Yesterday"]),
        ("expected_close_on", "future", ["Tomorrow"]),
        ("expected_close_on", "next_2_days", ["Today", "Tomorrow"]),
        ("expected_close_on__not", "today", ["Long ago", "Never", "Tomorrow", "Yesterday"]),
        ("expected_close_on__gte", "today", ["Today", "Tomorrow"]),
        ("expected_close_on__gt", "today", ["Tomorrow"]),
        ("expected_close_on__lt", "today", ["Long ago", "Yesterday"]),
        ("expected_close_on__between", "yesterday,today", ["Today", "Yesterday"]),
    ],
)
def test_a_date_may_be_said_in_words(closing: Actor, key: str, value: str, found: list[str]) -> None:
    assert names(closing, **{key: value}) == found


def test_words_mean_the_viewers_days(in_b: Any, member: Any) -> None:
    """A Persian season, for a viewer of the Jalali calendar."""
    eve = actor_for(member("eve"), "page")
    start, end = eve.format.span("this_season")
    assert start and end
    for name, day in (
        ("پیش", start - dt.timedelta(days=1)),
        ("اول", start),
        ("آخر", end - dt.timedelta(days=1)),
        ("پس", end),
    ):
        make(eve, "deals", name=name, expected_close_on=day)
    assert names(eve, expected_close_on="this_season") == sorted(["اول", "آخر"])


def test_a_moment_belongs_to_the_day_on_the_viewers_clock(sara: Actor) -> None:
    midnight = dt.datetime.combine(sara.format.today(), dt.time()).replace(tzinfo=None)
    for name, hours in (("Late yesterday", -1), ("Early today", 1), ("Late today", 23), ("Tomorrow", 25)):
        local = midnight + dt.timedelta(hours=hours)
        make(sara, "deals", name=name, next_step_at=sara.format.parse_datetime(local.strftime("%Y-%m-%d %H:%M")))
    assert names(sara, next_step_at="today") == ["Early today", "Late today"]
    assert names(sara, next_step_at="yesterday") == ["Late yesterday"]


# -- people


def test_me_and_my_team(sara: Actor, member: Any) -> None:
    for name, owner in (("Mine", "sara"), ("A mate's", "kian"), ("Another's", "reza")):
        make(sara, "deals", name=name, owner=member(owner).pk)
    edit(sara.access(registry["deals"]), make(sara, "deals", name="Nobody's"), {"owner": None})
    assert names(sara, owner="me") == ["Mine"]
    assert names(sara, owner="my_team") == ["A mate's", "Mine"]
    assert names(sara, owner__not="my_team") == ["Another's", "Nobody's"]
    assert names(sara, owner__in=f"my_team,{member('reza').pk}") == ["A mate's", "Another's", "Mine"]


def test_a_record_that_points_at_two_is_found_once(sara: Actor, member: Any) -> None:
    roles = [str(role.pk) for key in ("reza", "kian") for role in member(key).roles.all()]
    edit(sara.access(registry["members"]), member("mina"), {"roles": roles})
    assert names(sara, "members", roles__in=",".join(roles)).count("Mina Rep") == 1


# -- what cannot be asked


def errors(api: Any, **params: Any) -> list[tuple[str, str]]:
    answer = api.get("/api/v1/deals", params)
    assert answer.status_code == 400, answer.content
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def nested(depth: int) -> dict[str, Any]:
    return {"field": "name", "value": "x"} if depth == 0 else {"and": [nested(depth - 1)]}


@pytest.mark.parametrize(
    "tree, error",
    [
        ("nonsense", ("filter", "json")),
        ("[" * 5000, ("filter", "json")),
        ([], ("filter", "type")),
        ({"field": "nope", "value": "1"}, ("filter.field", "unknown")),
        ({"and": [{"field": "name", "op": "gte", "value": "1"}]}, ("filter.and.0.op", "unknown")),
        ({"or": [nested(0), {"field": "amount", "value": "much"}]}, ("filter.or.1.value", "number")),
        ({"not": {"field": "name"}}, ("filter.not.value", "empty")),
        ({"field": "name", "value": "\ud800"}, ("filter.value", "invalid")),
        ({"field": "amount", "op": "between", "value": ["1"]}, ("filter.value", "between")),
        ({"and": [], "or": []}, ("filter", "type")),
        (nested(6), ("filter.and.0.and.0.and.0.and.0.and.0.and.0", "max_depth")),
        ({"or": [nested(0)] * 51}, ("filter", "max_conditions")),
        ({"field": "name", "value": "x" * 9000}, ("filter", "max_length")),
        ({"field": "company.nope", "value": "1"}, ("filter.field", "unknown")),
        ({"field": "company.parent.name", "value": "1"}, ("filter.field", "unknown")),
    ],
)
def test_an_error_names_the_part(api_for: Any, tree: Any, error: tuple[str, str]) -> None:
    raw = tree if isinstance(tree, str) else json.dumps(tree)
    assert errors(api_for("sara"), filter=raw)[0] == error


def test_five_groups_deep_is_allowed(api_for: Any) -> None:
    assert api_for("sara").get("/api/v1/deals", {"filter": json.dumps(nested(5))}).status_code == 200


# -- the same everywhere


@pytest.fixture
def two(tenant_a: Any, member: Any) -> Iterator[None]:
    with in_tenant(tenant_a):
        sara = actor_for(member("sara"), "page")
        oil = make(sara, "companies", name="Pars", industry="Oil")
        make(sara, "deals", name="Deal of oil", amount=Decimal(70), company=oil.pk)
        make(sara, "deals", name="Deal of none", amount=Decimal(5))
    yield


@pytest.mark.parametrize(
    "params",
    [
        {"company.industry": "oil"},
        {"company.industry__contains": "il"},
        {"filter": json.dumps({"not": {"field": "company", "op": "empty"}})},
    ],
)
def test_list_figures_board_and_page_agree(two: Any, api_for: Any, client_for: Any, params: dict[str, str]) -> None:
    api, page = api_for("sara"), client_for("sara")
    assert [row["name"] for row in api.get("/api/v1/deals", params).json()["results"]] == ["Deal of oil"]
    figures = api.get("/api/v1/deals/aggregate", {**params, "measure": "sum:amount"}).json()
    assert figures["totals"]["sum:amount"]["amount"] == "70.0000"
    for layout in ("list", "board"):
        body = page.get("/r/deals", {**params, "view": layout}).content.decode()
        assert "Deal of oil" in body and "Deal of none" not in body


# -- rights


@pytest.mark.parametrize("field", ["company.industry", "amount"])
def test_a_hidden_field_is_an_unknown_filter_at_every_depth(
    two: Any, api_for: Any, tenant_a: Any, member: Any, field: str
) -> None:
    with in_tenant(tenant_a):
        role = member("leila").roles.get()
        slug, name = ("companies", "industry") if "." in field else ("deals", "amount")
        role.rules["types"][slug] = {"verbs": {"*": "all"}, "fields": {"*": "edit", name: "none"}}
        role.save()
    api = api_for("leila")
    for wrap in (lambda leaf: leaf, lambda leaf: {"or": [{"not": {"and": [leaf]}}]}):
        told = []
        for asked in (field, field.replace(name, "nonsense")):
            answer = api.get("/api/v1/deals", {"filter": json.dumps(wrap({"field": asked, "value": "1"}))})
            assert answer.status_code == 400
            told.append([(e["field"], e["code"], e["message"]) for e in answer.json()["errors"]])
        assert told[0] == told[1]
    assert errors(api, **{field: "1"}) == [(field, "unknown")]


def test_a_relation_out_of_reach_tells_nothing(two: Any, tenant_a: Any, member: Any) -> None:
    """Whatever is asked of a company that the viewer cannot see, the deal answers as if it had none."""
    with in_tenant(tenant_a):
        role = member("leila").roles.get()
        role.rules["types"]["companies"] = {"verbs": {"view": "own"}, "fields": {"*": "edit"}}
        role.save()
        leila = actor_for(member("leila"), "page")
        assert names(leila, **{"company.industry": "oil"}) == []
        assert names(leila, **{"company.industry__empty": "true"}) == []
        assert names(leila, **{"company.industry__not": "oil"}) == ["Deal of none", "Deal of oil"]


def test_a_type_that_may_not_be_seen_has_no_fields_to_ask(two: Any, tenant_a: Any, member: Any) -> None:
    with in_tenant(tenant_a):
        role = member("leila").roles.get()
        role.rules["types"]["companies"] = {"verbs": {"*": "none"}, "fields": {"*": "edit"}}
        role.save()
        with pytest.raises(ValidationError) as caught:
            names(actor_for(member("leila"), "page"), **{"company.industry": "oil"})
        assert caught.value.message_dict.keys() == {"company.industry"}
