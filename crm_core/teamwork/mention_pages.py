"""What is offered after an "@": members who may see what is being written about."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from crm_core.teamwork.notifying import may_know
from kernel.access.actor import actor_for
from kernel.lib.text import sort_key
from kernel.records.find import find, get
from kernel.records.kinds.relations import read_id
from kernel.records.types import registry
from kernel.web.reach import access_to

MOST, TRIED = 6, 12


@require_safe
def mentionable(request: HttpRequest, slug: str) -> JsonResponse:
    access = access_to(request, slug)
    members = access.actor.access(registry["members"])
    target = _target(request, access)
    if not members.may("view"):
        return JsonResponse([], safe=False)
    found = find(members, {"q": request.GET.get("q", ""), "sort": "name"} if "name" in members.readable() else {})
    rows = found.ordered().filter(active=True)[:TRIED]
    seeing = [row for row in rows if target is None or may_know(actor_for(row, "job"), target)][:MOST]
    names = [sort_key(row.label) for row in rows]
    options = []
    for row in seeing:
        email = row.email if "email" in members.readable() else ""
        is_single = names.count(sort_key(row.label)) == 1
        options.append({"label": row.label, "detail": email, "text": row.label if is_single or not email else email})
    return JsonResponse(options, safe=False)


def _target(request: HttpRequest, access: Any) -> tuple[str, Any] | None:
    """The record that is written about, if the one who writes may see it."""
    slug, _sep, raw = request.GET.get("about", "").partition(":")
    pk = read_id(raw)
    if slug not in registry or pk is None or not access.actor.access(registry[slug]).may("view"):
        return None
    return (slug, pk) if get(access.actor.access(registry[slug]), pk) else None
