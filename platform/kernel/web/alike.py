"""Records like the one that is being typed: shown beside its form while there is time to take one of them instead."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from kernel.access.actor import Access
from kernel.records.change import check_reach
from kernel.records.duplicates import ALLOW, Candidates, candidates, keys_of, rule_of
from kernel.records.merge import can_merge, survivor_of
from kernel.web.forms import RecordForm
from kernel.web.pages import page
from kernel.web.posted import blank_record
from kernel.web.reach import access_to, record_url


@require_POST
def hint(request: HttpRequest, slug: str) -> HttpResponse:
    """What is like the record that the form describes so far."""
    access = access_to(request, slug, "create")
    found = candidates(access, _draft_keys(access, request)) if hint_url(access) else Candidates()
    return page(request, "web/_alike.html", {"alike": told(access, found)})


def hint_url(access: Access) -> str:
    """Where a new record's form asks; empty where the type has no duplicates, or the tenant does not mind them."""
    if not access.rtype.duplicate_keys or rule_of(access).form == ALLOW:
        return ""
    return f"/r/{access.rtype.slug}/alike"


def told(access: Access, found: Candidates) -> dict[str, Any] | None:
    """As the template shows it."""
    if not found:
        return None
    slug = access.rtype.slug
    items = [{"label": c.record.label, "url": record_url(slug, c.record.pk), "why": c.why} for c in found.shown]
    return {"items": items, "has_unseen": found.has_unseen}


def _draft_keys(access: Access, request: HttpRequest) -> list[str]:
    """The keys of what is filled in and makes sense already; the rest is no mistake yet."""
    form = RecordForm(access, data=request.POST)
    form.read()
    record, given = blank_record(access), set()
    for name, value in form.parsed.items():
        spec = form.specs[name]
        try:
            check_reach(access, spec, value)
        except ValidationError:
            continue
        spec.assign(record, value)
        given.add(name)
    try:
        access.rtype.prepare(record, access.actor, given)
    except ValidationError:
        pass  # said when it is saved, if it still holds then
    return keys_of(access.rtype, record)


def moved_to(access: Access, pk: UUID) -> HttpResponse | None:
    """The way to the record that this one went into."""
    kept = survivor_of(access, pk) if can_merge(access.rtype) else None
    if kept is None:
        return None
    response = HttpResponseRedirect(record_url(access.rtype.slug, kept))
    response.status_code = 301
    # It may be taken apart tomorrow.
    response["Cache-Control"] = "no-store"
    return response
