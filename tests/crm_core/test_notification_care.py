"""Notifications that are old go; a run that has a question tells whoever started it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from importing import carry_out, import_text

from crm_core.teamwork import inbox
from crm_core.teamwork.models import Notification
from kernel.access.actor import actor_for
from kernel.transfer import answering


@pytest.fixture
def told(in_a, member):
    """`told(days, is_read=True)`: a notification of that age."""

    def make(days, *, is_read=False, in_app=True):
        return Notification.objects.create(
            member=member("reza"), kind="joined", key=f"{days}:{is_read}:{in_app}", in_app=in_app,
            at=timezone.now() - timedelta(days=days), read_at=timezone.now() if is_read else None,
        )  # fmt: skip

    return make


def left():
    return set(Notification.objects.values_list("key", flat=True))


def test_what_was_read_goes_after_ninety_days_and_everything_after_a_year(told):
    for days in (89, 91, 366):
        told(days, is_read=True)
        told(days)
    assert inbox.forget_old() is False
    assert left() == {"89:True:True", "89:False:True", "91:False:True"}


def test_what_was_mail_alone_goes_like_what_was_read(told):
    told(91, in_app=False)
    inbox.forget_old()
    assert left() == set()


def test_it_goes_in_parts(told, monkeypatch):
    monkeypatch.setattr(inbox, "FORGOTTEN_AT_ONCE", 2)
    for days in (400, 401, 402):
        told(days)
    assert inbox.forget_old() is True
    assert left() == {"400:False:True"}
    assert inbox.forget_old() is False
    assert left() == set()


def test_an_import_that_has_a_question_tells_who_started_it_until_it_is_answered(in_a, member, client_for):
    sara = actor_for(member("sara"), "page")
    run = import_text(in_a, sara, "deals", "name,company\nA,Nova\n")
    assert Notification.objects.get(kind="run").member == sara.member
    assert "Waiting for your answer" in client_for("sara").get("/notifications").content.decode()
    answering.answer(run, sara, [{"field": "company", "action": "empty"}])
    carry_out(in_a, run)
    page = client_for("sara").get("/notifications").content.decode()
    assert "Waiting for your answer" not in page and "Done" in page
