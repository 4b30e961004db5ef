"""GET /api/v1/audit: every event of the workspace, as its page in the settings tells them, for who has the right."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.api.bodies import read_cursor, read_whole
from kernel.api.endpoint import Endpoint, reply
from kernel.api.openapi.common import ID, LIMIT, errors, json_of, object_of
from kernel.records.auditing import ACTS, DOORS, RIGHT, AuditLog, Line, read_asked
from kernel.records.find import MOST, PAGE


class Audit(Endpoint):
    def get(self, request: Any) -> HttpResponse:
        self.actor.check_system(RIGHT)
        params = request.GET
        asked, problems = read_asked(self.actor, params)
        if problems:
            raise ValidationError(problems)
        log = AuditLog(self.actor, asked)
        before = read_cursor(params["cursor"]) if params.get("cursor") else None
        entries, following = log.page(read_whole(params, "limit", PAGE, MOST), before)
        results = [_json(log.line(entry)) for entry in entries]
        return reply({"results": results, "next": following and str(following), "count": None})


def _json(line: Line) -> dict[str, Any]:
    entry, event = line.entry, line.entry.event
    return {
        "id": str(event.pk),
        "name": event.name,
        "at": event.at.isoformat().replace("+00:00", "Z"),
        "sentence": entry.sentence(),
        "member": entry.member,
        "via": event.via,
        "ip": event.ip,
        # Of a record out of reach it is told that there was one of the type, and not which.
        "record": {"type": event.record_type, "id": str(event.record_id) if entry.child is not None else None},
        "changes": {change.spec.name: change.json() for change in entry.changes},
        "told": [{"label": label, "before": before, "after": after} for label, before, after in line.changes],
        "change_set": str(event.change_set),
        "sealed": event.sealed_in is not None,
        "erased": event.erased_by is not None,
    }


def openapi(actor: Actor) -> dict[str, Any]:
    if not actor.may_system(RIGHT):
        return {}
    text, moment = {"type": "string"}, {"type": "string", "format": "date-time"}
    some = {"type": ["string", "null"]}
    member = {"anyOf": [object_of({"id": ID, "label": text}), {"type": "null"}]}
    change = object_of({"label": text, "before": text, "after": text})
    event = object_of(
        {
            "id": ID, "name": text, "at": moment, "sentence": text, "member": member, "via": {"enum": list(DOORS)},
            "ip": some, "record": object_of({"type": text, "id": some}), "changes": {"type": "object"},
            "told": {"type": "array", "items": change}, "change_set": ID, "sealed": {"type": "boolean"},
            "erased": {"type": "boolean"},
        }
    )  # fmt: skip
    page = object_of(
        {"results": {"type": "array", "items": event}, "next": some, "count": {"type": "null"}},
    )
    asked = {
        "member": (ID, _("What this member did.")),
        "type": (text, _("Records of this type.")),
        "record": (ID, _("What was done to this record.")),
        "field": (text, _("What changed this field, of the type.")),
        "act": ({"enum": list(ACTS)}, _("The end of the event’s name.")),
        "name": (text, _("The event’s whole name.")),
        "via": ({"enum": list(DOORS)}, _("By which way.")),
        "ip": (text, _("From this address.")),
        "from": (text, _("From this day on, in the workspace’s zone.")),
        "to": (text, _("Up to the end of this day.")),
        "cursor": (text, _("Where the page before ended.")),
        "limit": (LIMIT, _("Events on a page.")),
    }
    parameters = [
        {"name": name, "in": "query", "schema": schema, "description": told} for name, (schema, told) in asked.items()
    ]
    return {
        "/audit": {
            "get": {
                "operationId": "audit",
                "summary": _("The audit log, latest first"),
                "parameters": parameters,
                "responses": {"200": {"description": _("A page"), "content": json_of(page)}, **errors()},
            }
        }
    }
