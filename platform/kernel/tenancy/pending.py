"""Work that a lost message must not lose: tenants that may have some are marked, and swept every few seconds.

Work for a moment to come (a reminder) is told by `wake_at`: until then the tenant costs the sweep nothing.
"""

import datetime
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django_tenants.utils import get_tenant_model

from kernel.tenancy.context import get_tenant, tenant_only
from kernel.tenancy.models import PendingWork, Wake
from kernel.tenancy.tasks import PlatformTask, TenantTask

Sweeper = Callable[[], object]
sweepers: list[Sweeper] = []
logger = logging.getLogger(__name__)

DEBOUNCE = 20.0
# A mark stays at least this long after it was set, well above DEBOUNCE: a transaction that relied on a mark set up to
# DEBOUNCE seconds before it began still finds its tenant swept after it has committed.
KEEP = datetime.timedelta(seconds=60)
SWEPT_LATELY = datetime.timedelta(seconds=10)
AT_ONCE = 500

_marked: dict[UUID, float] = {}
_woken: dict[UUID, datetime.datetime] = {}
_lock = threading.Lock()


def sweeper(sweep: Sweeper) -> Sweeper:
    """Have a function look for its left work in each marked tenant; it answers True while some is left."""
    sweepers.append(sweep)
    return sweep


def mark_pending() -> None:
    """Say that the current tenant may have work waiting. Cheap: written once in 20 s for each tenant and process.

    The mark is committed before the tenant's transaction and once more after it, so that neither a process killed
    between the two nor a sweep in between leaves the work unseen.
    """
    tenant_id = get_tenant().pk
    _mark(tenant_id)
    transaction.on_commit(lambda: _mark(tenant_id), using="default", robust=True)


def _mark(tenant_id: UUID) -> None:
    now = time.monotonic()
    with _lock:
        if now - _marked.get(tenant_id, float("-inf")) < DEBOUNCE:
            return
        _marked[tenant_id] = now
    _mark_all([tenant_id])


def _mark_all(tenants: Iterable[UUID]) -> None:
    now = timezone.now()
    with tenant_only(None):
        PendingWork.objects.bulk_create(
            [PendingWork(tenant_id=tenant_id, marked_at=now) for tenant_id in tenants],
            update_conflicts=True,
            unique_fields=["tenant"],
            update_fields=["marked_at"],
        )


def wake_at(moment: datetime.datetime) -> None:
    """Have the current tenant swept from this moment on, or from an earlier one that was asked for already.

    Written now and once more after the commit, as with `mark_pending`; the hourly sweep finds what both missed.
    """
    tenant_id = get_tenant().pk
    _wake(tenant_id, moment)
    transaction.on_commit(lambda: _wake(tenant_id, moment, is_again=True), using="default", robust=True)


def _wake(tenant_id: UUID, moment: datetime.datetime, *, is_again: bool = False) -> None:
    known = _woken.get(tenant_id)
    if not is_again and known is not None and timezone.now() < known <= moment:
        return  # that one is still to come, and the sweep then asks for the next
    with tenant_only(None):
        Wake.objects.bulk_create([Wake(tenant_id=tenant_id, at=moment)], ignore_conflicts=True)
        Wake.objects.filter(tenant=tenant_id, at__gt=moment).update(at=moment)
    _woken[tenant_id] = moment


def forget_marks() -> None:
    """Forget what this process has marked: for tests, and after a fork."""
    with _lock:
        _marked.clear()
        _woken.clear()


@shared_task(base=PlatformTask, name="kernel.tenancy.tasks.sweep")
def sweep() -> int:
    """Beat's tick: start the sweepers of each marked tenant. Answers how many; a second beat finds none left."""
    now = timezone.now()
    _mark_woken(now)
    due = PendingWork.objects.filter(
        Q(swept_at=None) | Q(swept_at__lt=now - SWEPT_LATELY), tenant__status="active"
    ).select_related("tenant")
    started = 0
    for row in due.order_by("swept_at")[:AT_ONCE]:
        mine = PendingWork.objects.filter(pk=row.pk, swept_at=row.swept_at).update(swept_at=now)
        if mine:
            _start(row.tenant)
            started += 1
    return started


def _mark_woken(now: datetime.datetime) -> None:
    """Those whose moment has come. The mark is there before the wake goes."""
    woken = list(Wake.objects.filter(at__lte=now, tenant__status="active").values_list("tenant", "at")[:AT_ONCE])
    if woken:
        _mark_all(tenant for tenant, _at in woken)
        Wake.objects.filter(tenant__in=[tenant for tenant, _at in woken], at__lte=now).delete()


@shared_task(base=PlatformTask, name="kernel.tenancy.tasks.sweep_all")
def sweep_all() -> int:
    """Beat's hourly tick: every active tenant, whatever the marks say."""
    started = 0
    for tenant in get_tenant_model().objects.filter(status="active").iterator():
        _start(tenant)
        started += 1
    return started


def _start(tenant: Any) -> None:
    with tenant_only(tenant):
        sweep_tenant.apply_async(expires=60)


@shared_task(base=TenantTask, name="kernel.tenancy.tasks.sweep_tenant")
def sweep_tenant() -> bool:
    """Run every sweeper in one tenant; the mark goes once it is old enough and nothing is left."""
    tenant, began = get_tenant(), timezone.now()
    is_left = False
    for sweep in sweepers:
        try:
            with transaction.atomic(using="default"):
                is_left = bool(sweep()) or is_left
        except Exception:
            logger.exception("The sweeper %s failed.", sweep.__qualname__)
            is_left = True
    if not is_left:
        PendingWork.objects.filter(tenant=tenant.pk, marked_at__lt=began - KEEP).delete()
    return is_left
