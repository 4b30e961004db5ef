"""Celery tasks and tenants: a message carries its tenant, signed, and without a good one it is not executed.

`@shared_task(base=TenantTask)` for work inside a tenant, `@shared_task(base=PlatformTask)` for work of the platform.
"""

import logging
from typing import Any
from uuid import UUID, uuid4

from celery import Task
from celery.exceptions import Reject
from django.core.signing import BadSignature, Signer
from prometheus_client import Counter

from kernel.tenancy.context import get_tenant, in_tenant, statements_within, tenant_only
from kernel.tenancy.hosts import tenant_by_id

HEADER = "peyvand_tenant"
logger = logging.getLogger(__name__)
refused = Counter("peyvand_tasks_refused", "Messages that were not executed, for want of a good tenant.", ["reason"])
_signer = Signer(salt="kernel.tenancy.tasks")


class TaskRefused(Reject):
    """The message was dropped: its tenant is missing, forged, unknown or not active."""


def seal(tenant_id: UUID, task: str, task_id: str) -> str:
    """The header of one message: a tenant's id, signed for this task and this message alone."""
    return f"{tenant_id}:{_signer.signature(f'{tenant_id}:{task}:{task_id}')}"


def unseal(header: str, task: str, task_id: str) -> UUID:
    """The tenant of a message; BadSignature if the header was not made for it."""
    tenant_id, _, signature = header.partition(":")
    _signer.unsign(f"{tenant_id}:{task}:{task_id}{_signer.sep}{signature}")
    return UUID(tenant_id)


class TenantTask(Task):
    """Runs in the tenant that enqueued it, in one transaction; `get_tenant()` is set whenever the body runs.

    With `atomic = False` the body opens its own, `with in_tenant(get_tenant())`: for work that is long.
    """

    abstract = True
    atomic = True
    acks_late = True
    reject_on_worker_lost = True
    statement_timeout_ms = 5 * 60_000

    def apply_async(
        self,
        args: Any = None,
        kwargs: Any = None,
        task_id: str | None = None,
        *rest: Any,
        headers: dict[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        tenant = get_tenant()
        task_id = task_id or str(uuid4())
        headers = {**(headers or {}), HEADER: seal(tenant.pk, self.name, task_id)}
        return super().apply_async(args, kwargs, task_id, *rest, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Called as a plain function it belongs to whoever calls; every other way there must be a message's header.
        tenant = get_tenant() if self.request.called_directly else self._tenant_of_message()
        inside = in_tenant if self.atomic else tenant_only
        with statements_within(self.statement_timeout_ms), inside(tenant):
            return self.run(*args, **kwargs)

    def _tenant_of_message(self) -> Any:
        header = (self.request.headers or {}).get(HEADER)
        if not header:
            raise self._refuse("missing")
        try:
            tenant_id = unseal(str(header), self.name, self.request.id)
        except (BadSignature, ValueError):
            raise self._refuse("forged") from None
        tenant = tenant_by_id(tenant_id)
        if tenant is None:
            raise self._refuse("unknown")
        if tenant.status != "active":
            raise self._refuse(tenant.status)
        return tenant

    def _refuse(self, reason: str) -> TaskRefused:
        refused.labels(reason).inc()
        logger.error("Task %s [%s] was not executed: its tenant is %s.", self.name, self.request.id, reason)
        return TaskRefused(reason, requeue=False)


class PlatformTask(Task):
    """Runs on the platform's side, with no tenant set."""

    abstract = True
    acks_late = True
    reject_on_worker_lost = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with tenant_only(None):
            return self.run(*args, **kwargs)
