"""The playbook of a stage: the tasks that a deal is given when it enters it."""

from datetime import timedelta

import pytest

from crm_core.activities.models import Task
from crm_core.sales.models import Deal, Stage
from kernel.access.actor import actor_for, operator
from kernel.lib.ids import uuid7
from kernel.records.bulk import Item, change_many
from kernel.records.change import create, edit
from kernel.records.change_sets import change_set_of
from kernel.records.types import registry
from kernel.transfer.undoing import start_undo

pytestmark = pytest.mark.usefixtures("in_a")


@pytest.fixture
def reza(member):
    return actor_for(member("reza"), "page")


@pytest.fixture
def stages():
    return {stage.name: stage for stage in Stage.objects.alive()}


@pytest.fixture
def plan(stages):
    """`plan("Proposal", "Send it", due_days=2)`: an entry of a stage's playbook."""

    def make(stage, subject, **values):
        access = operator().access(registry["stage-tasks"])
        return create(access, {"stage": stages[stage].pk, "subject": subject, **values})

    return make


@pytest.fixture
def deal(member):
    """Made in a request before."""
    return create(actor_for(member("reza"), "page").access(registry["deals"]), {"name": "Printers"})


def move(actor, deal, stage, **marks):
    return edit(actor.access(registry["deals"]), Deal.objects.get(pk=deal.pk), {"stage": stage.pk}, **marks)


def tasks(deal):
    return list(Task.objects.alive().filter(about_id=deal.pk).order_by("due_at", "subject"))


def test_entering_a_stage_a_deal_is_given_its_tasks(plan, stages, reza, deal, member):
    plan("Proposal", "Send the proposal", due_days=2, priority="high")
    plan("Proposal", "Ask for the order", due_days=9, assignee=member("leila").pk)
    moved = move(reza, deal, stages["Proposal"])
    first, second = tasks(deal)
    assert (first.subject, first.owner, first.priority) == ("Send the proposal", member("reza"), "high")
    assert (second.subject, second.owner) == ("Ask for the order", member("leila"))
    assert reza.format.local(first.due_at).date() == reza.format.today() + timedelta(days=2)
    assert moved.next_step_at == first.due_at == Deal.objects.get(pk=deal.pk).next_step_at


def test_a_new_deal_enters_its_stage(plan, reza):
    plan("New", "Call")
    assert [task.subject for task in tasks(create(reza.access(registry["deals"]), {"name": "D"}))] == ["Call"]


def test_a_task_that_is_planned_in_the_same_breath_is_given(stages, member, deal):
    sara = actor_for(member("sara"), "api")
    move(sara, deal, stages["Qualified"])
    create(sara.access(registry["stage-tasks"]), {"stage": stages["Proposal"].pk, "subject": "Send it"})
    move(sara, deal, stages["Proposal"])
    assert [task.subject for task in tasks(deal)] == ["Send it"]


def test_coming_back_gives_none_again(plan, stages, reza, deal):
    plan("Proposal", "Send it")
    for name in ("Proposal", "New", "Proposal"):
        move(reza, deal, stages[name])
    assert len(tasks(deal)) == 1


def test_another_edit_gives_none(plan, reza, deal):
    plan("New", "Call")
    edit(reza.access(registry["deals"]), Deal.objects.get(pk=deal.pk), {"name": "Scanners"})
    assert tasks(deal) == []


def test_many_deals_that_enter_at_once_are_each_given_theirs(plan, stages, reza, django_assert_max_num_queries):
    plan("Proposal", "Send it")
    access = reza.access(registry["deals"])
    deals = [create(access, {"name": f"D{number}"}) for number in range(30)]
    with django_assert_max_num_queries(60):
        change_many(access, [Item({"stage": stages["Proposal"].pk}, deal) for deal in deals], change_set=uuid7())
    assert all(len(tasks(deal)) == 1 for deal in deals)


def test_taking_the_move_back_takes_the_tasks_back_and_gives_no_others(plan, stages, reza, deal):
    plan("New", "Call")
    plan("Proposal", "Send it")
    moved = uuid7()
    move(reza, deal, stages["Proposal"], change_set=moved)
    assert len(tasks(deal)) == 1
    start_undo(change_set_of(reza, moved))
    assert tasks(deal) == []
    assert Deal.objects.get(pk=deal.pk).stage == stages["New"]
    move(reza, Deal.objects.get(pk=deal.pk), stages["Proposal"])
    assert [task.subject for task in tasks(deal)] == ["Send it"]


def test_what_an_import_brings_has_been_dealt_with(plan, member):
    plan("New", "Call")
    access = actor_for(member("sara"), "import").access(registry["deals"])
    assert tasks(create(access, {"name": "Old"})) == []


def test_the_page_of_the_stage_lists_them_and_leads_to_a_form(plan, stages, client_for):
    plan("Proposal", "Send it", due_days=3)
    page = client_for("sara").get(f"/settings/stages/{stages['Proposal'].pk}").content.decode()
    assert "Send it" in page and "3 days later" in page
    assert f"/r/stage-tasks/new?stage={stages['Proposal'].pk}" in page
