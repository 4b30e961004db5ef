"""Records like the one that is being typed: shown beside its form while there is time to take one of them instead."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from kernel.access.actor import Access
from kernel.records.change import check_reach
from kernel.records.duplicates import ALLOW, Candidates, candidates, keys_of, rule_of
from kernel.records.kinds.relations import read_id
from kernel.records.merge import can_merge, survivor_of
from kernel.web.forms import RecordForm
from kernel.web.pages import page
from kernel.web.posted import blank_record, typed
from kernel.web.reach import access_to, record_of, record_url

NOBODY = UUID(int=0)


@require_POST
def hint(request: HttpRequest, slug: str) -> HttpResponse:
    """What is like the record that the form describes so far; of one that is there (?record=ID), by what is new."""
    access, record = access_to(request, slug), None
    if request.GET.get("record"):
        record = record_of(access, read_id(request.GET["record"]) or NOBODY)
    access.check("edit" if record else "create", record)
    found = Candidates()
    if hint_url(access):
        before = set(record.duplicate_keys) if record else set()
        keys = [key for key in _draft_keys(access, request, record) if key not in before]
        found = candidates(access, keys, [record.pk] if record else [])
    return page(request, "web/_alike.html", {"alike": told(access, found, record)})


def hint_url(access: Access, record: Any | None = None, name: str = "") -> str:
    """Where a form asks, or the editor of one field; empty where the type has no duplicates, the tenant does not mind
    them, or the field tells nothing of them."""
    telling = {field for key in access.rtype.duplicate_keys for field in key.fields}
    if access.rtype.label_field in telling:
        telling |= access.rtype.values_of_label("Mina Rad").keys()  # what a label is made of
    if rule_of(access).form == ALLOW or not telling or (name and name not in telling):
        return ""
    return f"/r/{access.rtype.slug}/alike{f'?record={record.pk}' if record else ''}"


def told(access: Access, found: Candidates, record: Any | None = None) -> dict[str, Any] | None:
    """As the template shows it. In place of a new record one of these is taken; `record` is merged with it."""
    if not found:
        return None
    slug = access.rtype.slug
    items = [
        {
            "label": c.record.label, "why": c.why, "url": record_url(slug, c.record.pk),
            "merge_url": f"/r/{slug}/merge?ids={record.pk},{c.record.pk}"
            if record and may_merge(access) and access.may("edit", c.record) else "",
        }
        for c in found.shown
    ]  # fmt: skip
    return {"items": items, "has_unseen": found.has_unseen, "is_new": record is None}


def may_merge(access: Access) -> bool:
    return can_merge(access.rtype) and access.may("edit") and access.may("delete")


def _draft_keys(access: Access, request: HttpRequest, there: Any | None) -> list[str]:
    """The keys of what is filled in and makes sense already; the rest is no mistake yet."""
    form = RecordForm(access, there, data=request.POST)
    form.read()
    record, given = there or blank_record(access), set()
    # The editor of one field may ask for one that no form does: the number that stands for several.
    editable, parsed = access.editable(form.record), dict(form.parsed)
    for name, spec in editable.items():
        if name in request.POST and name not in form.specs:
            with suppress(ValidationError):
                parsed[name] = spec.parse(typed(request.POST, name), access)
    for name, value in parsed.items():
        spec = editable[name]
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
