"""Another time zone: what is meant by the clock keeps its day and its hour, what is a moment stays."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from crm_core.activities import actions
from crm_core.activities.models import Task
from crm_core.leads.models import Lead
from crm_core.sales.models import Deal
from crm_core.teamwork import clocks
from crm_core.teamwork.clocks import sweep_clocks
from crm_core.teamwork.models import Clock, Reminder
from kernel.access.actor import actor_for
from kernel.access.models import Member
from kernel.records.change import create
from kernel.records.types import registry

NOW = datetime(2026, 10, 20, 8, tzinfo=UTC)
BERLIN, TEHRAN, NEW_YORK = (ZoneInfo(name) for name in ("Europe/Berlin", "Asia/Tehran", "America/New_York"))


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    set_to(NOW)
    return set_to


@pytest.fixture
def task(in_a, member):
    """`task(date or datetime)`: a task of reza's, whose company is in Berlin."""

    def make(due, **values):
        due = due if isinstance(due, datetime) else datetime.combine(due, time(), BERLIN)
        access = actor_for(member("reza"), "page").access(registry["tasks"])
        return create(access, {"subject": "Ring", "due_at": due, **values})

    return make


def move(name, zone):
    """Reza chooses another zone, and the sweep comes by."""
    sweep_clocks()
    Member.objects.filter(name=name).update(timezone=zone)
    while sweep_clocks():
        pass


def due(record):
    return Task.objects.get(pk=record.pk).due_at


# The clock changes on the 25th of October in Berlin and on the 1st of November in New York.
@pytest.mark.parametrize("day", [date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26), date(2027, 3, 28)])
@pytest.mark.parametrize("zone", [TEHRAN, NEW_YORK])
def test_a_day_is_the_same_day_and_told_at_nine_of_it(task, day, zone):
    made = task(day)
    move("Reza Rep", zone.key)
    assert due(made) == datetime.combine(day, time(), zone)
    assert Reminder.objects.get(record_id=made.pk).remind_at == datetime.combine(day, time(9), zone)


def test_a_moment_stays_the_moment(task):
    made = task(datetime(2026, 10, 26, 15, tzinfo=BERLIN))
    move("Reza Rep", "Asia/Tehran")
    assert due(made) == datetime(2026, 10, 26, 15, tzinfo=BERLIN)


@pytest.mark.parametrize(("calendar", "following"), [("gregorian", date(2026, 11, 24)), ("jalali", date(2026, 11, 23))])
def test_a_rule_keeps_its_hour_in_the_new_zone_across_a_change_of_the_clock(task, member, calendar, following, clock):
    Member.objects.filter(name="Reza Rep").update(calendar=calendar)
    made = task(datetime(2026, 10, 24, 9, tzinfo=BERLIN), repeat="monthly")
    move("Reza Rep", "America/New_York")
    assert due(made) == datetime(2026, 10, 24, 9, tzinfo=NEW_YORK)
    clock(datetime(2026, 10, 24, 20, tzinfo=UTC))
    actions.done(Task.objects.get(pk=made.pk), actor_for(member("reza"), "page").access(registry["tasks"]))
    assert Task.objects.get(follows=made.pk).due_at == datetime.combine(following, time(9), NEW_YORK)


def test_the_companys_zone_moves_those_who_have_none_of_their_own(task, tenant_a, in_a, member, monkeypatch):
    made = task(date(2026, 10, 24))
    Member.objects.filter(name="Mina Rep").update(timezone="Europe/Berlin")
    access = actor_for(member("mina"), "page").access(registry["tasks"])
    theirs = create(access, {"subject": "Own", "due_at": datetime(2026, 10, 24, tzinfo=BERLIN)})
    sweep_clocks()
    monkeypatch.setattr(in_a, "timezone", "Asia/Tehran")
    sweep_clocks()
    assert due(made) == datetime(2026, 10, 24, tzinfo=TEHRAN)
    assert due(theirs) == datetime(2026, 10, 24, tzinfo=BERLIN)


def test_what_is_done_stays(task, member):
    made = task(date(2026, 10, 24))
    actions.done(made, actor_for(member("reza"), "page").access(registry["tasks"]))
    move("Reza Rep", "Asia/Tehran")
    assert due(made) == datetime(2026, 10, 24, tzinfo=BERLIN)


def test_a_typed_day_of_contact_moves_and_a_next_step_follows_what_is_planned(task, in_a, member):
    reza = actor_for(member("reza"), "page")
    day = datetime(2026, 10, 27, tzinfo=BERLIN)
    lead = create(reza.access(registry["leads"]), {"name": "Nora", "next_contact_at": day})
    deal = create(reza.access(registry["deals"]), {"name": "Pump"})
    theirs = actor_for(member("leila"), "page").access(registry["tasks"])
    create(theirs, {"subject": "Ask", "about": {"type": "deals", "id": str(deal.pk)}, "due_at": day})
    move("Reza Rep", "Asia/Tehran")
    assert Lead.objects.get(pk=lead.pk).next_contact_at == datetime(2026, 10, 27, tzinfo=TEHRAN)
    assert Deal.objects.get(pk=deal.pk).next_step_at == day


def test_many_are_moved_in_parts_and_each_once(task, monkeypatch):
    """Honolulu and Kiritimati are a day apart: midnight in one is midnight in the other."""
    monkeypatch.setattr(clocks, "AT_ONCE", 3)
    Member.objects.filter(name="Reza Rep").update(timezone="Pacific/Honolulu")
    sweep_clocks()
    here, there = ZoneInfo("Pacific/Honolulu"), ZoneInfo("Pacific/Kiritimati")
    made = [task(datetime(2026, 10, 24, tzinfo=here) + timedelta(days=n)) for n in range(7)]
    Member.objects.filter(name="Reza Rep").update(timezone=there.key)
    assert sweep_clocks() is True
    while sweep_clocks():
        pass
    assert [due(row).astimezone(there).date() for row in made] == [
        date(2026, 10, 24) + timedelta(days=n) for n in range(7)
    ]


def test_what_was_begun_is_brought_to_its_end_though_another_zone_is_chosen_meanwhile(task, monkeypatch):
    monkeypatch.setattr(clocks, "AT_ONCE", 2)
    made = [task(date(2026, 10, 24)) for _ in range(3)]
    sweep_clocks()
    Member.objects.filter(name="Reza Rep").update(timezone="Asia/Tehran")
    assert sweep_clocks() is True
    Member.objects.filter(name="Reza Rep").update(timezone="")
    while sweep_clocks():
        pass
    assert {due(row) for row in made} == {datetime(2026, 10, 24, tzinfo=BERLIN)}
    assert Clock.objects.get(member__name="Reza Rep").cursor == {}


def test_the_company_page_has_its_tenant_swept(client_for, monkeypatch):
    marked = []
    monkeypatch.setattr("kernel.web.settings.company.mark_pending", lambda: marked.append(True))
    given = {"name": "Aster", "language": "en", "calendar": "gregorian", "timezone": "Asia/Tehran", "country": "US"}
    assert client_for("sara").post("/settings/company", given).status_code == 303
    assert marked
