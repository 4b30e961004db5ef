"""Notifications and following over the API: GET /api/v1/notifications, POST …/ID/read, POST /api/v1/TYPE/ID/follow."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from crm_core.teamwork import inbox
from crm_core.teamwork.follow import follow, may_follow, shown_followers
from crm_core.teamwork.telling import Reader, Told
from kernel.access.actor import Access
from kernel.api.endpoint import Endpoint, reply
from kernel.api.openapi.common import EXAMPLE_ID, ID, errors, object_of
from kernel.api.problems import Problem
from kernel.api.resources import add_path
from kernel.lib.text import without_isolates
from kernel.records.find import get
from kernel.records.kinds.relations import read_id

MOST = 200


def _json(told: Told) -> dict[str, Any]:
    row = told.row
    record = {"type": row.record_type, "id": str(row.record_id), "label": told.label} if row.record_id else None
    return {
        "id": str(row.pk), "kind": row.kind,
        "text": without_isolates(told.sentence), "note": without_isolates(told.note),
        "record": record, "count": row.count, "at": _moment(row.at), "read_at": _moment(row.read_at),
    }  # fmt: skip


def _moment(at: Any) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


class Notifications(Endpoint):
    def get(self, request: Any) -> HttpResponse:
        raw = request.GET.get("limit", "50")
        size = min(max(int(raw), 1), MOST) if raw.isascii() and raw.isdigit() and len(raw) < 5 else 50
        only_unread = request.GET.get("unread") == "true"
        found = inbox.read_page(
            self.actor, only_unread=only_unread, after=read_id(request.GET.get("cursor", "")), size=size
        )
        return reply(
            {
                "results": [_json(told) for told in found.told], "next": found.next and str(found.next),
                "unread": inbox.unread(self.actor),
            }
        )  # fmt: skip


class Read(Endpoint):
    is_read = True

    def post(self, request: Any, id: str) -> HttpResponse:
        pk = read_id(id)
        row = inbox.mine(self.actor).filter(pk=pk).first() if pk else None
        if row is None:
            raise Problem(404)
        inbox.mark(self.actor, [row.pk], is_read=self.is_read)
        row.refresh_from_db()
        told = Reader(self.actor).read([row])
        if not told:
            raise Problem(404)
        return reply(_json(told[0]))


class Unread(Read):
    is_read = False


class ReadAll(Endpoint):
    def post(self, request: Any) -> HttpResponse:
        moment = inbox.mark_all(self.actor)
        return reply({"read_at": _moment(moment), "unread": 0})


class Followers(Endpoint):
    def get(self, request: Any, type: str, id: str) -> HttpResponse:
        return self._told(*self._record(type, id))

    def _record(self, slug: str, raw: str) -> tuple[Access, Any]:
        access = self.access(slug)
        access.check("view")
        pk = read_id(raw)
        record = get(access, pk) if pk else None
        if record is None or not may_follow(access.rtype):
            raise Problem(404)
        return access, record

    def _told(self, access: Access, record: Any) -> HttpResponse:
        is_mine, names = shown_followers(access, record)
        return reply({"following": is_mine, "followers": [{"id": str(pk), "label": name} for pk, name in names]})


class Follow(Followers):
    is_on = True
    http_method_names = ["post", "options"]

    def post(self, request: Any, type: str, id: str) -> HttpResponse:
        access, record = self._record(type, id)
        if access.actor.member is None:
            raise PermissionDenied
        follow(access.actor.member.pk, type, record.pk, is_on=self.is_on)
        return self._told(access, record)


class Unfollow(Follow):
    is_on = False


_TEXT = {"type": "string"}
_WHEN = {"type": ["string", "null"], "format": "date-time"}
_RECORD = {"anyOf": [object_of({"type": _TEXT, "id": ID, "label": _TEXT}), {"type": "null"}]}
_NOTIFICATION = object_of(
    {
        "id": ID, "kind": _TEXT, "text": _TEXT, "note": _TEXT, "record": _RECORD, "count": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"}, "read_at": _WHEN,
    }
)  # fmt: skip
_PAGE = object_of(
    {
        "results": {"type": "array", "items": _NOTIFICATION}, "next": {"type": ["string", "null"]},
        "unread": {"type": "integer"},
    }
)  # fmt: skip
_FOLLOWERS = object_of(
    {"following": {"type": "boolean"}, "followers": {"type": "array", "items": object_of({"id": ID, "label": _TEXT})}}
)
_ONE: list[Any] = [{"name": "id", "in": "path", "required": True, "schema": ID, "example": EXAMPLE_ID}]
_OF_TYPE: list[Any] = [
    {"name": "type", "in": "path", "required": True, "schema": _TEXT, "example": "deals"}, *_ONE,
]  # fmt: skip


def _answer(schema: dict[str, Any], text: Any, *more: int) -> dict[str, Any]:
    return {"200": {"description": text, "content": {"application/json": {"schema": schema}}}, **errors(*more)}


add_path(
    "notifications",
    Notifications,
    openapi={
        "get": {
            "operationId": "list_notifications", "summary": _("What you were told, newest first"),
            "parameters": [
                {"name": "unread", "in": "query", "schema": {"type": "boolean"}},
                {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": MOST}},
                {"name": "cursor", "in": "query", "schema": ID},
            ],
            "responses": _answer(_PAGE, _("A page")),
        }
    },
)  # fmt: skip
add_path(
    "notifications/read-all",
    ReadAll,
    openapi={
        "post": {
            "operationId": "read_all_notifications", "summary": _("Mark all as read"),
            "responses": _answer(object_of({"read_at": _WHEN, "unread": {"type": "integer"}}), _("Done.")),
        }
    },
)  # fmt: skip
for _name, _endpoint, _summary in (
    ("read", Read, _("Mark as read")), ("unread", Unread, _("Mark as unread")),
):  # fmt: skip
    add_path(
        f"notifications/{{id}}/{_name}",
        _endpoint,
        openapi={
            "parameters": _ONE,
            "post": {
                "operationId": f"{_name}_notification", "summary": _summary,
                "responses": _answer(_NOTIFICATION, _("As it is now"), 404),
            },
        },
    )  # fmt: skip
add_path(
    "{type}/{id}/followers",
    Followers,
    openapi={
        "parameters": _OF_TYPE,
        "get": {
            "operationId": "list_followers", "summary": _("Who follows a record"),
            "responses": _answer(_FOLLOWERS, _("Followers"), 404),
        },
    },
)  # fmt: skip
for _name, _followed, _summary in (("follow", Follow, _("Follow")), ("unfollow", Unfollow, _("Unfollow"))):
    add_path(
        f"{{type}}/{{id}}/{_name}",
        _followed,
        openapi={
            "parameters": _OF_TYPE,
            "post": {
                "operationId": f"{_name}_record", "summary": _summary,
                "responses": _answer(_FOLLOWERS, _("Followers"), 404),
            },
        },
    )  # fmt: skip
