"""Two sweepers and two senders at the very same moment. On committed data."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone

from crm_core.teamwork import reminders
from crm_core.teamwork.mailing import send_waiting
from crm_core.teamwork.models import Notification, Reminder
from kernel.access.actor import actor_for
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant, tenant_only

pytestmark = pytest.mark.django_db(transaction=True)
TASKS = 8


def at_once(tenant, act, workers=2):
    together = Barrier(workers)

    def one(_number):
        try:
            with tenant_only(tenant):
                together.wait(5)
                act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, range(workers)))


def test_two_sweepers_and_two_senders_tell_each_reminder_once(tenant_a, member):
    with in_tenant(tenant_a):
        tasks = actor_for(member("reza"), "page").access(registry["tasks"])
        due = timezone.now() + timedelta(minutes=1)
        for number in range(TASKS):
            create(tasks, {"subject": f"Task {number}", "due_at": due})
        Reminder.objects.update(remind_at=timezone.now())

    def sweep():
        with in_tenant(tenant_a):
            reminders.sweep_reminders()

    at_once(tenant_a, sweep)
    with in_tenant(tenant_a):
        assert Notification.objects.filter(kind="reminder").count() == TASKS
        assert not Reminder.objects.filter(told_at=None).exists()
    at_once(tenant_a, send_waiting)
    assert sorted(letter.subject for letter in mail.outbox) == [f"Due: Task {number}" for number in range(TASKS)]
