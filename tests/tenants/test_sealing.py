"""Events are sealed by a chain of digests; whatever is changed, taken out or put in afterwards is found."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from kernel.events import sealing
from kernel.events.erasing import erase_values
from kernel.events.models import Event, Reaction, Retention, Seal
from kernel.events.removing import remove_before, sweep_old
from kernel.lib.ids import uuid7, uuid7_of
from kernel.records.models import LegalHold
from kernel.tenancy.context import as_owner, in_tenant, owner_in_transaction
from kernel.tenancy.models import SealedUpTo


@pytest.fixture(autouse=True)
def three_a_seal(monkeypatch):
    monkeypatch.setattr(sealing, "AT_ONCE", 3)


@pytest.fixture
def happened(tenant_a, member):
    """Seven events, in three seals."""
    with in_tenant(tenant_a):
        reza = member("reza")
    return [happen(tenant_a, member=reza, changes={"name": [None, f"Deal {number}"]}) for number in range(7)]


def happen(tenant, **values):
    with in_tenant(tenant):
        event = Event(**{"name": "deal.created", "via": "page", "record_type": "deals", "record_id": uuid7(), **values})
        event.save(force_insert=True)
        return event


@pytest.fixture
def sealed(happened, seal):
    seal()
    return happened


@pytest.fixture
def seal(tenant_a, django_capture_on_commit_callbacks):
    def seal(most=100):
        with django_capture_on_commit_callbacks(execute=True), in_tenant(tenant_a):
            return sealing.seal_events(most)

    return seal


@pytest.fixture
def verify():
    """What is wrong with A's events, by the command."""

    def verify():
        told = StringIO()
        try:
            call_command("audit", "verify", tenant="a", json=True, stdout=told)
        except SystemExit as end:
            assert end.code == 1
        else:
            assert json.loads(told.getvalue())[0]["problems"] == []
        return json.loads(told.getvalue())[0]

    return verify


@pytest.fixture
def tamper(tenant_a):
    """As somebody who has the database's own role."""

    def tamper(statement, *values):
        with as_owner(), in_tenant(tenant_a), connection.cursor() as cursor:
            cursor.execute(statement, values)
            assert cursor.rowcount == 1

    return tamper


def test_what_was_sealed_is_found_as_it_was(sealed, verify, tenant_a):
    with in_tenant(tenant_a):
        assert Event.objects.filter(sealed_in=None).count() == 0
    told = verify()
    assert (told["problems"], told["events"] >= 7, told["seals"] >= 3) == ([], True, True)


@pytest.mark.parametrize(
    "change",
    [
        "changes = '{}'",
        "ip = '10.0.0.1'",
        "member_id = NULL",
        "name = 'deal.won'",
        "at = at - interval '1 hour'",
        "record_id = id",
        "via = 'api'",
        "salt = gen_random_uuid()",
        "erased_by = id",
        "sealed_in = sealed_in + 1",
        "sealed_in = NULL",
    ],
)
def test_a_changed_event_is_found(sealed, verify, tamper, change):
    tamper(f"UPDATE events_event SET {change} WHERE id = %s", sealed[2].pk)
    assert str(sealed[2].pk) in " ".join(verify()["problems"])


def test_a_missing_event_is_found(sealed, verify, tamper):
    tamper("DELETE FROM events_event WHERE id = %s", sealed[2].pk)
    assert verify()["problems"] == [f"Event {sealed[2].pk} is missing."]


def test_an_event_that_was_put_in_is_found(sealed, verify, tenant_a):
    with in_tenant(tenant_a):
        number = Event.objects.get(pk=sealed[2].pk).sealed_in
    stray = happen(tenant_a, sealed_in=number)
    assert verify()["problems"] == [f"Event {stray.pk} (deal.created) was put in: no seal knows it."]


@pytest.mark.parametrize("is_sealed", [False, True])
def test_an_event_that_was_written_into_the_past_is_found(sealed, verify, seal, tenant_a, is_sealed):
    stray = happen(tenant_a, id=uuid7_of(timezone.now() - timedelta(days=3)))
    if is_sealed:
        seal()
    assert verify()["problems"] == [f"Event {stray.pk} (deal.created) was written later than it says."]


@pytest.mark.parametrize("is_sealed", [False, True])
def test_an_event_that_says_it_was_long_before_it_was_written_is_found(sealed, verify, seal, tenant_a, is_sealed):
    stray = happen(tenant_a, at=timezone.now() - timedelta(days=3))
    if is_sealed:
        seal()
    assert verify()["problems"] == [f"Event {stray.pk} (deal.created) was written later than it says."]


def test_a_change_of_a_seal_is_found(sealed, verify, tamper):
    tamper("UPDATE events_seal SET entries = entries || %s WHERE number = 2", b"x" * 48)
    assert any("Seal 2 was changed" in problem for problem in verify()["problems"])


def test_a_seal_taken_from_the_middle_is_found(sealed, verify, tamper):
    tamper("DELETE FROM events_seal WHERE number = 2")
    problems = verify()["problems"]
    assert "Seals 2 to 2 are missing." in problems
    assert any("no seal knows it" in problem for problem in problems)


