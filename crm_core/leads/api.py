"""What forms were sent, over the API: GET /api/v1/leads/ID/submissions."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from crm_core.leads.forms.kept import Told, submissions_of
from kernel.api.endpoint import Endpoint, reply
from kernel.api.openapi.common import EXAMPLE_ID, ID, errors, object_of
from kernel.api.problems import Problem
from kernel.api.resources import add_path
from kernel.records.find import get
from kernel.records.kinds.relations import read_id


def _json(told: Told) -> dict[str, Any]:
    return {
        "id": str(told.pk), "at": told.at.isoformat().replace("+00:00", "Z"), "form": _ref(told.form),
        "source": _ref(told.source), "site": told.site, "sent": told.sent,
    }  # fmt: skip


def _ref(found: Any) -> dict[str, str] | None:
    return {"id": str(found[0]), "label": found[1]} if found else None


class Submissions(Endpoint):
    def get(self, request: Any, id: str) -> HttpResponse:
        access = self.access("leads")
        access.check("view")
        pk = read_id(id)
        lead = get(access, pk) if pk else None
        if lead is None:
            raise Problem(404)
        return reply({"results": [_json(told) for told in submissions_of(access, lead)]})


_REF = {"oneOf": [object_of({"id": ID, "label": {"type": "string"}}), {"type": "null"}]}
_SUBMISSION = object_of(
    {
        "id": ID, "at": {"type": "string", "format": "date-time"}, "form": _REF, "source": _REF,
        "site": {"type": "string"}, "sent": {"type": "object", "additionalProperties": {"type": "string"}},
    }
)  # fmt: skip
add_path(
    "leads/{id}/submissions",
    Submissions,
    openapi={
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": ID, "example": EXAMPLE_ID}],
        "get": {
            "operationId": "list_submissions", "summary": _("What a web form was sent, as it was sent"),
            "responses": {
                "200": {
                    "description": _("The newest first"),
                    "content": {
                        "application/json": {"schema": object_of({"results": {"type": "array", "items": _SUBMISSION}})}
                    },
                },
                **errors(404),
            },
        },
    },
)  # fmt: skip
