"""GET and POST /api/v1/deals/ID/shares: with whom a record is shared; DELETE …/shares/ID ends one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.access.models import Share
from kernel.api.bodies import read_id
from kernel.api.endpoint import empty, reply
from kernel.api.problems import Problem, unknown
from kernel.api.records import RecordEndpoint
from kernel.lib.errors import ParseError
from kernel.records.kinds.times import take_moment
from kernel.records.sharing import known_shares, share, unshare, whom

ASKED = ("member", "team", "level", "until")


class SharesEndpoint(RecordEndpoint):
    def sharing(self, slug: str, pk: str) -> tuple[Access, Any]:
        access = self.access(slug)
        if not access.rtype.can_share:
            raise Problem(404, _("There is no such verb."))
        return access, self.record(access, pk)


class Shares(SharesEndpoint):
    def get(self, request: Any, slug: str, pk: str) -> HttpResponse:
        held = known_shares(*self.sharing(slug, pk))
        return reply({"results": [share_json(one) for one in held], "next": None, "count": len(held)})

    def post(self, request: Any, slug: str, pk: str) -> HttpResponse:
        access, record = self.sharing(slug, pk)
        body = self.body()
        if extra := sorted(body.keys() - set(ASKED)):
            raise Problem(400, errors=[unknown(name) for name in extra])
        receiver = whom(access, record, _id(body, "member"), _id(body, "team"))
        level = body.get("level", Share.Level.VIEW)
        made = share(access, record, receiver, level if isinstance(level, str) else "", _until(body.get("until")))
        return reply(share_json(made), 201)


class ShareDetail(SharesEndpoint):
    def delete(self, request: Any, slug: str, pk: str, share_pk: str) -> HttpResponse:
        access, record = self.sharing(slug, pk)
        wanted = read_id(share_pk)
        held = next((one for one in known_shares(access, record) if one.pk == wanted), None)
        if held is None:
            raise Problem(404)
        unshare(access, record, held)
        return empty()


def share_json(held: Share) -> dict[str, Any]:
    def named(one: Any) -> dict[str, str] | None:
        return {"id": str(one.pk), "label": one.label} if one else None

    return {
        "id": str(held.pk), "member": named(held.member), "team": named(held.team), "level": held.level,
        "until": held.until and held.until.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip


def _id(body: dict[str, Any], name: str) -> UUID | None:
    raw = body.get(name)
    if raw is None:
        return None
    try:
        return UUID(raw)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValidationError({name: ValidationError(_("Send an id."), code="type")}) from error


def _until(raw: Any) -> datetime | None:
    try:
        return take_moment(raw)
    except ParseError as error:
        raise ValidationError({"until": ValidationError(error.message, code=error.code)}) from error
