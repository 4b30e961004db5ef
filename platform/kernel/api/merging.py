"""POST /api/v1/contacts/ID/merge makes one record of several, …/unmerge takes that apart again."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.api.conflicts import told
from kernel.api.endpoint import reply
from kernel.api.problems import Problem, unknown
from kernel.api.records import RecordEndpoint
from kernel.records.merge import MOST, can_merge, merge, unmerge


class MergeEndpoint(RecordEndpoint):
    def merging(self, slug: str) -> Access:
        access = self.access(slug)
        if not can_merge(access.rtype):
            raise Problem(404, _("There is no such verb."))
        return access


class Merge(MergeEndpoint):
    def post(self, request: Any, slug: str, pk: str) -> HttpResponse:
        access = self.merging(slug)
        survivor = self.record(access, pk)
        access.check("edit", survivor)
        body = self.body()
        if extra := sorted(body.keys() - {"others", "values"}):
            raise Problem(400, errors=[unknown(name) for name in extra])
        others, values = body.get("others"), body.get("values", {})
        if not isinstance(others, list) or not others or not all(isinstance(item, str) for item in others):
            raise ValidationError({"others": ValidationError(_("Send a list of ids."), code="type")})
        if not isinstance(values, dict) or not all(isinstance(item, str) for item in values.values()):
            raise ValidationError({"values": ValidationError(_("Send an object of fields and ids."), code="type")})
        if len(others) >= MOST:
            raise ValidationError({"others": ValidationError(_("Send fewer ids."), code="max_rows")})
        merge(access, survivor, [self.record(access, item) for item in others], values)
        return self.answer(access, self.record(access, pk))


class Unmerge(MergeEndpoint):
    def post(self, request: Any, slug: str, pk: str) -> HttpResponse:
        access = self.merging(slug)
        record = self.record(access, pk)
        if extra := sorted(self.body()):
            raise Problem(400, errors=[unknown(name) for name in extra])
        conflicts = unmerge(access, record)
        return reply({"conflicts": told(self.actor, conflicts)})
