"""Reading what callers send: JSON with decimals, never floats; bounded in size and depth."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _

from kernel.api.problems import Problem

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
JSON_TYPES = frozenset({"", "application/json", "application/merge-patch+json"})


def read_object(request: HttpRequest) -> dict[str, Any]:
    """The request's JSON object; an absent body is an empty one."""
    if request.content_type not in JSON_TYPES and request.body:
        raise Problem(415, _("Send JSON, with the content type application/json."))
    if not request.body.strip():
        return {}
    value = parse(request.body)
    if not isinstance(value, dict):
        raise Problem(400, _("Send a JSON object."))
    return value


def parse(raw: bytes) -> Any:
    try:
        value = json.loads(raw.decode(), parse_float=_decimal, parse_constant=_refuse)
        if _ESCAPED_SURROGATE.search(raw):
            json.dumps(value, ensure_ascii=False, default=str).encode()  # half a character can't be stored
    except RecursionError as error:
        raise Problem(400, _("This JSON is nested too deeply.")) from error
    except ValueError as error:
        raise Problem(400, _("This is not valid JSON in UTF-8.")) from error
    return value


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value.adjusted()) > 40:
        raise ValueError(text)
    return value


def _refuse(name: str) -> Any:
    raise ValueError(name)


def read_id(text: str) -> UUID:
    """An id out of an address; what is none names no record."""
    try:
        if len(text) == 36:
            return UUID(text)
    except ValueError:
        pass
    raise Problem(404, _("There is no such record, or it is not yours to see."))


def read_cursor(text: str) -> UUID:
    """The id after which a page of runs or events goes on."""
    try:
        return UUID(text)
    except ValueError as error:
        message = _("This page link is no longer valid. Start again from the first page.")
        raise Problem(400, errors=[{"field": "cursor", "code": "invalid", "message": message}]) from error


def read_whole(params: Any, name: str, default: int, most: int) -> int:
    """A positive number among the parameters, `most` where it asks for more."""
    text = params.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 9 and int(text)):
        message = _("Use a number from 1 to %(most)s.") % {"most": most}
        raise Problem(400, errors=[{"field": name, "code": "invalid", "message": message}])
    return min(int(text), most)
