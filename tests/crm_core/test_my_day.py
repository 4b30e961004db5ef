"""One's day, the composer of a record's page, and the marks of deals without a next step."""

import json
from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_core.activities.models import Call, Task
from kernel.access.actor import actor_for
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

SPANS = ("late", "today", "soon", "later", "sometime")


@pytest.fixture
def make(tenant_a, member):
    def of(who, slug, **values):
        with in_tenant(tenant_a):
            return create(actor_for(member(who), "page").access(registry[slug]), values)

    return of


def in_days(days):
    return timezone.now() + timedelta(days=days)


def about(record, slug="deals"):
    return {"type": slug, "id": str(record.pk)}


def spans_of(page):
    """{span: what stands in it}, of a page as it was drawn."""
    body = page.content.decode()
    found = {}
    for part in body.split('id="s-')[1:]:
        name, _quote, rest = part.partition('"')
        found[name] = rest
    return found


def test_what_is_open_stands_by_when_it_is_due(client_for, make):
    deal = make("reza", "deals", name="Pump")
    make("reza", "tasks", subject="Old one", due_at=in_days(-2))
    make("reza", "tasks", subject="Of today", due_at=timezone.now())
    make("reza", "meetings", subject="Soon one", about=about(deal), at=in_days(3))
    make("reza", "calls", subject="Far one", about=about(deal), at=in_days(30))
    make("reza", "tasks", subject="Some day")
    make("reza", "contacts", last_name="Typed", next_contact_at=in_days(2))
    page = client_for("reza").get("/tasks")
    expected = dict(zip(SPANS, ("Old one", "Of today", "Soon one", "Far one", "Some day"), strict=True))
    spans = spans_of(page)
    assert {name: text for name, text in expected.items() if text in spans.get(name, "")} == expected
    assert "Typed" in spans["soon"]
    assert "Overdue" in spans["late"]


def test_a_day_shows_only_what_its_reader_may_see(client_for, make, tenant_a, member):
    hers = make("mina", "deals", name="Hers")
    with in_tenant(tenant_a):
        reza = member("reza").pk
    make("mina", "tasks", subject="About hers", about=about(hers), due_at=in_days(1), owner=reza)
    make("mina", "tasks", subject="Loose one", due_at=in_days(1))
    body = client_for("reza").get("/tasks?member=all").content.decode()
    assert "About hers" not in body
    assert "Loose one" not in body


def test_a_manager_looks_at_the_day_of_a_member(client_for, make, tenant_a, member):
    make("mina", "tasks", subject="Of mina", due_at=in_days(1))
    with in_tenant(tenant_a):
        mina = member("mina").pk
    assert "Of mina" in client_for("leila").get(f"/tasks?member={mina}").content.decode()
    assert "Of mina" not in client_for("leila").get("/tasks").content.decode()
    assert "Of mina" not in client_for("reza").get(f"/tasks?member={mina}").content.decode()


def test_a_day_takes_as_many_queries_for_many_as_for_few(client_for, make):
    browser = client_for("reza")

    def fill(count):
        for _number in range(count):
            deal = make("reza", "deals", name="Pump")
            make("reza", "tasks", subject="T", about=about(deal), due_at=in_days(1))
            make("reza", "contacts", last_name="Ray", next_contact_at=in_days(1))

    def queries():
        with CaptureQueriesContext(connections["default"]) as caught:
            assert browser.get("/tasks").status_code == 200
        return len(caught)

    fill(2)
    queries()
    few = queries()
    fill(8)
    assert queries() <= few


def quietly(browser, url, **data):
    answer = browser.post(url, {**data, "quiet": "1"}, HTTP_ACCEPT="application/json")
    assert answer.status_code == 204, answer.content
    return json.loads(answer["HX-Trigger"])["toast"]


def test_done_in_place_can_be_taken_back_by_its_toast(client_for, make, tenant_a):
    task = make("reza", "tasks", subject="T", due_at=in_days(1))
    browser = client_for("reza")
    toast = quietly(browser, f"/r/tasks/{task.pk}/done")
    with in_tenant(tenant_a):
        assert Task.objects.get(pk=task.pk).done_at
    assert browser.post(toast["undo"], HTTP_ACCEPT="application/json").status_code == 204
    with in_tenant(tenant_a):
        assert Task.objects.get(pk=task.pk).done_at is None


