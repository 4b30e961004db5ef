"""`Idempotency-Key`: a request sent again gets the first answer again, and takes effect once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import OperationalError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

from kernel.access.actor import Actor
from kernel.api.models import IdempotentAnswer
from kernel.api.problems import Problem
from kernel.tenancy.pending import sweeper

KEPT = timedelta(hours=24)
HEADERS = ("Location", "ETag")


def once(request: Any, actor: Actor, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Act, or answer as the first request with this key was answered. Runs inside one transaction with the effect.

    A repeat that comes while the first is under way waits for it on the unique key. Only an answer that had an effect
    is kept: what failed has left nothing, and may be tried again.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return act()
    if len(key) > 255 or "\x00" in key:
        raise Problem(400, _("Use an Idempotency-Key of at most 255 characters."))
    IdempotentAnswer.objects.filter(member=actor.member, key=key, created_at__lt=timezone.now() - KEPT).delete()
    mine = IdempotentAnswer(member=actor.member, key=key, request_hash=_digest(request, actor))
    try:
        IdempotentAnswer.objects.bulk_create([mine], ignore_conflicts=True)
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise Problem(409, _("The first request with this Idempotency-Key is still at work.")) from error
        raise
    kept = IdempotentAnswer.objects.get(member=actor.member, key=key)
    if kept.pk != mine.pk:
        return _again(kept, mine.request_hash)
    response = act()
    if response.status_code < 400:
        kept.status, kept.body = response.status_code, response.content.decode()
        kept.headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
        kept.save(update_fields=["status", "body", "headers"])
    else:
        kept.delete()
    return response


def _again(kept: IdempotentAnswer, request_hash: str) -> HttpResponse:
    if kept.request_hash != request_hash:
        raise Problem(409, _("This Idempotency-Key was used for another request, or under other rights."))
    response = HttpResponse(kept.body, status=kept.status or 200, content_type="application/json")
    for name, value in kept.headers.items():
        response.headers[name] = value
    response.headers["Idempotent-Replayed"] = "true"
    return response


def _digest(request: Any, actor: Actor) -> str:
    """Of what was asked: method, address and body; of a form, its fields and the content of its files.

    And of the rules that it was asked under: what was told under others is not for whoever asks now.
    """
    rules = json.dumps(actor.rules.said(), sort_keys=True)
    seen = hashlib.sha256(f"{request.method}\0{request.get_full_path()}\0{rules}\0".encode())
    if request.content_type == "multipart/form-data":
        for name, values in sorted(request.POST.lists()):
            seen.update(repr((name, values)).encode())
        for name, file in sorted(request.FILES.items()):
            seen.update(repr((name, file.name, file.size)).encode())
            for chunk in file.chunks():
                seen.update(chunk)
            file.seek(0)
    else:
        seen.update(request.body)
    return seen.hexdigest()


@sweeper
def forget_answers() -> bool:
    """Drop the answers whose day is over."""
    IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return False
