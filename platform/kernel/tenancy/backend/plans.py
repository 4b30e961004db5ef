"""Statements that are asked again and again: past all cursors, and planned by the server once for a connection."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

OFTEN = 5  # what is asked as often as this is planned and kept
MOST = 100  # statements remembered on a connection: each tenant that it serves has its own


class Plans:
    """Of one connection, for as long as it lasts."""

    def __init__(self, connection: Any, *, keeps: bool) -> None:
        self._server = connection.pgconn
        self._values = Transformer.from_context(connection)
        self._keeps = keeps
        self._known: OrderedDict[str, int | bytes] = OrderedDict()  # how often it was asked, or its plan's name
        self._made = 0

    def rows(self, statement: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """What the server answers to a statement with %s for each of these values, of the types that it expects."""
        given = self._values.dump_sequence(params, [PyFormat.TEXT] * len(params))
        plan = self._plan(statement, len(params)) if self._keeps else None
        if plan:
            result = self._server.exec_prepared(plan, given)
        else:
            result = self._server.exec_params(_spelled(statement, len(params)), given)
        if _checked(result).status != ExecStatus.TUPLES_OK:
            return []
        self._values.set_pgresult(result)
        return self._values.load_rows(0, result.ntuples, tuple)

    def _plan(self, statement: str, many: int) -> bytes | None:
        known = self._known.pop(statement, 0)
        if isinstance(known, int):
            known = known + 1 if known < OFTEN else self._prepare(statement, many)
        self._known[statement] = known  # what was asked last stands last
        if len(self._known) > MOST:
            _oldest, plan = self._known.popitem(last=False)
            if isinstance(plan, bytes):
                _checked(self._server.exec_(b"DEALLOCATE " + plan))
        return known if isinstance(known, bytes) else None

    def _prepare(self, statement: str, many: int) -> bytes:
        self._made += 1
        name = b"plan_%d" % self._made
        _checked(self._server.prepare(name, _spelled(statement, many)))
        return name


def _spelled(statement: str, many: int) -> bytes:
    return (statement % tuple(f"${number}" for number in range(1, many + 1))).encode()


def _checked(result: PGresult) -> PGresult:
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise psycopg.errors.error_from_result(result)
    return result