def test_the_end_of_the_chain_taken_away_is_found(sealed, verify, tamper, tenant_a):
    with in_tenant(tenant_a):
        last = Seal.objects.order_by("-number").first()
        ids = [pk for pk, _digest in sealing.entries_of(last)]
    for pk in ids:
        tamper("DELETE FROM events_event WHERE id = %s", pk)
    tamper("DELETE FROM events_seal WHERE number = %s", last.number)
    expected = f"The chain ends at seal {last.number - 1}, but the platform remembers seal {last.number}."
    assert verify()["problems"] == [expected]


def test_a_chain_made_anew_is_found(sealed, verify, tamper, tenant_a):
    """Whoever changes an event can spell all seals again, but not what the platform remembers."""
    tamper("UPDATE events_event SET changes = '{}' WHERE id = %s", sealed[2].pk)
    with as_owner(), in_tenant(tenant_a):
        before = sealing.FIRST
        for seal in Seal.objects.order_by("number"):
            events = list(Event.objects.filter(sealed_in=seal.number).order_by("pk"))
            again = sealing.seal_of(seal.number, before, events)
            again.save()
            before = again.hash
    assert ["is not the one that the platform remembers" in problem for problem in verify()["problems"]] == [True]


def test_an_event_that_is_committed_late_is_sealed_later(sealed, verify, seal, tenant_a):
    """Its id was made before those that are sealed already."""
    late = happen(tenant_a, id=uuid7_of(timezone.now() - timedelta(minutes=9)))
    seal()
    with in_tenant(tenant_a):
        assert Event.objects.get(pk=late.pk).sealed_in > Event.objects.get(pk=sealed[-1].pk).sealed_in
    assert verify()["problems"] == []


def test_sealing_goes_on_where_it_ended(happened, verify, seal):
    assert seal(1) is True
    assert seal() is False
    assert verify()["not_sealed"] == 0


def test_that_an_event_was_fanned_out_is_no_change(sealed, verify, tenant_a):
    with in_tenant(tenant_a):
        Event.objects.update(fanned_out_at=timezone.now())
    assert verify()["problems"] == []


def test_the_sweep_waits_until_there_is_much_or_it_waited_long(tenant_a, monkeypatch):
    happen(tenant_a)
    with in_tenant(tenant_a):
        sealing.seal_events(100)
        happen(tenant_a)
        sealing.sweep_unsealed()
        assert Event.objects.filter(sealed_in=None).count() == 1
        monkeypatch.setattr(sealing, "WAIT", timedelta(0))
        sealing.sweep_unsealed()
        assert Event.objects.filter(sealed_in=None).count() == 0


def test_the_platform_remembers_the_last_seal(sealed, tenant_a):
    with in_tenant(tenant_a):
        last = Seal.objects.order_by("-number").first()
    kept = SealedUpTo.objects.get(tenant=tenant_a)
    assert (kept.number, kept.hash) == (last.number, last.hash)


# Erasing


def erase(tenant, events, **how):
    because = happen(tenant, name="contact.erased")
    with in_tenant(tenant):
        return erase_values([event.pk for event in events], because, **how)


@pytest.mark.parametrize("is_sealed_before", [True, False])
def test_erased_values_are_gone_and_the_chain_holds(happened, seal, verify, tenant_a, is_sealed_before):
    if is_sealed_before:
        seal()
    assert erase(tenant_a, happened[:2]) == 2
    seal()
    with in_tenant(tenant_a):
        assert [Event.objects.get(pk=event.pk).changes for event in happened[:3]] == [{}, {}, happened[2].changes]
    told = verify()
    assert (told["problems"], told["erased"]) == ([], 2)


def test_erasing_twice_does_nothing_more(sealed, tenant_a):
    assert [erase(tenant_a, sealed[:2]) for _time in range(2)] == [2, 0]


def test_some_values_are_erased_and_later_the_rest(seal, verify, tenant_a):
    event = happen(tenant_a, changes={"name": [None, "Rose"], "amount": [None, "4"]}, ip="10.1.1.1", via="form")
    seal()
    erase(tenant_a, [event], remaining=lambda event: {"amount": event.changes["amount"]}, with_addresses=True)
    with in_tenant(tenant_a):
        left = Event.objects.get(pk=event.pk)
    assert (left.changes, left.ip) == ({"amount": [None, "4"]}, None)
    assert verify()["problems"] == []
    erase(tenant_a, [event])
    seal()
    assert verify()["problems"] == []


def test_what_tells_of_an_erasure_is_not_erased_itself(sealed, verify, seal, tenant_a):
    erase(tenant_a, sealed[:1])
    seal()
    with in_tenant(tenant_a):
        erasure = Event.objects.get(name=sealing.ERASED)
    assert erase(tenant_a, [erasure]) == 0
    assert verify()["problems"] == []


