"""Reminders: one for each thing that is due, at the hour of its reader, whatever happens to it or to a worker."""

from datetime import UTC, date, datetime, time, timedelta
from datetime import timezone as fixed
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.utils import timezone

from crm_core.activities import actions
from crm_core.teamwork.mailing import send_waiting, sweep_mail
from crm_core.teamwork.models import Notification, Preferences, Reminder
from crm_core.teamwork.preferences import mail_moment, remind_moment
from crm_core.teamwork.reminders import keep_clock, sweep_reminders
from crm_core.teamwork.telling import Reader
from kernel.access.actor import actor_for
from kernel.access.models import Member
from kernel.lib.format import Format
from kernel.lib.ids import uuid7
from kernel.records.bulk import Item, change_many
from kernel.records.change import create, delete, edit, restore
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from kernel.tenancy.models import PendingWork, Wake
from kernel.tenancy.pending import sweep

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
DUE = datetime(2026, 12, 2, 14, 30, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch):
    """`clock(moment)`: what time it is from now on."""

    def set_to(moment):
        monkeypatch.setattr(timezone, "now", lambda: moment)

    set_to(NOW)
    return set_to


@pytest.fixture
def access(clock, in_a, member):
    return lambda name, slug: actor_for(member(name), "page").access(registry[slug])


@pytest.fixture
def deal(access):
    return create(access("reza", "deals"), {"name": "Pump"})


def about(record):
    return {"type": "deals", "id": str(record.pk)}


def task(access, deal, who="reza", **values):
    return create(access(who, "tasks"), {"subject": "Ring", "about": about(deal), "due_at": DUE, **values})


def rows(record):
    return list(Reminder.objects.filter(record_id=record.pk).values_list("member__name", "remind_at"))


def told():
    return list(Notification.objects.filter(kind="reminder").values_list("member__name", flat=True))


# -- when


def test_a_task_reminds_its_owner_when_it_is_due(access, deal, clock):
    made = task(access, deal)
    assert rows(made) == [("Reza Rep", DUE)]
    clock(DUE - timedelta(seconds=1))
    sweep_reminders()
    assert told() == []
    clock(DUE)
    sweep_reminders()
    sweep_reminders()
    assert told() == ["Reza Rep"]


@pytest.mark.parametrize(("reminder", "before"), [("10", 10), ("60", 60), ("1440", 1440), ("0", 0)])
def test_a_task_has_a_lead_time_of_its_own(access, deal, reminder, before):
    assert rows(task(access, deal, reminder=reminder))[0][1] == DUE - timedelta(minutes=before)


def test_none_at_all_is_a_lead_time_too(access, deal):
    assert rows(task(access, deal, reminder="none")) == []


def test_a_lead_time_that_is_past_already_gives_way_to_the_hour_itself(access, deal, clock):
    clock(DUE - timedelta(minutes=5))
    assert rows(task(access, deal, reminder="10"))[0][1] == DUE


def test_what_is_past_reminds_nobody(access, deal):
    assert rows(task(access, deal, due_at=NOW - timedelta(hours=1))) == []


def test_the_profiles_lead_time_holds_for_what_has_none(access, deal, member):
    made = task(access, deal)
    Preferences.objects.create(member=member("reza"), lead="60")
    keep_clock(member("reza").pk)
    assert rows(made)[0][1] == DUE - timedelta(hours=1)
    Preferences.objects.update(lead="none")
    keep_clock(member("reza").pk)
    assert rows(made) == []


BERLIN = Format(timezone="Europe/Berlin")
TEHRAN = Format(language="fa", calendar="jalali", timezone="Asia/Tehran")


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2026, 10, 25), date(2027, 3, 21), date(2026, 12, 2)])
@pytest.mark.parametrize("fmt", [BERLIN, TEHRAN])
def test_what_is_due_on_a_day_is_told_at_nine_of_that_day_also_where_clocks_change(day, fmt):
    zone = ZoneInfo(fmt.timezone)
    due = datetime.combine(day, time(), zone).astimezone(UTC)
    moment = remind_moment("10", due, fmt, due - timedelta(days=9))
    assert moment.astimezone(zone) == datetime.combine(day, time(9), zone)
    before = remind_moment("1440", due, fmt, due - timedelta(days=9))
    assert before.astimezone(zone) == datetime.combine(day - timedelta(days=1), time(9), zone)


