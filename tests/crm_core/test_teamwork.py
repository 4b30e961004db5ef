"""What members are told: of what is handed to them, what they follow and where they are mentioned; and what not."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm_core.teamwork import mailing
from crm_core.teamwork.mailing import leave_url, send_waiting
from crm_core.teamwork.models import Follow, Notification, Preferences
from crm_core.teamwork.notifying import notify
from crm_core.teamwork.subscribers import tell_starter
from kernel.access.actor import actor_for
from kernel.access.models import Member, Role, Team
from kernel.accounts.models import Identity
from kernel.events import subscribers as fan
from kernel.events.models import Event
from kernel.events.subscribers import sweep_events
from kernel.lib.ids import uuid7
from kernel.records.bulk import Item, change_many
from kernel.records.change import create, edit
from kernel.records.sharing import share
from kernel.records.show import Shown
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant
from kernel.web.accounts.actions import accept, invite


@pytest.fixture
def access(in_a, member):
    return lambda name, slug: actor_for(member(name), "page").access(registry[slug])


@pytest.fixture
def fan_out(monkeypatch):
    """Do what the worker would do with what was committed."""
    monkeypatch.setattr(fan.fan_out, "delay", fan.fan_out)
    return lambda: [None for _ in range(3) if sweep_events()]


@pytest.fixture
def deal(access):
    return create(access("reza", "deals"), {"name": "Pump"})


def about(record):
    return {"type": "deals", "id": str(record.pk)}


def told(name=None, kind=None):
    rows = Notification.objects.order_by("at", "pk")
    rows = rows.filter(member__name__startswith=name) if name else rows
    return list(rows.filter(kind=kind) if kind else rows)


def note(access, deal, body, who="sara"):
    spec = registry["notes"].specs()["body"]
    to = access(who, "notes")
    return create(to, {"body": spec.parse(body, to), "about": about(deal)})


# -- mentions


def test_a_mention_is_kept_as_a_token_and_shown_by_the_name_of_today(access, deal, member):
    made = note(access, deal, "Please call, @Reza Rep, soon")
    assert made.body == f"Please call, @[{member('reza').pk}], soon"
    assert made.label == "Please call, , soon"
    Member.objects.filter(name="Reza Rep").update(label="رضا")
    sara = access("sara", "notes")
    spec = sara.readable()["body"]
    shown = Shown(sara, [made])
    assert shown.text(made, spec) == "Please call, @رضا, soon"
    assert shown.json(made, spec) == shown.cell(made, spec) == "Please call, @رضا, soon"


def test_the_page_and_the_list_of_notes_say_the_name(access, deal, client_for):
    made = note(access, deal, "Look, @Leila Manager")
    for path in (f"/r/notes/{made.pk}", "/r/notes?columns=body"):
        html = client_for("sara").get(path).content.decode()
        assert "Look, @Leila Manager" in html and "@[" not in html


def test_text_that_names_nobody_stays(access, deal):
    assert note(access, deal, "mail a@reza.example @nobody @ 5").body == "mail a@reza.example @nobody @ 5"


def test_whoever_is_mentioned_is_told_once_and_follows(access, deal, member, fan_out):
    made = note(access, deal, "@Reza Rep look, @Reza Rep")
    fan_out()
    assert [row.kind for row in told("Reza")] == ["mentioned"]
    edit(access("sara", "notes"), made, {"body": made.body + " again"})
    fan_out()
    assert len(told("Reza", "mentioned")) == 1
    assert Follow.objects.get().record_id == deal.pk


def test_mentioning_somebody_who_cannot_see_it_is_refused_by_name(access, deal):
    with pytest.raises(ValidationError) as raised:
        note(access, deal, "@Mina Rep look")
    assert "Mina Rep" in raised.value.message_dict["body"][0]
    assert not told()


def test_the_picker_offers_only_who_may_see_the_record(client_for, deal, tenant_a):
    url = f"/r/notes/mentionable?q=rep&about=deals:{deal.pk}"
    found = client_for("sara").get(url).json()
    assert [option["label"] for option in found] == ["Reza Rep"]


def test_a_mention_in_persian(in_b, member, fan_out):
    eve = actor_for(member("eve"), "page")
    to = eve.access(registry["notes"])
    company = create(eve.access(registry["companies"]), {"name": "بهار"})
    body = to.editable()["body"].parse("سلام @حوا، ببین", to)
    made = create(to, {"body": body, "about": {"type": "companies", "id": str(company.pk)}})
    assert made.body == f"سلام @[{member('eve').pk}]، ببین"


# -- handed over


def test_whoever_is_given_a_record_is_told_and_who_gives_it_to_himself_is_not(access, deal, member, fan_out):
    edit(access("sara", "deals"), deal, {"owner": member("sara").pk})
    fan_out()
    assert told(kind="assigned") == []
    edit(access("sara", "deals"), deal, {"owner": member("mina").pk})
    fan_out()
    assert [row.member.name for row in told(kind="assigned")] == ["Mina Rep"]


def test_what_is_given_in_one_go_is_told_as_one(access, member, fan_out):
    deals = [create(access("reza", "deals"), {"name": f"Deal {n}"}) for n in range(3)]
    change_many(access("sara", "deals"), [Item({"owner": member("mina").pk}, d) for d in deals], change_set=uuid7())
    fan_out()
    assert [row.count for row in told("Mina", "assigned")] == [3]


def test_imported_rows_tell_nobody(access, member, fan_out):
    to = actor_for(member("sara"), "import").access(registry["deals"])
    item = Item({"name": "Old", "owner": member("mina").pk}, to.rtype.model())
    change_many(to, [item], change_set=uuid7())
    fan_out()
    assert item.error is None
    assert told() == []


def test_with_whom_a_record_is_shared_is_told_and_whoever_shares_it_is_not(access, deal, member, client_for, fan_out):
    south = Team.objects.get(name="South")
    share(access("reza", "deals"), deal, member("leila"), "edit", timezone.now() + timedelta(days=3))
    share(access("sara", "deals"), deal, south, "view")
    fan_out()
    assert sorted(row.member.name for row in told(kind="shared")) == ["Leila Manager", "Mina Rep"]
    page = client_for("leila").get("/notifications").content.decode()
    assert "shared \u2068Pump\u2069 with you" in page
    assert "You may change it · until" in page


# -- following


def test_the_owner_is_told_of_changes_by_others_as_one(access, deal, fan_out):
    edit(access("sara", "deals"), deal, {"name": "Pump 2"})
    edit(access("sara", "deals"), deal, {"name": "Pump 3"})
    note(access, deal, "hello")
    edit(access("reza", "deals"), deal, {"name": "Mine"})
    fan_out()
    assert [(row.kind, row.count) for row in told("Reza")] == [("followed", 3)]
    assert told("Sara") == []


def test_who_switched_it_off_is_not_told(client_for, access, deal, fan_out):
    client_for("reza").post(f"/r/deals/{deal.pk}/follow", {"on": "0"})
    edit(access("sara", "deals"), deal, {"name": "Pump 2"})
    fan_out()
    assert told() == []


def test_anybody_who_sees_it_may_follow_it(client_for, access, deal, fan_out):
    sara = client_for("sara")
    assert "Follow" in sara.get(f"/r/deals/{deal.pk}").content.decode()
    sara.post(f"/r/deals/{deal.pk}/follow", {"on": "1"})
    edit(access("reza", "deals"), deal, {"name": "Pump 2"})
    fan_out()
    assert [row.kind for row in told("Sara")] == ["followed"]
    assert client_for("mina").post(f"/r/deals/{deal.pk}/follow", {"on": "1"}).status_code == 404


# -- hidden fields, rows out of reach


def hide(member, slug, **fields):
    role = Role.objects.get(members=member, code="rep")
    role.rules["types"].setdefault(slug, {})["fields"] = fields
    role.save(update_fields=["rules"])


def test_a_hidden_field_is_neither_told_of_nor_shown(client_for, access, deal, member, fan_out):
    hide(member("reza"), "deals", probability="none", **{"*": "edit"})
    edit(access("sara", "deals"), deal, {"probability": 70})
    fan_out()
    assert told("Reza") == []
    edit(access("sara", "deals"), deal, {"probability": 80, "name": "Pump 2"})
    fan_out()
    Preferences.objects.create(member=member("reza"), channels={"followed": {"app": True, "mail": "once"}})
    html = client_for("reza").get("/notifications").content.decode()
    assert "Pump 2" in html
    assert "robability" not in html.split('class="inbox"')[1]


def test_a_field_hidden_afterwards_says_nothing_any_more(client_for, access, deal, member, fan_out):
    edit(access("sara", "deals"), deal, {"probability": 70})
    fan_out()
    assert len(told("Reza")) == 1
    hide(member("reza"), "deals", probability="none", **{"*": "edit"})
    html = client_for("reza").get("/notifications").content.decode()
    assert 'class="inbox"' not in html


def test_the_name_of_a_record_is_hidden_where_its_field_is(client_for, access, deal, member, fan_out):
    note(access, deal, "@Reza Rep see")
    edit(access("sara", "deals"), deal, {"probability": 71})
    fan_out()
    hide(member("reza"), "deals", name="none", **{"*": "edit"})
    page = client_for("reza").get("/notifications").content.decode().split('class="inbox"')[1]
    assert "Pump" not in page


def test_what_goes_out_of_reach_is_neither_shown_nor_mailed(client_for, access, deal, member, fan_out):
    notify(member("reza").pk, "assigned", key="x", record=("deals", deal.pk))
    edit(access("sara", "deals"), deal, {"owner": member("mina").pk})
    html = client_for("reza").get("/notifications").content.decode()
    assert "Pump" not in html
    pk = told("Reza")[0].pk
    assert client_for("reza").get(f"/notifications/{pk}").status_code == 404
    send_waiting()
    assert [m.to for m in mail.outbox if "reza" in m.to[0]] == []


def test_out_of_reach_nobody_is_told_at_all(access, deal, member):
    assert notify(member("mina").pk, "assigned", key="x", record=("deals", deal.pk)) is None
    assert told() == []


def test_nobody_reads_the_notifications_of_another_member_or_tenant(client_for, api_for, tenant_a, member):
    with in_tenant(tenant_a):
        mine = create(actor_for(member("reza"), "page").access(registry["deals"]), {"name": "Pump"})
        row = notify(member("reza").pk, "assigned", key="x", record=("deals", mine.pk))
    for who in ("sara", "eve"):
        assert client_for(who).get(f"/notifications/{row.pk}").status_code == 404
        assert client_for(who).post(f"/notifications/{row.pk}/read").status_code == 404
        assert api_for(who).post(f"/api/v1/notifications/{row.pk}/read").status_code == 404
        assert "Pump" not in client_for(who).get("/notifications").content.decode()


# -- once


def test_a_thing_is_told_once_under_its_key(access, deal, member):
    assert notify(member("reza").pk, "assigned", key="x", record=("deals", deal.pk)) is not None
    assert notify(member("reza").pk, "assigned", key="x", record=("deals", deal.pk)) is None
    assert len(told()) == 1


def test_an_event_that_is_fanned_out_twice_tells_once(access, deal, member, fan_out):
    edit(access("sara", "deals"), deal, {"name": "Pump 2"})
    fan_out()
    event = Event.objects.filter(name="deal.updated").get()
    Event.objects.filter(pk=event.pk).update(fanned_out_at=None)
    fan_out()
    assert [row.count for row in told("Reza")] == [1]


# -- runs and invitations


def test_whoever_started_a_run_is_told_how_it_ended(access, client_for, member):
    run = Run.objects.create(kind="import", title="contacts.csv", status="done", member=member("reza"), via="import")
    tell_starter(run)
    tell_starter(run)
    assert [row.kind for row in told("Reza")] == ["run"]
    html = client_for("reza").get("/notifications").content.decode()
    assert "contacts.csv" in html


# -- the pages


@pytest.fixture
def three(access, deal, member):
    return [notify(member("reza").pk, "assigned", key=f"k{n}", record=("deals", deal.pk)) for n in range(3)]


def test_the_bell_counts_without_a_query_of_its_own(client_for, three, django_assert_max_num_queries):
    reza = client_for("reza")
    html = reza.get("/trash").content.decode()
    assert 'aria-label="Notifications, 3 unread"' in html
    with django_assert_max_num_queries(8):
        reza.get("/notifications/bell")


def test_marking_one_read_and_back(client_for, three):
    reza = client_for("reza")
    html = reza.post(f"/notifications/{three[0].pk}/read", HTTP_HX_REQUEST="true").content.decode()
    assert "Mark as unread" in html
    assert Notification.objects.filter(read_at=None).count() == 2
    reza.post(f"/notifications/{three[0].pk}/read", {"unread": "1"})
    assert Notification.objects.filter(read_at=None).count() == 3


def test_opening_one_marks_it_read_and_leads_to_its_record(client_for, three, deal):
    answer = client_for("reza").get(f"/notifications/{three[0].pk}")
    assert answer.headers["Location"] == f"/r/deals/{deal.pk}"
    assert Notification.objects.filter(read_at=None).count() == 2


def test_marking_all_is_undone_for_those_alone(client_for, three):
    reza = client_for("reza")
    Notification.objects.filter(pk=three[0].pk).update(read_at=timezone.now() - timedelta(days=1))
    reza.post("/notifications/read-all")
    moment = Notification.objects.get(pk=three[1].pk).read_at
    assert Notification.objects.filter(read_at=None).count() == 0
    reza.post("/notifications/unread-all?" + f"at={moment.isoformat().replace('+', '%2B')}")
    assert Notification.objects.filter(read_at=None).count() == 2


def test_a_page_costs_the_same_however_much_it_tells(client_for, access, member, django_assert_max_num_queries):
    for n in range(12):
        deal = create(access("reza", "deals"), {"name": f"Deal {n}"})
        notify(member("reza").pk, "assigned", key=f"k{n}", record=("deals", deal.pk))
    reza = client_for("reza")
    reza.get("/notifications")
    with django_assert_max_num_queries(16):
        reza.get("/notifications")


def test_an_empty_centre_says_what_will_stand_here(client_for):
    assert "Nothing has happened yet." in client_for("kian").get("/notifications").content.decode()


def test_preferences_decide_which_way(client_for, access, deal, member):
    sent = {"lead": "10", "app-assigned": "on", "mail-assigned": "", "mail-mentioned": "daily", "quiet_from": "۲۲:۰۰",
            "quiet_until": "7:00"}  # fmt: skip
    assert client_for("reza").post("/settings/notifications", sent).status_code == 303
    kept = Preferences.objects.get()
    assert (kept.lead, kept.quiet_from.hour, kept.quiet_until.hour) == ("10", 22, 7)
    row = notify(member("reza").pk, "assigned", key="a", record=("deals", deal.pk))
    assert (row.in_app, row.mail_at) == (True, None)
    row = notify(member("reza").pk, "mentioned", key="m", record=("deals", deal.pk))
    assert (row.in_app, row.is_digest) == (False, True)


def test_half_of_the_quiet_hours_is_refused(client_for):
    answer = client_for("reza").post("/settings/notifications", {"quiet_from": "22:00"})
    assert answer.status_code == 422


# -- mail


def test_daily_mail_tells_all_in_one(access, member, monkeypatch):
    Preferences.objects.create(member=member("reza"), channels={"assigned": {"app": True, "mail": "daily"}})
    for n in range(3):
        deal = create(access("reza", "deals"), {"name": f"Deal {n}"})
        notify(member("reza").pk, "assigned", key=f"k{n}", record=("deals", deal.pk))
    Notification.objects.update(mail_at=timezone.now())
    send_waiting()
    (sent,) = mail.outbox
    assert all(f"Deal {n}" in sent.body for n in range(3))


def test_one_click_ends_mail_of_a_kind_for_one_member(at, access, deal, member):
    notify(member("reza").pk, "assigned", key="k", record=("deals", deal.pk))
    Notification.objects.update(mail_at=timezone.now())
    send_waiting()
    url = re.search(r"https?://[^/]+(/notifications/leave/\S+)", mail.outbox[0].body)[1]
    visitor = at("a")
    assert "Stop this mail" in visitor.get(url).content.decode()
    assert not Preferences.objects.exists()
    assert visitor.post(url).status_code == 200
    kept = Preferences.objects.get()
    assert (kept.member_id, kept.channels) == (member("reza").pk, {"assigned": {"app": True, "mail": ""}})


def test_a_link_of_another_tenant_ends_nothing(at, in_a, member):
    path = "/notifications/leave/" + leave_url(actor_for(member("reza"), "job"), "assigned").rpartition("/")[2]
    assert at("b").post(path).status_code == 404
    assert at("a").post(path + "x").status_code == 404


def test_mail_is_not_sent_twice_by_two_workers(access, deal, member, monkeypatch):
    """The second takes what is waiting while the first one sends."""
    notify(member("reza").pk, "assigned", key="k", record=("deals", deal.pk))
    Notification.objects.update(mail_at=timezone.now())
    once = mailing.Letter.send

    def while_another_sends(letter, *to):
        monkeypatch.setattr(mailing.Letter, "send", once)
        send_waiting()
        once(letter, *to)

    monkeypatch.setattr(mailing.Letter, "send", while_another_sends)
    send_waiting()
    assert len(mail.outbox) == 1


# -- the API


def test_the_api_lists_reads_and_follows(api_for, access, three, deal):
    reza = api_for("reza")
    found = reza.get("/api/v1/notifications?unread=true&limit=2").json()
    assert (len(found["results"]), found["unread"]) == (2, 3)
    assert found["results"][0]["record"] == {"type": "deals", "id": str(deal.pk), "label": "Pump"}
    rest = reza.get(f"/api/v1/notifications?unread=true&cursor={found['next']}").json()
    assert len(rest["results"]) == 1
    one = reza.post(f"/api/v1/notifications/{found['results'][0]['id']}/read").json()
    assert one["read_at"]
    assert reza.post("/api/v1/notifications/read-all").json()["unread"] == 0
    assert reza.get("/api/v1/notifications").json()["unread"] == 0
    assert reza.post(f"/api/v1/deals/{deal.pk}/unfollow").json()["following"] is False
    followed = reza.post(f"/api/v1/deals/{deal.pk}/follow").json()
    assert [f["label"] for f in followed["followers"]] == ["Reza Rep"]
    assert api_for("mina").post(f"/api/v1/deals/{deal.pk}/follow").status_code == 404


def test_a_program_mentions_by_name_and_reads_names(api_for, deal):
    body = {"body": "@Reza Rep, see", "about": {"type": "deals", "id": str(deal.pk)}}
    made = api_for("sara").post("/api/v1/notes", body)
    assert made.status_code == 201
    assert made.json()["body"] == "@Reza Rep, see"
    refused = api_for("sara").post("/api/v1/notes", {**body, "body": "@Mina Rep, see"})
    assert (refused.status_code, "Mina Rep" in refused.content.decode()) == (400, True)


def test_whoever_invited_somebody_is_told_that_they_came(access, member, fan_out):
    new = create(access("sara", "members"), {"name": "Nora New", "email": "nora@a.example"})
    invitation = invite(new, member("sara"))
    identity = Identity.objects.new(email="nora@a.example", name="Nora New", password=None, language="en")
    assert accept(invitation, identity)
    fan_out()
    assert [(row.member.name, row.kind) for row in told()] == [("Sara Admin", "joined")]
