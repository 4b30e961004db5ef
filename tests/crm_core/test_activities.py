"""Tasks, calls and meetings: whose they are to see, what follows when they are done, and what records carry of them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_core.activities import actions
from crm_core.activities.models import Task
from kernel.access.actor import Access, actor_for
from kernel.events.models import Event
from kernel.lib.calendars import from_parts
from kernel.lib.ids import uuid7
from kernel.records.bulk import Item, change_many
from kernel.records.change import NotFound, Stale, create, delete, edit, restore
from kernel.records.find import find
from kernel.records.types import registry
from kernel.records.undo import events_of, undo

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def access(in_a, member):
    def of(name: str, slug: str) -> Access:
        return actor_for(member(name), "page").access(registry[slug])

    return of


@pytest.fixture
def deal(access):
    return create(access("reza", "deals"), {"name": "Pump"})


def about(record, slug="deals"):
    return {"type": slug, "id": str(record.pk)}


def planned(access, record, due=NOON, who="reza", **values):
    return create(access(who, "tasks"), {"subject": "Ring", "about": about(record), "due_at": due, **values})


def step_of(record):
    record.refresh_from_db()
    return record.next_step_at


# -- reach


def test_a_task_about_a_record_is_seen_by_whoever_sees_the_record_whoever_has_it(access, deal, member):
    task = planned(access, deal, owner=member("sara").pk)
    assert access("reza", "tasks").records().filter(pk=task.pk).exists()
    assert access("leila", "tasks").records().filter(pk=task.pk).exists()
    assert not access("mina", "tasks").records().filter(pk=task.pk).exists()


def test_a_task_about_nothing_is_seen_by_whoever_has_it_gave_it_or_sees_all(access, member):
    mine = create(access("reza", "tasks"), {"subject": "Mine"})
    given = create(access("reza", "tasks"), {"subject": "Given", "owner": member("mina").pk})

    def seen(name):
        return set(access(name, "tasks").records().values_list("subject", flat=True))

    assert seen("reza") == {"Mine", "Given"}
    assert seen("mina") == {"Given"}
    assert seen("kian") == set()
    assert seen("leila") == {"Mine", "Given"}
    assert mine.owner_id == member("reza").pk
    assert given.about_id is None


def test_a_call_is_about_a_record(access):
    with pytest.raises(ValidationError) as raised:
        create(access("reza", "calls"), {"outcome": "reached"})
    assert set(raised.value.error_dict) == {"about"}


def test_a_participant_out_of_reach_is_refused_like_one_that_is_not_there(access, deal):
    hidden = create(access("mina", "contacts"), {"last_name": "Hidden"})
    values = {"subject": "Talk", "about": about(deal), "at": NOON, "participants": [f"contacts:{hidden.pk}"]}
    with pytest.raises(ValidationError) as raised:
        create(access("reza", "meetings"), values)
    assert set(raised.value.error_dict) == {"participants"}


# -- next steps


def test_a_deals_next_step_is_the_earliest_thing_open_about_it(access, deal):
    later = planned(access, deal, NOON + timedelta(days=2))
    assert step_of(deal) == NOON + timedelta(days=2)
    values = {"about": about(deal), "at": NOON}
    call = create(access("reza", "calls"), values)
    assert step_of(deal) == NOON
    actions.done(call, access("reza", "calls"), outcome="reached")
    assert step_of(deal) == NOON + timedelta(days=2)
    delete(access("reza", "tasks"), later)
    assert step_of(deal) is None
    restore(access("reza", "tasks"), later)
    assert step_of(deal) == NOON + timedelta(days=2)


def test_a_next_step_moves_along_when_a_task_is_moved_to_another_record(access, deal):
    other = create(access("reza", "deals"), {"name": "Other"})
    task = planned(access, deal)
    edit(access("reza", "tasks"), task, {"about": about(other)})
    assert [step_of(deal), step_of(other)] == [None, NOON]


def test_a_date_typed_by_hand_stands_while_nothing_is_planned(access, deal):
    edit(access("reza", "deals"), deal, {"next_step_at": NOON})
    create(access("reza", "calls"), {"about": about(deal), "outcome": "busy"})
    assert step_of(deal) == NOON


def test_a_date_typed_by_hand_is_refused_while_something_is_planned(access, deal):
    planned(access, deal)
    with pytest.raises(ValidationError) as raised:
        edit(access("reza", "deals"), deal, {"next_step_at": NOON + timedelta(days=9)})
    assert set(raised.value.error_dict) == {"next_step_at"}
    assert step_of(deal) == NOON


def test_an_import_cannot_contradict_what_is_planned_either(access, deal):
    planned(access, deal)
    free = create(access("reza", "deals"), {"name": "Free"})
    items = [Item({"next_step_at": NOON + timedelta(days=9)}, record) for record in (deal, free)]
    change_many(access("reza", "deals"), items, change_set=uuid7())
    assert [bool(item.error) for item in items] == [True, False]
    assert [step_of(deal), step_of(free)] == [NOON, NOON + timedelta(days=9)]


def test_many_tasks_at_once_bring_their_deals_in_line_in_as_many_statements_as_few(access):
    deals, tasks = access("reza", "deals"), access("reza", "tasks")
    records = [create(deals, {"name": f"D{number}"}) for number in range(12)]

    def bring(some):
        items = [
            Item({"subject": "T", "about": about(record), "due_at": NOON, "owner": record.owner_id}, Task())
            for record in some
        ]
        with CaptureQueriesContext(connections["default"]) as caught:
            change_many(tasks, items, change_set=uuid7())
        assert [item.error for item in items] == [None] * len(items)
        return len(caught)

    bring(records[:1])
    assert bring(records[2:]) <= bring(records[:2])
    assert {step_of(record) for record in records} == {NOON}


def test_what_is_taken_back_leaves_no_next_step_behind(access, deal):
    change_set = uuid7()
    create(access("reza", "tasks"), {"subject": "T", "about": about(deal), "due_at": NOON}, change_set=change_set)
    actor = access("reza", "tasks").actor
    assert list(undo(actor, events_of(change_set), uuid7())) == []
    assert step_of(deal) is None


def test_a_contact_knows_when_it_was_last_spoken_to_and_when_next(access):
    contact = create(access("reza", "contacts"), {"last_name": "Ray"})
    before = timezone.now()
    create(access("reza", "calls"), {"about": about(contact, "contacts"), "outcome": "reached"})
    create(access("reza", "calls"), {"about": about(contact, "contacts"), "at": datetime(2020, 1, 1, tzinfo=UTC)})
    task = create(
        access("reza", "tasks"), {"subject": "No contact", "about": about(contact, "contacts"), "due_at": NOON}
    )
    contact.refresh_from_db()
    assert contact.next_contact_at == NOON
    last = contact.last_contacted_at
    actions.done(task, access("reza", "tasks"))
    contact.refresh_from_db()
    assert contact.last_contacted_at == last
    assert before <= contact.last_contacted_at <= timezone.now()
    assert contact.next_contact_at is None


# -- verbs


def test_done_is_done_once(access, deal):
    task = planned(access, deal)
    tasks = access("reza", "tasks")
    same = tasks.records().get(pk=task.pk)
    actions.done(task, tasks)
    with pytest.raises(Stale):
        actions.done(same, tasks)
    assert list(Event.objects.filter(record_id=task.pk).order_by("pk").values_list("name", flat=True)) == [
        "task.created",
        "task.done",
    ]


def test_a_colleagues_task_is_not_mine_to_finish(access, member):
    company = create(access("sara", "companies"), {"name": "Acme", "owner": member("reza").pk})
    task = create(access("sara", "tasks"), {"subject": "T", "about": about(company, "companies")})
    from django.core.exceptions import PermissionDenied

    with pytest.raises(PermissionDenied):
        actions.done(task, access("reza", "tasks"))
    with pytest.raises(NotFound):
        actions.done(task, access("mina", "tasks"))


def test_a_task_put_off_is_due_at_the_named_time_in_the_actors_zone(access, deal):
    tasks = access("reza", "tasks")
    task = planned(access, deal, datetime(2026, 1, 5, 13, 30, tzinfo=UTC))
    actions.snooze(task, tasks, to="tomorrow")
    local = tasks.actor.format.local(task.due_at)
    assert local.date() == tasks.actor.format.today() + timedelta(days=1)
    assert (local.hour, local.minute) == (14, 30)
    assert step_of(deal) == task.due_at


def test_putting_off_needs_a_word_or_a_date_and_not_both(api_for, tenant_a):
    api = api_for("reza")
    task = api.post("/api/v1/tasks", {"subject": "T", "due_at": "2026-01-05T10:00:00Z"}).json()
    url = f"/api/v1/tasks/{task['id']}/snooze"
    assert api.post(url, {}).status_code == 400
    assert api.post(url, {"to": "tomorrow", "due_at": "2027-01-01T10:00:00Z"}).status_code == 400
    assert api.post(url, {"due_at": "2027-01-01T10:00:00Z"}).json()["due_at"] == "2027-01-01T10:00:00Z"
    assert api.post(url, {"to": "next_week"}).status_code == 200


def test_the_verbs_over_the_api(api_for, member, tenant_a):
    from kernel.tenancy.context import in_tenant

    api = api_for("reza")
    deal = api.post("/api/v1/deals", {"name": "Pump"}).json()
    values = {"about": {"type": "deals", "id": deal["id"]}, "at": "2030-01-05T10:00:00Z"}
    call = api.post("/api/v1/calls", values).json()
    assert call["done_at"] is None
    done = api.post(f"/api/v1/calls/{call['id']}/done", {"outcome": "left_message", "duration": 2}).json()
    assert (done["outcome"], done["duration"], bool(done["done_at"])) == ("left_message", 2, True)
    assert api.post(f"/api/v1/calls/{call['id']}/done", {}).status_code == 409
    assert api.post(f"/api/v1/calls/{call['id']}/reopen", {}).json()["done_at"] is None
    with in_tenant(tenant_a):
        sara = str(member("sara").pk)
    assert api.post(f"/api/v1/calls/{call['id']}/reassign", {"owner": sara}).json()["owner"]["id"] == sara
    names = [entry["name"] for entry in api.get(f"/api/v1/deals/{deal['id']}/timeline").json()["results"]]
    assert names[:4] == ["call.reassigned", "call.reopened", "call.done", "call.created"]


def test_meetings_have_members_and_contacts(api_for):
    api = api_for("reza")
    contact = api.post("/api/v1/contacts", {"last_name": "Ray"}).json()
    me = api.get("/api/v1/me").json()
    people = [{"type": "contacts", "id": contact["id"]}, {"type": "members", "id": "me"}]
    values = {"subject": "Demo", "about": people[0], "at": "2030-01-05T10:00:00Z", "participants": people}
    meeting = api.post("/api/v1/meetings", values).json()
    assert [(one["type"], one["label"]) for one in meeting["participants"]] == [
        ("contacts", "Ray"),
        ("members", "Reza Rep"),
    ]
    assert me
    found = api.get(f"/api/v1/meetings?participants={contact['id']}").json()["results"]
    assert [row["id"] for row in found] == [meeting["id"]]


# -- recurring


def test_done_makes_the_next_one_and_reopening_takes_it_back(access, deal):
    tasks = access("reza", "tasks")
    due = timezone.now().replace(microsecond=0) + timedelta(days=1)
    task = planned(access, deal, due, repeat="daily", repeat_count=2)
    actions.done(task, tasks)
    following = Task.objects.get(follows=task.pk)
    assert (following.due_at, following.repeat_count) == (due + timedelta(days=1), 1)
    assert step_of(deal) == due + timedelta(days=1)
    actions.reopen(task, tasks)
    assert step_of(deal) == due
    actions.done(task, tasks)
    following.refresh_from_db()
    assert following.deleted_at is None
    assert Task.objects.filter(follows=task.pk).count() == 1
    actions.done(following, tasks)
    assert not Task.objects.filter(follows=following.pk).exists()


def test_putting_one_time_off_does_not_move_the_rule(access, deal):
    tasks = access("reza", "tasks")
    due = timezone.now().replace(microsecond=0) + timedelta(days=2)
    task = planned(access, deal, due, repeat="weekly")
    actions.snooze(task, tasks, due_at=due + timedelta(days=3))
    actions.done(task, tasks)
    fmt = tasks.actor.format
    found = Task.objects.get(follows=task.pk).due_at
    assert fmt.local(found).date() == fmt.local(due).date() + timedelta(days=7)


def test_a_rule_ends_at_its_date(access, deal):
    due = timezone.now() + timedelta(days=1)
    fmt = access("reza", "tasks").actor.format
    task = planned(access, deal, due, repeat="daily", repeat_until=fmt.local(due).date())
    actions.done(task, access("reza", "tasks"))
    assert not Task.objects.filter(follows=task.pk).exists()


def test_a_month_is_one_of_the_calendar_of_whoever_made_the_rule(in_b, member):
    tasks = actor_for(member("eve"), "page").access(registry["tasks"])
    year = tasks.actor.format.today().year - 620  # a Jalali year to come
    last = from_parts(year, 6, 31, "jalali")
    due = datetime(last.year, last.month, last.day, 6, tzinfo=UTC)
    task = create(tasks, {"subject": "اجاره", "due_at": due, "repeat": "monthly"})
    actions.done(task, tasks)
    found = tasks.actor.format.local(Task.objects.get(follows=task.pk).due_at)
    assert found.date() == from_parts(year, 7, 30, "jalali")


def test_a_recurring_task_needs_a_due_date(access):
    with pytest.raises(ValidationError) as raised:
        create(access("reza", "tasks"), {"subject": "T", "repeat": "daily"})
    assert set(raised.value.error_dict) == {"due_at"}


def test_open_deals_without_a_next_step_can_be_found(access, deal):
    other = create(access("reza", "deals"), {"name": "Other"})
    planned(access, other)
    found = find(access("reza", "deals"), {"status": "open", "next_step_at__empty": "true"})
    assert [row.pk for row in found.page().rows] == [deal.pk]
