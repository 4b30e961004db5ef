"""Work whose message was lost is found: tenants that may have some are marked, and swept."""

import datetime

import pytest
from django.utils import timezone

from kernel.tenancy import pending
from kernel.tenancy.context import NoTenant, in_tenant
from kernel.tenancy.models import PendingWork
from kernel.tenancy.pending import mark_pending, sweep, sweep_all, sweep_tenant
from tenants.lifecycle import suspend


@pytest.fixture(autouse=True)
def own_sweepers(monkeypatch):
    monkeypatch.setattr(pending, "sweepers", [])


@pytest.fixture
def started(monkeypatch):
    """The tenants that a tick starts sweeping, instead of messages."""
    started: list[str] = []
    monkeypatch.setattr(pending, "_start", lambda tenant: started.append(tenant.subdomain))
    return started


def age(tenant, **times):
    PendingWork.objects.filter(tenant=tenant).update(
        **{name: timezone.now() - datetime.timedelta(seconds=seconds) for name, seconds in times.items()}
    )


def test_marking_needs_a_tenant():
    with pytest.raises(NoTenant):
        mark_pending()


def test_a_mark_is_written_once_in_a_while(tenant_a, django_assert_num_queries):
    with in_tenant(tenant_a), django_assert_num_queries(1, using="platform"):
        for _time in range(5):
            mark_pending()
    assert PendingWork.objects.get().tenant == tenant_a


def test_a_mark_is_renewed_after_the_commit(tenant_a, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(pending, "DEBOUNCE", 0)
    with django_capture_on_commit_callbacks(execute=True), in_tenant(tenant_a):
        mark_pending()
        PendingWork.objects.all().delete()
    assert PendingWork.objects.filter(tenant=tenant_a).exists()


def test_a_mark_outlives_a_transaction_that_fails(tenant_a):
    with pytest.raises(ZeroDivisionError), in_tenant(tenant_a):
        mark_pending()
        raise ZeroDivisionError
    assert PendingWork.objects.filter(tenant=tenant_a).exists()


def test_a_tick_starts_the_marked_tenants_alone(tenant_a, tenant_b, started):
    with in_tenant(tenant_b):
        mark_pending()
    assert sweep() == 1
    assert started == ["b"]


def test_a_second_beat_finds_nothing_left_to_start(tenant_a, started):
    with in_tenant(tenant_a):
        mark_pending()
    sweep()
    assert sweep() == 0
    assert started == ["a"]


def test_the_next_tick_starts_them_again_while_the_mark_stands(tenant_a, started):
    with in_tenant(tenant_a):
        mark_pending()
    sweep()
    age(tenant_a, swept_at=15)
    assert sweep() == 1


def test_a_suspended_tenant_waits_and_keeps_its_mark(tenant_a, started):
    with in_tenant(tenant_a):
        mark_pending()
    suspend(tenant_a, "Unpaid.")
    assert sweep() == 0
    assert PendingWork.objects.filter(tenant=tenant_a).exists()


def test_the_hourly_sweep_asks_no_marks(started):
    assert sweep_all() == 2
    assert started == ["a", "b"]


def test_sweeping_runs_each_sweeper_in_the_tenant(tenant_a):
    seen = []
    pending.sweepers.append(lambda: seen.append(pending.get_tenant().subdomain))
    with in_tenant(tenant_a):
        sweep_tenant()
    assert seen == ["a"]


def test_a_young_mark_stays_for_transactions_that_relied_on_it(tenant_a):
    with in_tenant(tenant_a):
        mark_pending()
        sweep_tenant()
    assert PendingWork.objects.filter(tenant=tenant_a).exists()


def test_an_old_mark_goes_when_nothing_is_left(tenant_a):
    with in_tenant(tenant_a):
        mark_pending()
        age(tenant_a, marked_at=90)
        sweep_tenant()
    assert not PendingWork.objects.filter(tenant=tenant_a).exists()


def test_an_old_mark_stays_while_something_is_left(tenant_a):
    pending.sweepers.append(lambda: True)
    with in_tenant(tenant_a):
        mark_pending()
        age(tenant_a, marked_at=90)
        assert sweep_tenant()
    assert PendingWork.objects.filter(tenant=tenant_a).exists()


def test_a_sweeper_that_fails_does_not_keep_the_others_from_their_work(tenant_a):
    seen = []

    def broken() -> None:
        raise ZeroDivisionError

    pending.sweepers.extend([broken, lambda: seen.append("next")])
    with in_tenant(tenant_a):
        assert sweep_tenant()
    assert seen == ["next"]
