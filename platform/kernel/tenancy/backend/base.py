"""The connection of the `default` alias: each transaction is bound to the current tenant, anything else is refused.

The binding is SET LOCAL, so it ends with the transaction: nothing is left on the connection for the next request or
for whoever gets it from a pool. There is no tenant state here but "which tenant owns the open transaction".
"""

import select
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.base.base import NO_DB_ALIAS
from django.utils.functional import cached_property
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantsWrapper
from django_tenants.postgresql_backend.base import FakeTenant, original_backend
from django_tenants.utils import get_public_schema_name, quote_schema_name
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.types.datetime import TimestamptzLoader

from kernel.tenancy.backend.introspection import Introspection
from kernel.tenancy.backend.plans import Plans
from kernel.tenancy.context import (
    NoTenant,
    OutsideTransaction,
    TenantSwitch,
    current_tenant,
    owner_rights,
    statement_timeout_ms,
    tenant_only,
)

PlainWrapper: Any = original_backend.DatabaseWrapper
NOBODY = FakeTenant(get_public_schema_name())


class DatabaseWrapper(TenantsWrapper):
    connection: Any
    in_atomic_block: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._owner: str | None = None
        self._bound = False
        self._bare = 0
        self._session = False
        self._ready = False
        self.memo: dict[Any, Any] = {}  # what was looked up for the open transaction, gone with it
        self._released: str | None = None  # the savepoint that is to be released with the next command
        super().__init__(*args, **kwargs)
        self.introspection = Introspection(self)
        self._ready = True
        if self.alias == NO_DB_ALIAS:  # creates and drops the test database
            self._bare = 1

    # What django-tenants reads and writes on the connection goes to the one variable.

    @property
    def tenant(self) -> Any:
        return current_tenant.get() or NOBODY

    @tenant.setter
    def tenant(self, value: Any) -> None:
        pass

    @property
    def schema_name(self) -> str:
        return self.tenant.schema_name

    @schema_name.setter
    def schema_name(self, value: Any) -> None:
        pass

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        # The parent's __init__ resets to public: a thread's first connection would wipe the request's tenant.
        if self._ready:
            current_tenant.set(None if tenant.schema_name == NOBODY.schema_name else tenant)

    def _get_cursor_search_paths(self) -> list[str]:
        own = [] if self.schema_name == NOBODY.schema_name else [self.schema_name]
        return [*own, *settings.PG_EXTRA_SEARCH_PATHS]

    # Binding

    def in_real_transaction(self) -> bool:
        """Whether a transaction is open that the code under way opened: the one around a TestCase does not count.

        So code that forgets its transaction fails in tests as it does in production.
        """
        return any(not block._from_testcase for block in self.atomic_blocks)

    @property
    def in_session(self) -> bool:
        """Whether migrations or checks are at work here, on a schema that may not be whole."""
        return self._session

    def _cursor(self, name: str | None = None) -> Any:
        if self._bare:
            return PlainWrapper._cursor(self, name)
        if self._session:
            return super()._cursor(name)
        schema_name = self._asked_for()
        cursor = PlainWrapper._cursor(self, name)
        self._bind(schema_name)
        return cursor

    def _asked_for(self) -> str:
        """The schema of the current tenant, if it may be asked now."""
        tenant = current_tenant.get()
        if tenant is None:
            raise NoTenant("A tenant's table was asked for, but no tenant is set.")
        if not self.in_real_transaction():
            raise OutsideTransaction(f"A query for {tenant.schema_name} was made outside a transaction.")
        if self._owner not in (None, tenant.schema_name):
            raise TenantSwitch(f"The transaction of {self._owner} was asked for {tenant.schema_name}.")
        return str(tenant.schema_name)

    def _bind(self, schema_name: str) -> None:
        """Bind the open transaction; the first time its BEGIN goes with it, so that both cost one round trip."""
        if not self._bound:
            with self.wrap_database_errors:
                self._say(self._binding(schema_name))
            self._owner, self._bound = schema_name, True

    def _say(self, command: str) -> None:
        """A command without values or rows, past the layers that those need. The first of a transaction opens it."""
        self.ensure_connection()
        server = self.connection.pgconn
        is_first = not self.connection.autocommit and server.transaction_status == TransactionStatus.IDLE
        result = server.exec_(f"{'BEGIN; ' if is_first else ''}{command}".encode())
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(result)

    def _binding(self, schema_name: str) -> str:
        path = ", ".join(quote_schema_name(name) for name in [schema_name, *settings.PG_EXTRA_SEARCH_PATHS])
        binding = f"SET LOCAL search_path = {path}; SET LOCAL statement_timeout = {statement_timeout_ms():d}"
        if not settings.TENANT_ROLES:
            return binding
        role = "NONE" if owner_rights.get() else quote_schema_name(schema_name)
        return f"{binding}; SET LOCAL ROLE {role}"

    @contextmanager
    def as_owner(self) -> Generator[None]:
        """Inside a savepoint: rolled back, it brings the tenant's role back by itself."""
        schema_name = self._asked_for()
        self._bind(schema_name)
        if not settings.TENANT_ROLES or owner_rights.get():
            yield
            return
        self._plain("SET LOCAL ROLE NONE")
        yield
        self._plain(f"SET LOCAL ROLE {quote_schema_name(schema_name)}")

    def _end(self) -> None:
        self._owner, self._bound, self._released = None, False, None
        self.memo.clear()

    def _commit(self) -> Any:
        try:
            return super()._commit()
        finally:
            self._end()

    def _rollback(self) -> Any:
        self._end()
        return super()._rollback()

    def close(self) -> None:
        self._end()
        super().close()

    def savepoint_commit(self, sid: str) -> None:
        super().savepoint_commit(sid)
        self._after_savepoint()

    def savepoint_rollback(self, sid: str) -> None:
        super().savepoint_rollback(sid)
        self._bound = False  # ROLLBACK TO undoes a SET LOCAL that was made after the savepoint
        self.memo.clear()
        self._after_savepoint()

    def _after_savepoint(self) -> None:
        if not self.in_real_transaction():  # under TestCase the outermost block is a savepoint
            self._end()

    # Statements that are asked again and again

    def rows_of(self, statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement written by hand that most requests ask: planned by the server once, not each time.

        The tenant's name in it gives each schema its own plan: no plan ever meets another tenant's tables.
        """
        if self.queries_logged or self._session:  # somebody counts what is sent, or looks at a schema of no tenant
            with self.cursor() as cursor:
                cursor.execute(statement, params)
                return cursor.fetchall() if cursor.description else []
        schema_name = self._asked_for()
        self.validate_no_broken_transaction()
        self.ensure_connection()
        self._bind(schema_name)
        with self.wrap_database_errors:
            return self._plans.rows(f"{statement} -- {schema_name}", params)

    def create_cursor(self, name: str | None = None) -> Any:
        if name:
            return original_backend.ServerSideCursor(self.connection, name=name, scrollable=False)
        return self.connection.cursor()

    def is_usable(self) -> bool:
        """Whether the server is still there. It says nothing unasked but farewell, so silence needs no round trip."""
        if self.connection is not None and not self.connection.closed and not self.errors_occurred:
            look = select.poll()
            look.register(self.connection.fileno(), select.POLLIN)
            if not look.poll(0):
                return True
        return bool(super().is_usable())

    # Django's own statements that name no table

    @contextmanager
    def bare(self) -> Generator[None]:
        """Cursors without a tenant, for statements that name no table of one."""
        self._bare += 1
        try:
            yield
        finally:
            self._bare -= 1

    def _savepoint(self, sid: str) -> None:
        released, self._released = self._released, None
        before = f"{self.ops.savepoint_commit_sql(released)}; " if released else ""
        self._plain(f"{before}{self.ops.savepoint_create_sql(sid)}")

    def _savepoint_commit(self, sid: str) -> None:
        # Said with the next savepoint, or not at all: COMMIT releases too, and each write would wait for it once more.
        self._released = sid  # with those inside it

    def _plain(self, command: str) -> None:
        """Past all layers, unless somebody counts what is sent."""
        if self.queries_logged:
            with self.bare(), self.cursor() as cursor:
                cursor.execute(command)
        else:
            with self.wrap_database_errors:
                self._say(command)

    def _savepoint_rollback(self, sid: str) -> None:
        self._released = None  # it was made later, and is gone with this
        with self.bare():
            super()._savepoint_rollback(sid)

    def check_constraints(self, table_names: Any = None) -> None:
        with self.bare():
            super().check_constraints(table_names)

    def init_connection_state(self) -> None:
        with self.bare():
            super().init_connection_state()
        # Sessions are in UTC, so psycopg's own loader of moments answers what Django's does; it is written in C.
        self.connection.adapters.register_loader("timestamptz", TimestamptzLoader)
        self._plans = Plans(self.connection, keeps=self.settings_dict["KEEPS_PLANS"])

    @cached_property
    def pg_version(self) -> int:
        with self.bare(), self.temporary_connection():
            return self.connection.info.server_version

    @contextmanager
    def session_scope(self, schema_name: str | None = None) -> Generator[Any]:
        """A session on one schema, without the rules above: for migrations and operators' checks only.

        Needs a direct connection to the server, never one through a pooler, and no open transaction.
        """
        if self.in_atomic_block:
            raise OutsideTransaction("A session scope can't begin inside a transaction.")
        self._session = True
        try:
            with tenant_only(FakeTenant(schema_name) if schema_name else None):
                yield self
        finally:
            self._session = False
            self.close()
            self._forget_transaction()

    def _forget_transaction(self) -> None:
        """Django's schema editor leaves its transaction when a statement fails that it had put off to the end."""
        if self.in_atomic_block:
            self.atomic_blocks.clear()
            self.savepoint_ids.clear()
            self.run_on_commit.clear()
            self.in_atomic_block = self.needs_rollback = self.closed_in_transaction = False
            self.connection = None
