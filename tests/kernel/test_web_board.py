"""The board of a record type, through HTTP."""

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from crm_core.sales.models import Deal, LostReason, Stage
from kernel.access.actor import actor_for, operator
from kernel.access.models import Member
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

PART = {"HX-Request": "true", "HX-Target": "list"}


@pytest.fixture
def make(tenant_a: Any) -> Any:
    """`make("deals", name="X")`: a record of tenant A's, made by nobody in particular."""

    def making(slug: str, **values: Any) -> Any:
        with in_tenant(tenant_a):
            owner = values.pop("by", None)
            actor = actor_for(_member(owner), "page") if owner else operator()
            return create(actor.access(registry[slug]), values)

    return making


def _member(key: str) -> Member:
    return Member.objects.get(email=f"{key}@a.example")


def text_of(response: Any) -> str:
    """What a reader sees: no tags, entities as characters."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def stage(tenant: Any, name: str) -> Stage:
    with in_tenant(tenant):
        return Stage.objects.get(name=name)


def names_in(body: str) -> list[str]:
    return re.findall(r">(Deal \d{3})<", body)


def move(client: Any, deal: Deal, to: Stage, **more: Any) -> Any:
    data = {"id": str(deal.pk), "version": deal.version, "to": str(to.pk), **more}
    return client.post("/r/deals/move", data, headers={"Accept": "application/json"})


def test_all_that_match_on_a_board_are_those_of_its_pipeline(client_for: Any, make: Any, tenant_a: Any) -> None:
    other = make("pipelines", name="Partners", position=0)
    there = make("stages", name="Talking", pipeline=other.pk, kind="open", probability=Decimal(10))
    make("deals", name="Here", stage=there.pk), make("deals", name="Elsewhere", stage=stage(tenant_a, "New").pk)
    client = client_for("sara")
    body = client.get("/r/deals?view=board").content.decode()
    assert "Here" in body and re.findall(r'data-all="([0-9]*)"', body) == ["1"]
    query = unescape(re.findall(r'name="query" value="([^"]+)"', body[body.index('id="bulk"') :])[0])
    client.post("/r/deals/bulk", {"do": "delete", "everything": "1", "query": query, "step": "go"})
    left = text_of(client.get("/r/deals?view=list"))
    assert "Elsewhere" in left and "Here" not in left


def test_who_may_do_nothing_to_many_selects_nothing_on_a_board(client_for: Any, make: Any) -> None:
    make("deals", name="One")
    assert "data-pick" not in client_for("kian").get("/r/deals?view=board").content.decode()


def test_the_board_shows_columns_with_counts_and_sums(client_for: Any, make: Any) -> None:
    make("deals", name="One", amount=Decimal(1000))
    make("deals", name="Two", amount=Decimal(2000))
    text = text_of(client_for("sara").get("/r/deals?view=board"))
    assert "New 2 $3k" in text and "Negotiation 0" in text
    assert "Two" not in text_of(client_for("sara").get("/r/deals?view=board&q=one"))


def test_an_empty_column_counts_in_the_viewers_digits(client_for: Any, tenant_b: Any) -> None:
    with in_tenant(tenant_b):
        pipeline = create(operator().access(registry["pipelines"]), {"name": "فروش"})
        first, _second = (
            create(operator().access(registry["stages"]), {"name": name, "pipeline": pipeline.pk, "position": place})
            for place, name in enumerate(("تازه", "دودل"))
        )
        create(operator().access(registry["deals"]), {"name": "ناوگان", "stage": first.pk})
    text = text_of(client_for("eve").get("/r/deals?view=board"))
    assert "تازه ۱" in text and "دودل ۰" in text


def test_a_lost_deal_did_not_pass_through_won(client_for: Any, make: Any, tenant_a: Any) -> None:
    with in_tenant(tenant_a):
        reason = LostReason.objects.first()
    deal = make("deals", name="One", stage=stage(tenant_a, "Lost").pk, lost_reason=reason and reason.pk)
    body = client_for("sara").get(f"/r/deals/{deal.pk}").content.decode()
    tones = dict(re.findall(r'<li class="([^"]*)"(?: aria-current="step">|><button[^>]*>)([^<]+)<', body))
    assert tones == {"done": "Negotiation", "": "Won", "lost": "Lost"}


def test_a_move_is_saved_and_counted(client_for: Any, make: Any, tenant_a: Any) -> None:
    deal, to = make("deals", name="One", amount=Decimal(1000)), stage(tenant_a, "Proposal")
    make("deals", name="Two", amount=Decimal(500))
    answer = move(client_for("sara"), deal, to).json()
    assert answer["version"] == 2 and "One" in answer["card"]
    assert answer["columns"][str(to.pk)] == {"count": "1", "sum": "$1k", "full": "$1,000"}
    assert answer["columns"][str(deal.stage_id)]["count"] == "1"
    with in_tenant(tenant_a):
        assert Deal.objects.get(pk=deal.pk).stage_id == to.pk


def test_a_stale_move_goes_back(client_for: Any, make: Any, tenant_a: Any) -> None:
    deal = make("deals", name="One")
    move(client_for("sara"), deal, stage(tenant_a, "Proposal"))
    again = move(client_for("leila"), deal, stage(tenant_a, "Negotiation"))
    assert again.status_code == 409 and "meanwhile" in again.json()["message"]


def test_losing_asks_for_a_reason(client_for: Any, make: Any, tenant_a: Any) -> None:
    client, deal, lost = client_for("sara"), make("deals", name="One"), stage(tenant_a, "Lost")
    answer = move(client, deal, lost)
    assert answer.status_code == 422
    form = client.get(answer.json()["form"], headers=PART)
    assert 'name="lost_reason"' in form.content.decode() and "<html" not in form.content.decode()
    data = {"to": str(lost.pk), "version": 1, "field": "lost_reason", "lost_reason": ""}
    empty = client.post(f"/r/deals/{deal.pk}/move", data, headers=PART)
    assert empty.status_code == 422 and "Say why it was lost." in text_of(empty)
    with in_tenant(tenant_a):
        reason = LostReason.objects.all()[0]
    data["lost_reason"] = str(reason.pk)
    done = client.post(f"/r/deals/{deal.pk}/move", data, headers=PART)
    assert done.headers["HX-Refresh"] == "true"
    with in_tenant(tenant_a):
        deal = Deal.objects.get(pk=deal.pk)
        assert deal.status == "lost" and deal.lost_reason_id == reason.pk


def test_a_move_works_without_script(client_for: Any, make: Any, tenant_a: Any) -> None:
    deal, client = make("deals", name="One"), client_for("sara")
    response = client.post(f"/r/deals/{deal.pk}/move", {"to": str(stage(tenant_a, "Won").pk), "version": 1})
    assert response.status_code == 303
    assert "One moved to Won" in text_of(client.get(response["Location"]))


def test_a_column_goes_on_where_it_stopped(client_for: Any, make: Any) -> None:
    for i in range(25):
        make("deals", name=f"Deal {i:03}")
    client = client_for("sara")
    body = client.get("/r/deals?view=board").content.decode()
    more = unescape(re.search(r'hx-get="(/r/deals/column/[^"]+)"', body)[1])  # type: ignore[index]
    rest = client.get(more, headers=PART).content.decode()
    assert len(names_in(body)) == 20 and len(names_in(rest)) == 5 and not set(names_in(body)) & set(names_in(rest))
