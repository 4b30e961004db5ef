"""Whose work this is: one context variable, from which connection, cache key, log tag and task header derive."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import connections, transaction

T = TypeVar("T")

current_tenant: ContextVar[Any] = ContextVar("current_tenant", default=None)
statement_timeout: ContextVar[int | None] = ContextVar("statement_timeout", default=None)
owner_rights: ContextVar[bool] = ContextVar("owner_rights", default=False)


class TenancyError(RuntimeError):
    """A tenant's data was asked for in a way that could answer from the wrong place, so it was refused."""


class NoTenant(TenancyError):
    """No tenant is set."""


class OutsideTransaction(TenancyError):
    """A tenant is set, but no transaction is open that could be bound to it."""


class TenantSwitch(TenancyError):
    """The open transaction belongs to another tenant."""


def get_tenant() -> Any:
    """The current tenant; NoTenant if there is none."""
    tenant = current_tenant.get()
    if tenant is None:
        raise NoTenant("No tenant is set here.")
    return tenant


@contextmanager
def tenant_only(tenant: Any) -> Generator[Any]:
    """Set the current tenant and nothing else: without a transaction its data still can't be reached.

    `None` hides the tenant, for work on the platform's side only.
    """
    token = current_tenant.set(tenant)
    try:
        yield tenant
    finally:
        current_tenant.reset(token)


@contextmanager
def in_tenant(tenant: Any) -> Generator[Any]:
    """Work inside a tenant, in a transaction: the way in for tasks, commands, tests, streams and callbacks."""
    connection = cast(Any, connections["default"])
    inside = getattr(current_tenant.get(), "schema_name", None)
    if connection.in_real_transaction() and inside != tenant.schema_name:
        raise TenantSwitch(f"{tenant.schema_name} was entered inside a transaction of {inside}.")
    with tenant_only(tenant), transaction.atomic(using="default"):
        yield tenant


@contextmanager
def statements_within(milliseconds: int) -> Generator[None]:
    """Bound each statement of the transactions begun inside, in place of TENANT_STATEMENT_TIMEOUT_MS."""
    token = statement_timeout.set(milliseconds)
    try:
        yield
    finally:
        statement_timeout.reset(token)


@contextmanager
def as_owner() -> Generator[None]:
    """Let the transactions begun inside make and remove tables, as the role that the installation connects as: for
    provisioning, removing and operators' tools alone. All others run as the tenant's own role."""
    token = owner_rights.set(True)
    try:
        yield
    finally:
        owner_rights.reset(token)


@contextmanager
def owner_in_transaction() -> Generator[None]:
    """Within the tenant's transaction that is open, act as the role that the installation connects as: for the two
    things that may be done to rows which stay as they were written, erasing values and keeping to a retention."""
    connection = cast(Any, connections["default"])
    with transaction.atomic(using="default"), connection.as_owner():
        yield


def statement_timeout_ms() -> int:
    """How long one statement may run in the transaction that begins now."""
    milliseconds = statement_timeout.get()
    return settings.TENANT_STATEMENT_TIMEOUT_MS if milliseconds is None else milliseconds


def on_commit(fn: Callable[[], object], *, robust: bool = True) -> None:
    """Run fn once this tenant's transaction has committed: in the same tenant, in a transaction of its own.

    Django's own on_commit runs outside any transaction, and under test capture after the request, without a tenant.
    An error of fn is logged and does not reach the caller, whose work has been committed, unless `robust` is False.
    """
    tenant = get_tenant()

    def run() -> None:
        with in_tenant(tenant):
            fn()

    transaction.on_commit(run, using="default", robust=robust)


def stream(tenant: Any, chunks: Iterable[T]) -> Iterator[T]:
    """Hand out a lazy body chunk by chunk, each made in a short transaction of the tenant.

    A streaming body is read after the request's transaction has ended. The variable is never set while a chunk is
    handed out: set inside a generator, it would leak to whoever reads it.
    """
    iterator = iter(chunks)
    while True:
        with in_tenant(tenant):
            try:
                chunk = next(iterator)
            except StopIteration:
                return
        yield chunk