def test_an_hour_before_is_an_hour_on_the_night_when_clocks_change():
    due = datetime(2027, 3, 28, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert remind_moment("60", due.astimezone(UTC), BERLIN, NOW) == datetime(2027, 3, 28, 0, 30, tzinfo=UTC)


def test_what_is_due_on_a_day_follows_its_reader_to_another_zone(access, deal, client_for):
    made = task(access, deal, due_at=datetime(2026, 12, 4, tzinfo=ZoneInfo("Europe/Berlin")))
    assert rows(made)[0][1] == datetime(2026, 12, 4, 8, tzinfo=UTC)
    profile = {"name": "Reza Rep", "language": "en", "calendar": "", "timezone": "Asia/Tehran", "theme": ""}
    assert client_for("reza").post("/settings/profile", profile).status_code == 303
    made.refresh_from_db()
    assert made.due_at == datetime(2026, 12, 4, tzinfo=ZoneInfo("Asia/Tehran"))
    assert rows(made)[0][1] == datetime(2026, 12, 4, 9, tzinfo=ZoneInfo("Asia/Tehran"))


# -- what happens to it


def test_putting_off_moves_it(access, deal, clock):
    made = task(access, deal)
    actions.snooze(made, access("reza", "tasks"), due_at=DUE + timedelta(days=1))
    clock(DUE)
    sweep_reminders()
    assert told() == []
    clock(DUE + timedelta(days=1))
    sweep_reminders()
    assert told() == ["Reza Rep"]


def test_put_off_after_it_was_told_it_is_told_again(access, deal, clock):
    made = task(access, deal)
    clock(DUE)
    sweep_reminders()
    actions.snooze(made, access("reza", "tasks"), due_at=DUE + timedelta(days=1))
    clock(DUE + timedelta(days=1))
    sweep_reminders()
    assert told() == ["Reza Rep", "Reza Rep"]


def test_it_goes_with_the_task_to_another_owner(access, deal, clock, member):
    made = task(access, deal)
    actions.reassign(made, access("reza", "tasks"), owner=member("sara").pk)
    clock(DUE)
    sweep_reminders()
    assert told() == ["Sara Admin"]


def test_handed_over_and_back_it_is_told_once(access, deal, clock, member):
    made = task(access, deal, reminder="60")
    clock(DUE - timedelta(minutes=60))
    sweep_reminders()
    actions.reassign(made, access("sara", "tasks"), owner=member("sara").pk)
    actions.reassign(made, access("sara", "tasks"), owner=member("reza").pk)
    clock(DUE)
    sweep_reminders()
    assert told().count("Reza Rep") == 1


def test_what_is_done_or_in_the_trash_reminds_nobody_and_back_it_does(access, deal, clock):
    one, other = task(access, deal), task(access, deal)
    actions.done(one, access("reza", "tasks"))
    delete(access("reza", "tasks"), other)
    assert rows(one) == rows(other) == []
    restore(access("reza", "tasks"), other)
    actions.reopen(one, access("reza", "tasks"))
    assert rows(one) == rows(other) == [("Reza Rep", DUE)]


def test_bulk_changes_move_them_too(access, deal, member):
    made = [task(access, deal) for _number in range(3)]
    items = [Item({"owner": member("sara").pk}, record) for record in made]
    change_many(access("sara", "tasks"), items, change_set=uuid7())
    assert [rows(record)[0][0] for record in made] == ["Sara Admin"] * 3


def test_calls_meetings_and_typed_dates_remind_too(access, deal, clock):
    create(access("reza", "calls"), {"about": about(deal), "at": DUE})
    create(access("reza", "meetings"), {"about": about(deal), "subject": "Talk", "at": DUE})
    other = create(access("reza", "deals"), {"name": "Other", "next_step_at": DUE})
    clock(DUE)
    sweep_reminders()
    found = set(Notification.objects.values_list("record_type", flat=True))
    assert found == {"calls", "meetings", "deals"}
    assert Notification.objects.get(record_type="deals").record_id == other.pk


def test_a_meeting_reminds_the_members_who_take_part(access, deal, member):
    values = {"about": about(deal), "subject": "Talk", "at": DUE, "participants": [f"members:{member('sara').pk}"]}
    made = create(access("reza", "meetings"), values)
    assert sorted(rows(made)) == [("Reza Rep", DUE), ("Sara Admin", DUE)]


def test_a_typed_date_gives_way_to_what_is_planned(access, clock):
    deal = create(access("reza", "deals"), {"name": "Other", "next_step_at": DUE})
    task(access, deal)
    clock(DUE)
    sweep_reminders()
    assert list(Notification.objects.values_list("record_type", flat=True)) == ["tasks"]


def test_a_record_that_went_out_of_reach_is_not_told(access, deal, clock, member):
    made = task(access, deal)
    edit(access("sara", "deals"), deal, {"owner": member("mina").pk})
    clock(DUE)
    sweep_reminders()
    assert told() == []
    assert rows(made) == []


def test_somebody_who_left_is_not_told(access, deal, clock, member):
    task(access, deal)
    Member.objects.filter(pk=member("reza").pk).update(active=False)
    clock(DUE)
    sweep_reminders()
    assert told() == []


def test_imported_history_reminds_nobody(access, clock, in_a, member):
    past = actor_for(member("sara"), "import").access(registry["deals"])
    items = [Item({"name": "Old", "next_step_at": NOW - timedelta(days=3)}, past.rtype.model())]
    change_many(past, items, change_set=uuid7())
    assert items[0].error is None
    assert Reminder.objects.count() == 0


def test_what_a_late_worker_tells_says_so(access, deal, clock, member):
    task(access, deal)
    clock(DUE + timedelta(hours=5))
    sweep_reminders()
    told_one = Reader(actor_for(member("reza"), "page")).read(list(Notification.objects.all()))[0]
    assert "late" in told_one.note


# -- waking and mail


def test_the_tenant_is_woken_when_the_first_is_due(access, deal, clock, tenant_a):
    task(access, deal)
    assert Wake.objects.get(tenant=tenant_a).at == DUE
    task(access, deal, due_at=DUE - timedelta(hours=2))
    assert Wake.objects.get(tenant=tenant_a).at == DUE - timedelta(hours=2)


def test_a_wake_marks_its_tenant_for_the_sweep(tenant_a, clock, monkeypatch):
    started = []
    monkeypatch.setattr("kernel.tenancy.pending._start", lambda tenant: started.append(tenant.subdomain))
    Wake.objects.create(tenant=tenant_a, at=DUE)
    PendingWork.objects.all().delete()
    assert sweep() == 0
    clock(DUE)
    assert sweep() == 1
    assert started == ["a"]
    assert not Wake.objects.exists()


def test_the_mail_goes_out_once_in_the_readers_language(access, deal, clock, tenant_a):
    Member.objects.filter(name="Reza Rep").update(language="fa", calendar="jalali")
    task(access, deal, subject="تماس با کارخانه")
    clock(DUE)
    sweep_reminders()
    send_waiting()
    send_waiting()
    assert len(mail.outbox) == 1
    sent = mail.outbox[0]
    assert "تماس با کارخانه" in sent.subject
    assert 'dir="rtl"' in sent.alternatives[0][0]
    assert "/notifications/leave/" in sent.extra_headers["List-Unsubscribe"]


def test_a_worker_killed_before_sending_is_followed_by_another(access, deal, clock, monkeypatch):
    """The mark of the reminder is committed, its message lost: the sweep finds the mail."""
    task(access, deal)
    clock(DUE)
    sweep_reminders()
    assert mail.outbox == []
    monkeypatch.setattr(send_waiting, "delay", send_waiting)
    assert sweep_mail() is True
    assert len(mail.outbox) == 1
    assert sweep_mail() is False


def test_a_worker_killed_while_sending_is_followed_once_its_time_is_over(access, deal, clock, monkeypatch):
    task(access, deal)
    clock(DUE)
    sweep_reminders()

    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("kernel.accounts.letters.Letter.send", die)
        with pytest.raises(Killed):
            send_waiting()
    send_waiting()
    assert mail.outbox == []  # held by the one that died
    clock(DUE + timedelta(minutes=6))
    send_waiting()
    assert len(mail.outbox) == 1


def test_mail_waits_for_the_end_of_quiet_hours_and_the_daily_one_for_the_morning():
    quiet = Preferences(quiet_from=time(20), quiet_until=time(7))
    evening = datetime(2026, 12, 1, 21, tzinfo=fixed(timedelta(hours=1)))
    assert mail_moment(quiet, "once", BERLIN, evening) == datetime(2026, 12, 2, 6, tzinfo=UTC)
    assert mail_moment(Preferences(), "once", BERLIN, evening) == evening
    assert mail_moment(quiet, "daily", TEHRAN, evening) == datetime(2026, 12, 2, 4, 30, tzinfo=UTC)
    noon = evening.replace(hour=12)
    assert mail_moment(quiet, "once", BERLIN, noon) == noon


def test_the_other_tenants_rows_are_its_own(tenant_b):
    with in_tenant(tenant_b):
        assert not Notification.objects.exists()
        assert not Reminder.objects.exists()


# -- leads


def test_a_lead_that_nobody_answers_in_time_is_told_to_whoever_has_it(access, clock, member):
    clock(datetime.now(UTC))  # a lead's time runs from its making, which no test moves
    source = create(access("sara", "sources"), {"name": "Fair", "intake_hours": 4})
    lead = create(access("reza", "leads"), {"name": "Waiting", "source": source.pk})
    lead.refresh_from_db()
    assert lead.intake_due_at is not None
    clock(lead.intake_due_at)
    sweep_reminders()
    assert list(Notification.objects.values_list("kind", "member__name")) == [("late_lead", "Reza Rep")]
