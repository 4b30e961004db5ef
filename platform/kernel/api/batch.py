"""POST /api/v1/TYPE/batch: up to a thousand writes in one request, under one change set."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.api.bodies import read_id
from kernel.api.endpoint import Endpoint, reply
from kernel.api.problems import Problem, problem_of
from kernel.api.records import insists
from kernel.api.shapes import read_version, stale_of, take_values
from kernel.lib.ids import uuid7
from kernel.records.change import Stale, create, delete, edit
from kernel.records.duplicates import asking

MOST = 1000
KEYS = {"create": {"op", "values"}, "update": {"op", "id", "version", "values"}, "delete": {"op", "id", "version"}}


class Batch(Endpoint):
    """Mode "all" does everything or nothing; "each" does what can be done and tells what was refused, one by one."""

    def post(self, request: Any, slug: str) -> HttpResponse:
        access = self.access(slug)
        self.actor.check_system("bulk")
        body = self.body()
        operations, is_each = self._read(body)
        is_insisting = insists(request.GET)
        records = self._records(access, operations)
        change_set, results = uuid7(), []
        failed: list[tuple[int, Problem]] = []
        for number, operation in enumerate(operations):
            try:
                with transaction.atomic(), asking(not is_insisting):
                    results.append(_do(access, operation, records, change_set))
            except Exception as error:
                problem = problem_of(error)
                if problem.status >= 500:
                    raise
                failed.append((number, problem))
                results.append({"op": _name(operation), **problem.document()})
        if failed and not is_each:
            raise _refusal(failed)
        counts = {"done": len(operations) - len(failed), "refused": len(failed)}
        return reply({"results": results, **counts, "change_set": str(change_set)})

    @staticmethod
    def _read(body: dict[str, Any]) -> tuple[list[Any], bool]:
        operations, mode = body.get("operations"), body.get("mode", "all")
        if not isinstance(operations, list) or not 1 <= len(operations) <= MOST:
            message = _("Send a list of 1 to %(most)s operations.") % {"most": MOST}
            raise Problem(400, errors=[{"field": "operations", "code": "invalid", "message": message}])
        if mode not in ("all", "each"):
            message = _("Choose one of: %(allowed)s.") % {"allowed": "all, each"}
            raise Problem(400, errors=[{"field": "mode", "code": "choice", "message": message}])
        return operations, mode == "each"

    @staticmethod
    def _records(access: Access, operations: list[Any]) -> dict[UUID, Any]:
        """The records that are to be changed, read at once."""
        ids = set()
        for operation in operations:
            if isinstance(operation, dict) and isinstance(operation.get("id"), str):
                try:
                    ids.add(read_id(operation["id"]))
                except Problem:
                    continue
        return access.records().in_bulk(list(ids)) if ids else {}


def _name(operation: Any) -> str | None:
    name = operation.get("op") if isinstance(operation, dict) else None
    return name if isinstance(name, str) else None


def _do(access: Access, operation: Any, records: dict[UUID, Any], change_set: UUID) -> dict[str, Any]:
    name = _name(operation)
    if name not in KEYS or not set(operation) <= KEYS[name]:
        raise Problem(400, _('Send {"op": "create", "values": {…}}, or "update" or "delete" with "id".'))
    raw = operation.get("values", {})
    if not isinstance(raw, dict):
        raise Problem(400, _("Send the values as a JSON object."))
    if name == "create":
        access.check("create")
        values = take_values(access, raw, record=access.rtype.model())
        record = create(access, values, change_set=change_set)
        return {"op": name, "status": 201, "id": str(record.pk), "version": record.version}
    record = records.get(read_id(operation["id"])) if isinstance(operation.get("id"), str) else None
    if record is None:
        raise Problem(404, _("There is no such record, or it is not yours to see."))
    version = read_version(operation.get("version"))
    try:
        if name == "delete":
            delete(access, record, version, change_set=change_set)
        else:
            edit(access, record, take_values(access, raw, record=record), version, change_set=change_set)
    except Stale as error:
        raise stale_of(error, access, version, raw) from error
    return {"op": name, "status": 204 if name == "delete" else 200, "id": str(record.pk), "version": record.version}


def _refusal(failed: list[tuple[int, Problem]]) -> Problem:
    """Nothing was done: the reasons, each with the number of its operation, counted from 0."""
    errors: list[dict[str, Any]] = []
    for number, problem in failed[:100]:
        plain = [{"field": None, "code": "refused", "message": problem.document()["detail"]}]
        errors += [{"operation": number, **entry} for entry in problem.errors or plain]
    return Problem(failed[0][1].status, _("Nothing was changed, since some operations cannot be done."), errors=errors)