@pytest.mark.parametrize(
    ("statement", "which"),
    [
        ('UPDATE events_event SET changes = \'{"name": [null, "Other"]}\' WHERE id = %s', "erased"),
        ("UPDATE events_event SET erased_by = gen_random_uuid() WHERE id = %s", "erased"),
        ("DELETE FROM events_event WHERE id = %s", "erasure"),
        ("UPDATE events_event SET changes = '{}' WHERE id = %s", "erasure"),
    ],
)
def test_what_no_erasure_explains_is_found(sealed, verify, seal, tamper, tenant_a, statement, which):
    erase(tenant_a, sealed[:1])
    seal()
    with in_tenant(tenant_a):
        erasure = Event.objects.get(name=sealing.ERASED)
    tamper(statement, {"erased": sealed[0], "erasure": erasure}[which].pk)
    assert f"Event {sealed[0].pk} (deal.created) was changed." in verify()["problems"]


def test_an_erasure_that_is_rolled_back_leaves_values_and_role(sealed, tenant_a):
    because = happen(tenant_a, name="contact.erased")

    def fail(event):
        raise ZeroDivisionError

    with in_tenant(tenant_a):
        with pytest.raises(ZeroDivisionError):
            erase_values([sealed[0].pk], because, fail)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == ("t_a",)
        assert Event.objects.get(pk=sealed[0].pk).changes == sealed[0].changes


def test_the_owners_rights_end_with_the_block(in_a):
    with owner_in_transaction():
        pass
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("t_a",)


# Retention


@pytest.fixture
def years_ago(tenant_a, seal):
    """Two seals of events from three years ago, and one of today's."""
    moment = timezone.now() - timedelta(days=1100)
    old = [happen(tenant_a, id=uuid7_of(moment + timedelta(hours=hour)), at=moment) for hour in range(6)]
    with in_tenant(tenant_a):
        for event in old:
            Reaction.objects.create(event=event, subscriber="x")
    seal()
    return old


@pytest.fixture
def remove(tenant_a):
    def remove(days):
        with in_tenant(tenant_a):
            while remove_before(timezone.now() - timedelta(days=days)):
                pass

    return remove


def test_what_is_older_than_it_is_kept_goes_and_is_not_missed(years_ago, happened, seal, verify, remove, tenant_a):
    seal()
    remove(730)
    with in_tenant(tenant_a):
        assert not Event.objects.filter(pk__in=[event.pk for event in years_ago]).exists()
        assert Event.objects.filter(pk__in=[event.pk for event in happened]).count() == 7
        assert Event.objects.get(name="audit.removed").changes["count"][1] == 6
    told = verify()
    assert (told["problems"], told["removed"]) == ([], 6)


def test_the_company_says_for_how_long(years_ago, happened, seal, verify, tenant_a):
    seal()
    with in_tenant(tenant_a):
        assert sweep_old() is False
        assert Event.objects.filter(pk__in=[event.pk for event in years_ago]).count() == 6
        for years, left in ((5, 6), (2, 0)):
            Retention.objects.update_or_create(only=True, defaults={"years": years})
            sweep_old()
            assert Event.objects.filter(pk__in=[event.pk for event in years_ago]).count() == left
    assert verify()["problems"] == []


def test_less_than_a_year_is_refused(in_a):
    with pytest.raises(IntegrityError, match="a_year_at_least"), transaction.atomic():
        Retention.objects.create(years=0)


def test_nothing_is_removed_twice(years_ago, seal, remove, tenant_a):
    remove(730)
    remove(730)
    with in_tenant(tenant_a):
        assert Event.objects.filter(name="audit.removed").count() == 1


@pytest.mark.parametrize("ahead", [0, 1000])
@pytest.mark.parametrize("is_id_too", [False, True])
def test_a_removal_excuses_nothing_that_is_younger_than_a_year(sealed, verify, tamper, tenant_a, ahead, is_id_too):
    at = timezone.now() + timedelta(days=ahead)
    more = {"id": uuid7_of(at)} if is_id_too else {}
    changes = {"seal": [None, 99], "count": [None, 1]}
    happen(tenant_a, name="audit.removed", via="job", changes=changes, at=at, **more)
    tamper("DELETE FROM events_event WHERE id = %s", sealed[2].pk)
    assert verify()["problems"] == [f"Event {sealed[2].pk} is missing."]


def test_nothing_is_removed_while_something_is_held(years_ago, remove, tenant_a):
    with in_tenant(tenant_a):
        hold = LegalHold.objects.create(record_id=years_ago[0].record_id, record_type="deals", reason="Case 1")
    remove(730)
    with in_tenant(tenant_a):
        assert Event.objects.filter(pk__in=[event.pk for event in years_ago]).count() == 6
        hold.delete()
    remove(730)
    with in_tenant(tenant_a):
        assert not Event.objects.filter(pk__in=[event.pk for event in years_ago]).exists()


def test_an_event_that_is_there_again_after_its_removal_is_found(years_ago, verify, remove, tenant_a):
    remove(730)
    back = years_ago[1]
    back.sealed_in = 1
    with in_tenant(tenant_a):
        Event.objects.bulk_create([back])
    assert verify()["problems"] == [f"Event {back.pk} is there, though it was removed."]