def test_put_off_in_place_goes_back_to_the_very_moment_it_was_due(client_for, make, tenant_a):
    due = in_days(-1).replace(microsecond=0)
    task = make("reza", "tasks", subject="T", due_at=due)
    browser = client_for("reza")
    toast = quietly(browser, f"/r/tasks/{task.pk}/snooze", to="next_week")
    with in_tenant(tenant_a):
        assert Task.objects.get(pk=task.pk).due_at != due
    assert browser.post(toast["undo"], HTTP_ACCEPT="application/json").status_code == 204
    with in_tenant(tenant_a):
        assert Task.objects.get(pk=task.pk).due_at == due


def test_a_word_is_enough_though_the_form_shows_the_old_date_too(client_for, make, tenant_a):
    due = in_days(-1).replace(second=0, microsecond=0)
    task = make("reza", "tasks", subject="T", due_at=due)
    answer = client_for("reza").post(f"/r/tasks/{task.pk}/snooze", {"to": "next_week", "due_at": due.isoformat()})
    assert answer.status_code == 303
    with in_tenant(tenant_a):
        assert Task.objects.get(pk=task.pk).due_at > due


def test_a_call_and_its_next_step_are_written_in_one_go(client_for, make, tenant_a):
    contact = make("reza", "contacts", last_name="Ray")
    values = {
        "about": f"contacts:{contact.pk}",
        "outcome": "reached",
        "then": "tomorrow",
        "next": f"/r/contacts/{contact.pk}",
    }
    answer = client_for("reza").post("/r/calls/compose", values)
    assert (answer.status_code, answer["Location"]) == (303, f"/r/contacts/{contact.pk}")
    with in_tenant(tenant_a):
        call, task = Call.objects.get(about_id=contact.pk), Task.objects.get(about_id=contact.pk)
        contact.refresh_from_db()
        assert call.done_at == contact.last_contacted_at
        assert task.due_at == contact.next_contact_at


def test_where_the_next_step_is_wrong_nothing_is_written(client_for, make, tenant_a):
    contact = make("reza", "contacts", last_name="Ray")
    values = {"about": f"contacts:{contact.pk}", "outcome": "reached", "then": "date", "then_due": "nonsense"}
    answer = client_for("reza").post("/r/calls/compose", values)
    assert answer.status_code == 422
    assert "nonsense" in answer.content.decode()
    with in_tenant(tenant_a):
        assert not Call.objects.filter(about_id=contact.pk).exists()


def test_nothing_is_written_about_a_record_out_of_reach(client_for, make, tenant_a):
    hers = make("mina", "deals", name="Hers")
    answer = client_for("reza").post("/r/calls/compose", {"about": f"deals:{hers.pk}", "outcome": "reached"})
    assert answer.status_code == 422
    with in_tenant(tenant_a):
        assert not Call.objects.filter(about_id=hers.pk).exists()


def test_a_picker_of_several_types_offers_what_is_in_reach(client_for, make):
    make("mina", "contacts", last_name="Hersomebody")
    mine = make("reza", "contacts", last_name="Minesomebody")
    found = client_for("reza").get("/r/meetings/pick/participants?q=somebody").json()
    assert [option["id"] for option in found] == [f"contacts:{mine.pk}"]


@pytest.mark.parametrize("path", ["/r/deals?view=board", "/r/deals?view=all&layout=board", "/r/deals?view=list"])
def test_an_open_deal_says_whether_it_has_a_next_step(path, client_for, make):
    make("reza", "deals", name="Bare")
    late = make("reza", "deals", name="Tardy")
    planned = make("reza", "deals", name="Ahead")
    make("reza", "tasks", subject="T", about=about(late), due_at=in_days(-3))
    make("reza", "tasks", subject="T", about=about(planned), due_at=in_days(30))
    body = client_for("reza").get(path).content.decode()
    assert body.count("No next step") == 1
    assert body.count('class="due late"') == 1
    assert body.count('class="due planned"') == 1


def test_a_deals_own_page_says_so_too_and_a_closed_deals_does_not(client_for, make, api_for):
    deal = make("reza", "deals", name="Bare")
    browser = client_for("reza")
    assert "No next step" in browser.get(f"/r/deals/{deal.pk}").content.decode()
    assert api_for("reza").post(f"/api/v1/deals/{deal.pk}/win", {}).status_code == 200
    assert "No next step" not in browser.get(f"/r/deals/{deal.pk}").content.decode()


def test_a_records_page_begins_with_what_is_open_about_it(client_for, make):
    deal = make("reza", "deals", name="Pump")
    make("reza", "tasks", subject="Ring them", about=about(deal), due_at=in_days(1))
    make("reza", "calls", subject="Old talk", about=about(deal), at=in_days(-1))
    body = client_for("reza").get(f"/r/deals/{deal.pk}").content.decode()
    todos = body.partition('id="todos"')[2].partition("</crm-todos>")[0]
    assert "Ring them" in todos
    assert "Old talk" not in todos
