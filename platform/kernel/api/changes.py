"""Change sets over the API: what one act did, and taking it back."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy

from kernel.api.bodies import read_id
from kernel.api.endpoint import Endpoint, reply
from kernel.api.openapi.common import errors, json_of
from kernel.api.problems import Problem
from kernel.api.resources import add_path, run_resources
from kernel.api.runs import RunEndpoint
from kernel.records.change_sets import ChangeSet, change_set_of
from kernel.transfer.undoing import start_undo


def found(endpoint: Endpoint, pk: str) -> ChangeSet:
    changes = change_set_of(endpoint.actor, read_id(pk))
    if changes is None:
        raise Problem(404)
    return changes


class ChangeSetDetail(Endpoint):
    def get(self, request: Any, pk: str) -> HttpResponseBase:
        changes = found(self, pk)
        refusal = changes.refusal()
        return reply(
            {
                "id": str(changes.pk),
                "at": changes.at.isoformat().replace("+00:00", "Z"),
                "who": changes.who,
                "via": changes.first.via,
                "records": {part.rtype.slug: part.count for part in changes.parts},
                "can_undo": refusal is None,
                "reason": refusal and refusal[1],
                "undone_by": changes.undoing and str(changes.undoing.pk),
            }
        )


class UndoChangeSet(RunEndpoint):
    def post(self, request: Any, pk: str) -> HttpResponseBase:
        changes = found(self, pk)
        self.resource = run_resources["undos"]
        return self.answer(start_undo(changes), 202)


RUN = {"$ref": "#/components/schemas/Run"}
ID = [{"name": "pk", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}]
SHOWN = {
    "type": "object",
    "properties": {
        "id": {"type": "string"}, "at": {"type": "string"}, "who": {"type": "string"}, "via": {"type": "string"},
        "records": {"type": "object", "additionalProperties": {"type": "integer"}}, "can_undo": {"type": "boolean"},
        "reason": {"type": ["string", "null"]}, "undone_by": {"type": ["string", "null"]},
    },
}  # fmt: skip

add_path(
    "changes/{pk}",
    ChangeSetDetail,
    openapi={
        "get": {
            "operationId": "get_change_set", "summary": gettext_lazy("What one act did"), "tags": ["changes"],
            "parameters": ID,
            "responses": {
                "200": {"description": gettext_lazy("The change set"), "content": json_of(SHOWN)}, **errors(404),
            },
        },
    },
)  # fmt: skip
add_path(
    "changes/{pk}/undo",
    UndoChangeSet,
    openapi={
        "post": {
            "operationId": "undo_change_set", "summary": gettext_lazy("Take a change set back"), "tags": ["changes"],
            "parameters": ID,
            "responses": {
                "202": {"description": gettext_lazy("The run"), "content": json_of(RUN)}, **errors(404, 409),
            },
        },
    },
)  # fmt: skip
