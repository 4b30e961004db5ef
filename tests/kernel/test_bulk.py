"""Changing many records at once: as if one by one, counted, told row by row, and taken back."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from importing import carry_out

from kernel.access.actor import actor_for
from kernel.events.models import Event
from kernel.lib.ids import uuid7
from kernel.records import change_sets
from kernel.records.change import create, edit
from kernel.records.selection import Selection
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant
from kernel.transfer import bulk
from kernel.transfer.wishes import Wish


@pytest.fixture
def sara(in_a, member):
    return actor_for(member("sara"), "page")


def deals(actor: Any, count: int, **values: Any) -> list[Any]:
    access = actor.access(registry["deals"])
    return [create(access, {"name": f"D{i}", "amount": Decimal(i), **values}) for i in range(count)]


def by_name() -> dict[str, Any]:
    return {deal.name: deal for deal in registry["deals"].model.objects.alive()}


def everything(actor: Any, wish: Wish, slug: str = "deals", **query: Any) -> Run:
    return bulk.begin(actor, slug, Selection.read({"query": query}), wish)


def test_all_that_match_are_changed_and_each_gets_its_event(sara, member):
    deals(sara, 3, probability=Decimal(5))
    deals(sara, 1, probability=Decimal(9))
    mina = member("mina")
    run = everything(sara, Wish({"owner": mina.pk}), probability="5")
    assert run.status == "done"
    assert run.counts == {"changed": 3, "unchanged": 0, "refused": 0, "skipped": 0}
    changed = registry["deals"].model.objects.filter(owner=mina)
    assert [deal.team_id for deal in changed] == [mina.teams.get().pk] * 3  # what follows from an owner followed
    events = Event.objects.filter(change_set=run.pk, name="deal.updated")
    assert {event.record_id for event in events} == {deal.pk for deal in changed}


def test_in_bulk_is_as_one_by_one(sara):
    """The same values and the same events, but for their ids and moments."""
    one, many = deals(sara, 2)
    edit(sara.access(registry["deals"]), one, {"amount": Decimal(7), "probability": Decimal(40)})
    wish = Wish({"amount": Decimal(7), "probability": Decimal(40)})
    bulk.begin(sara, "deals", Selection(None, (many.pk,)), wish)
    one.refresh_from_db()
    many.refresh_from_db()
    same = ("version", "amount", "probability", "owner_id", "team_id", "amount_typed", "stage_id", "status")
    assert [getattr(one, name) for name in same] == [getattr(many, name) for name in same]
    events = Event.objects.filter(name="deal.updated").order_by("pk")
    assert [set(event.changes) for event in events] == [{"amount", "probability"}] * 2


def test_a_verb_is_done_where_it_applies_and_told_where_not(sara):
    first, second = deals(sara, 2)
    registry["deals"].verb("win").action(first, sara.access(registry["deals"]))
    run = everything(sara, Wish(verb="win"))
    assert (run.counts["changed"], run.counts["refused"]) == (1, 1)
    second.refresh_from_db()
    assert second.status == "won"
    assert Event.objects.get(change_set=run.pk, record_id=second.pk).name == "deal.won"
    assert run.problems.get().cells == ["D0", str(first.pk)]


def test_tags_are_put_on_and_taken_off_beside_those_that_stand(sara):
    hot, cold, old = (create(sara.access(registry["tags"]), {"name": name}).pk for name in ("Hot", "Cold", "Old"))
    deal = deals(sara, 1, tags=[old, cold])[0]
    everything(sara, Wish(add=(hot,), remove=(cold,)))
    deal.refresh_from_db()
    assert set(deal.tags) == {hot, old}


def test_deleting_and_taking_that_back(sara, client_for):
    deals(sara, 3)
    run = everything(sara, Wish(is_delete=True))
    assert by_name() == {}
    answer = client_for("sara").post(f"/changes/{run.pk}/undo")
    assert answer.status_code == 303
    assert set(by_name()) == {"D0", "D1", "D2"}


def test_rows_out_of_reach_count_nowhere_and_rows_one_may_not_edit_are_told(sara, member, tenant_a):
    role = member("leila").roles.get()
    role.rules["types"]["deals"] = {"verbs": {"*": "team", "view": "team", "edit": "own"}}
    role.save()
    leila = actor_for(member("leila"), "page")
    deals(sara, 2, owner=member("mina").pk)  # of another team
    mine = deals(sara, 1, owner=leila.member.pk)[0]
    deals(sara, 1, owner=sara.member.pk)  # of the same team
    access = leila.access(registry["deals"])
    wish = Wish({"probability": Decimal(3)})
    seen = bulk.preview(access, Selection({}), wish)
    assert (seen.total, seen.refused, seen.changing) == (2, 1, 1)
    run = everything(leila, wish)
    assert run.counts == {"changed": 1, "unchanged": 0, "refused": 1, "skipped": 0}
    assert run.total == 2
    assert [deal.pk for deal in registry["deals"].model.objects.filter(probability=3)] == [mine.pk]


def test_a_preview_changes_nothing(sara):
    deal = deals(sara, 1)[0]
    found = bulk.preview(sara.access(registry["deals"]), Selection({}), Wish({"amount": Decimal(99)}))
    assert (found.total, found.changing, found.unchanged) == (1, 1, 0)
    deal.refresh_from_db()
    assert deal.amount == 0
    assert not Event.objects.filter(name="deal.updated").exists()


@pytest.mark.parametrize("wish", [Wish({"amount": Decimal(1)}), Wish(verb="win"), Wish(is_delete=True)])
def test_a_chunk_takes_as_many_statements_for_many_rows_as_for_few(sara, wish):
    access = sara.access(registry["deals"])

    def statements(count: int) -> int:
        rows = [deal.pk for deal in deals(sara, count, amount=Decimal(4))]
        found = registry["deals"].model.objects.filter(pk__in=rows)
        with CaptureQueriesContext(connections["default"]) as caught:
            items = bulk.change_rows(access, list(found), wish, uuid7())
        assert all(item.is_changed for item in items)
        return len(caught)

    statements(2)
    assert statements(12) <= statements(3)


def test_it_goes_on_where_it_was_and_leaves_out_what_no_longer_matches(sara, tenant_a, monkeypatch):
    """A worker takes it in chunks; between two of them somebody changes a row and adds another."""
    monkeypatch.setattr(bulk, "AT_ONCE", 0)
    monkeypatch.setattr(bulk, "BATCH", 2)
    rows = deals(sara, 5, probability=Decimal(5))
    run = everything(sara, Wish({"amount": Decimal(77)}), probability="5")
    assert run.status == "queued"
    real, calls = bulk.change_rows, []

    def meanwhile(*given: Any) -> Any:
        if not calls:
            edit(sara.access(registry["deals"]), rows[4], {"probability": Decimal(6)})
            deals(sara, 1, probability=Decimal(5))
        calls.append(given)
        return real(*given)

    monkeypatch.setattr(bulk, "change_rows", meanwhile)
    carry_out(tenant_a, run)
    assert run.counts == {"changed": 4, "unchanged": 0, "refused": 0, "skipped": 1}
    assert registry["deals"].model.objects.filter(amount=77).count() == 4


def test_a_right_that_is_taken_away_ends_the_run(sara, member, tenant_a, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 0)
    leila = actor_for(member("leila"), "page")
    deals(sara, 2)
    run = everything(leila, Wish({"probability": Decimal(3)}))
    role = leila.member.roles.get()
    role.rules["types"]["deals"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "probability": "none"}}
    role.save()
    carry_out(tenant_a, run)
    assert run.status == "failed"
    assert not registry["deals"].model.objects.filter(probability=3).exists()


class TestApi:
    def test_it_answers_with_a_run_and_takes_it_back(self, api_for, tenant_a, member):
        with in_tenant(tenant_a):
            sara = actor_for(member("sara"), "page")
            first = deals(sara, 2)[0]
        api = api_for("sara")
        answer = api.post("/api/v1/deals/bulk", {"query": {"q": "D"}, "set": {"amount": "55"}})
        run = answer.json()
        assert (answer.status_code, run["status"], run["counts"]["changed"]) == (202, "done", 2)
        assert api.get(run["status_url"]).json()["kind"] == "bulk"
        back = api.post(f"{run['status_url']}/undo").json()
        assert back["undo"]["counts"] == {"undone": 2, "conflicts": 0}
        assert Decimal(api.get(f"/api/v1/deals/{first.pk}").json()["amount"]["amount"]) == 0
        assert api.post(f"{run['status_url']}/undo").status_code == 400
        redo = api.post(f"/api/v1/changes/{back['undo']['id']}/undo")
        assert redo.status_code == 202
        assert Decimal(api.get(f"/api/v1/deals/{first.pk}").json()["amount"]["amount"]) == 55

    @pytest.mark.parametrize("field", ["amount", "nonsense"])
    def test_a_hidden_field_is_one_that_does_not_exist(self, field, api_for, tenant_a, member):
        with in_tenant(tenant_a):
            role = member("leila").roles.get()
            role.rules["types"]["deals"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "amount": "none"}}
            role.save()
        answer = api_for("leila").post("/api/v1/deals/bulk", {"query": {}, "set": {field: "5"}})
        assert answer.status_code == 400
        assert [error["code"] for error in answer.json()["errors"]] == ["unknown"]

    @pytest.mark.parametrize("who", ["reza", "kian"])
    def test_it_takes_the_right_to_bulk_work(self, who, api_for):
        assert api_for(who).post("/api/v1/deals/bulk", {"query": {}, "delete": True}).status_code == 403

    @pytest.mark.parametrize(
        "body",
        [{}, {"query": {}}, {"query": {}, "ids": []}, {"query": {}, "set": [1]}, {"query": {}, "verb": "convert"},
         {"query": {}, "delete": True, "set": {"amount": "1"}}, {"query": {"nonsense": "1"}, "delete": True},
         {"ids": "all", "delete": True}, {"query": {}, "set": {"amount": "1"}, "why": 1}],
    )  # fmt: skip
    def test_what_makes_no_sense_is_refused(self, body, api_for):
        assert api_for("sara").post("/api/v1/deals/bulk", body).status_code == 400


class TestChangeSets:
    def test_it_can_be_taken_back_for_a_day_and_once(self, sara, client_for, monkeypatch):
        deals(sara, 1)
        run = everything(sara, Wish({"amount": Decimal(8)}))
        browser = client_for("sara")
        assert browser.get(f"/changes/{run.pk}").status_code == 200
        with monkeypatch.context() as later:
            later.setattr(change_sets, "KEPT", timedelta())  # as if its day were over
            assert browser.post(f"/changes/{run.pk}/undo").status_code == 422
        assert by_name()["D0"].amount == 8
        assert browser.post(f"/changes/{run.pk}/undo").status_code == 303
        assert browser.post(f"/changes/{run.pk}/undo").status_code == 422
        assert by_name()["D0"].amount == 0

    def test_what_it_did_is_asked_once_however_many_types_there_are(self, sara):
        deals(sara, 1)
        run = everything(sara, Wish({"amount": Decimal(8)}))
        with CaptureQueriesContext(connections["default"]) as asked:
            assert change_sets.change_set_of(sara, run.pk).refusal() is None
        assert len(asked) < 10

    def test_somebody_elses_is_for_those_who_may_change_many(self, sara, client_for):
        deals(sara, 1)
        run = everything(sara, Wish({"amount": Decimal(8)}))
        assert client_for("leila").get(f"/changes/{run.pk}").status_code == 200
        assert client_for("kian").post(f"/changes/{run.pk}/undo").status_code == 403

    def test_for_whom_no_record_is_in_reach_there_is_none(self, sara, client_for, member):
        deals(sara, 1, owner=member("mina").pk)
        run = everything(sara, Wish({"amount": Decimal(8)}))
        assert client_for("reza").get(f"/changes/{run.pk}").status_code == 404
        assert client_for("sara").get(f"/changes/{uuid7()}").status_code == 404

    def test_a_later_change_is_kept_told_field_by_field_and_put_back_where_chosen(self, sara, client_for, member):
        deal = deals(sara, 1)[0]
        run = everything(sara, Wish({"amount": Decimal(8), "probability": Decimal(15)}))
        edit(actor_for(member("leila"), "page").access(registry["deals"]), by_name()["D0"], {"amount": Decimal(31)})
        browser = client_for("sara")
        browser.post(f"/changes/{run.pk}/undo")
        deal.refresh_from_db()
        assert (deal.amount, deal.probability) != (8, 15)
        assert deal.amount == 31
        undoing = Run.objects.get(kind="undo")
        body = browser.get(f"/changes/{undoing.pk}").content.decode()
        assert all(text in body for text in ("$31", "$8", "$0"))
        problem = undoing.problems.get()
        answer = browser.post(f"/changes/{undoing.pk}/restore", {"field": [f"{problem.pk}:amount"]})
        assert answer.status_code == 303
        deal.refresh_from_db()
        assert deal.amount == 0
        assert not undoing.problems.exists()

    def test_a_hidden_field_shows_nowhere_in_it(self, sara, client_for, member):
        deals(sara, 1)
        run = everything(sara, Wish({"amount": Decimal(8123)}))
        edit(sara.access(registry["deals"]), by_name()["D0"], {"amount": Decimal(9321)})
        client_for("sara").post(f"/changes/{run.pk}/undo")
        role = member("leila").roles.get()
        role.rules["types"]["deals"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "amount": "none"}}
        role.save()
        leila = client_for("leila")
        for pk in (run.pk, Run.objects.get(kind="undo").pk):
            body = leila.get(f"/changes/{pk}").content.decode()
            assert "8,123" not in body
            assert "9,321" not in body
            assert "mount" not in body.partition("<main")[2]


class TestPages:
    """Without a script: each step is a form that is sent."""

    def test_a_selection_is_asked_previewed_and_done(self, sara, client_for, member):
        rows = deals(sara, 3)
        browser, kept = client_for("sara"), {"do": "edit", "ids": [str(rows[0].pk), str(rows[1].pk)]}
        assert b'name="ids"' in browser.get("/r/deals?layout=list").content
        asked = browser.post("/r/deals/bulk", {**kept, "step": "ask", "add": "amount"})
        assert b'name="amount"' in asked.content
        sent = {**kept, "field": "amount", "amount": "250"}
        shown = browser.post("/r/deals/bulk", {**sent, "step": "check"}).content.decode()
        assert "2 records will change" in shown
        assert "$250" in shown
        assert by_name()["D0"].amount == 0
        answer = browser.post("/r/deals/bulk", {**sent, "step": "go"})
        assert answer.status_code == 303
        assert sorted(deal.amount for deal in by_name().values()) == [2, 250, 250]

    def test_all_that_match_without_the_few_that_were_taken_out(self, sara, client_for):
        rows = deals(sara, 3, probability=Decimal(5))
        create(sara.access(registry["deals"]), {"name": "Other", "probability": Decimal(9)})
        sent = {"do": "delete", "everything": "1", "query": "probability=5", "except": str(rows[0].pk), "step": "go"}
        client_for("sara").post("/r/deals/bulk", sent)
        assert set(by_name()) == {"D0", "Other"}

    def test_what_cannot_be_read_is_said_on_its_field(self, sara, client_for):
        sent = {"do": "edit", "ids": str(deals(sara, 1)[0].pk), "field": "amount", "amount": "much", "step": "go"}
        answer = client_for("sara").post("/r/deals/bulk", sent)
        assert answer.status_code == 422
        assert by_name()["D0"].amount == 0

    def test_nothing_to_select_with_where_nothing_may_be_done(self, sara, client_for, member):
        deals(sara, 1)
        assert b'name="ids"' not in client_for("kian").get("/r/deals?layout=list").content

    def test_a_selection_is_exported(self, sara, client_for):
        rows = deals(sara, 2)
        answer = client_for("sara").post("/r/deals/bulk", {"do": "export", "ids": str(rows[1].pk)})
        run = Run.objects.get(kind="export")
        assert answer.headers["Location"] == f"/exports/{run.pk}"
        assert run.params["selection"] == {"ids": [str(rows[1].pk)]}
