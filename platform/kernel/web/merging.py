"""The page on which records are merged, the way back, and the list of what may be the same."""

from __future__ import annotations

from itertools import combinations
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kernel.access.actor import Access
from kernel.records import merge as engine
from kernel.records.alike import PAGE, dismiss, groups
from kernel.records.change import NotFound
from kernel.records.duplicates import candidates
from kernel.records.kinds.relations import read_id
from kernel.records.show import Shown
from kernel.records.types import registry
from kernel.web import detail
from kernel.web.alike import may_merge, told
from kernel.web.controls import label_of
from kernel.web.options import find_options
from kernel.web.pages import go, list_crumb, page
from kernel.web.reach import access_to, list_url, record_of, record_url

MOST_PAGE = 500


@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, slug: str) -> HttpResponse:
    """GET ?ids=A,B asks which values stay; with one id, what to merge it with."""
    access = access_to(request, slug, "edit")
    if not may_merge(access):
        raise Http404
    records = _asked(access, request)
    if len(records) == 1:
        return _other(request, access, records[0])
    problem = ""
    if request.method == "POST":
        survivor = next((r for r in records if str(r.pk) == request.POST.get("survivor")), records[0])
        others = [record for record in records if record is not survivor]
        picked = {n: request.POST[f"pick-{n}"] for n in engine.offered(access, records) if f"pick-{n}" in request.POST}
        try:
            engine.merge(access, survivor, others, picked)
        except ValidationError as error:
            problem = " ".join(error.messages)
        except NotFound as error:
            raise Http404 from error
        else:
            text = _("Merged. You can take this apart for 90 days, on this page.")
            return go(request, record_url(slug, survivor.pk), text, tone="good")
    return _choose(request, access, records, problem)


def _asked(access: Access, request: HttpRequest) -> list[Any]:
    """The records named in the address, the oldest first: it is the one that stays unless somebody says another."""
    texts = (request.POST.get("ids") or request.GET.get("ids") or "").split(",")
    ids = {pk for text in texts if (pk := read_id(text.strip()))}
    if not 1 <= len(ids) <= engine.MOST:
        raise Http404
    records = list(access.records("edit").filter(pk__in=ids).order_by("pk"))
    if len(records) < len(ids):
        raise Http404
    return records


def _other(request: HttpRequest, access: Access, record: Any) -> HttpResponse:
    """What to merge one record with: those like it first, else what a search finds."""
    q, slug = request.GET.get("q", "").strip(), access.rtype.slug
    found = candidates(access, record.duplicate_keys, [record.pk]).shown
    options = [{"id": str(c.record.pk), "label": c.record.label, "detail": ", ".join(c.why)} for c in found]
    if q:
        options = [option for option in find_options(access, q) if option["id"] != str(record.pk)]
    heading = _("Merge %(label)s with…") % {"label": record.label}
    context = {
        "heading": heading, "rtype": access.rtype, "record": record, "options": options, "q": q,
        "cancel": record_url(slug, record.pk),
        "crumbs": [list_crumb(access.rtype), {"label": record.label, "url": record_url(slug, record.pk)}],
    }  # fmt: skip
    return page(request, "web/merge_with.html", context)


def _choose(request: HttpRequest, access: Access, records: list[Any], problem: str) -> HttpResponse:
    survivor, others = records[0], records[1:]
    specs = engine.offered(access, records)
    shown = Shown(access, records, specs.values())
    fields = []
    for name, spec in specs.items():
        chosen = request.POST.get(f"pick-{name}") or str(engine.proposed(spec, survivor, others).pk)
        options = [
            {"id": str(r.pk), "text": shown.text(r, spec), "label": r.label, "checked": str(r.pk) == chosen}
            for r in records
        ]
        fields.append({"name": name, "label": label_of(spec), "options": options})
    fmt = access.actor.format
    kept = request.POST.get("survivor") or str(survivor.pk)
    context = {
        "heading": _("Merge %(type)s") % {"type": str(access.rtype.label_plural).lower()}, "rtype": access.rtype,
        "problem": problem, "fields": fields, "ids": ",".join(str(record.pk) for record in records),
        "records": [
            {
                "id": str(record.pk), "label": record.label, "url": record_url(access.rtype.slug, record.pk),
                "created": fmt.datetime(record.created_at) if "created_at" in access.readable(record) else "",
                "checked": str(record.pk) == kept,
            }
            for record in records
        ],
        "crumbs": [list_crumb(access.rtype)], "cancel": record_url(access.rtype.slug, survivor.pk),
    }  # fmt: skip
    return page(request, "web/merge.html", context, 422 if problem else 200)


@require_POST
def unmerge(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    record = record_of(access, pk)
    try:
        conflicts = engine.unmerge(access, record)
    except ValidationError as error:
        return go(request, record_url(slug, pk), " ".join(error.messages), tone="warn")
    except NotFound as error:
        raise Http404 from error
    if not conflicts:
        return go(request, record_url(slug, pk), _("Taken apart: everything is as it was."), tone="good")
    # Records that this person cannot see have conflicts too: they are counted, not named.
    count = len(conflicts)
    sentence = ngettext(
        "Taken apart. %(count)s record was changed since and stays as it is.",
        "Taken apart. %(count)s records were changed since and stay as they are.",
        count,
    )
    text = sentence % {"count": access.actor.format.number(count)}
    mine = {name for conflict in conflicts if conflict.pk == record.pk for name in conflict.fields}
    if named := [label_of(spec) for name, spec in access.readable().items() if name in mine]:
        text += " " + _("Of this one: %(fields)s.") % {"fields": _(", ").join(map(str, named))}
    return go(request, record_url(slug, pk), text, tone="warn")


def part(request: HttpRequest, access: Access, record: Any) -> SafeString | str:
    """On a record's page: what it may be merged with, and the way back."""
    if not may_merge(access) or not (access.may("edit", record) and access.may("delete", record)):
        return ""
    last = engine.last_merge(access, record)
    context = {
        "merge_url": f"{list_url(access.rtype.slug)}/merge?ids={record.pk}",
        "merged_at": last and access.actor.format.datetime(last.at),
        "unmerge_url": f"{record_url(access.rtype.slug, record.pk)}/unmerge",
        "alike": told(access, candidates(access, record.duplicate_keys, [record.pk], weak=False), record),
    }
    return render_to_string("web/_merged.html", context, request)


detail.add_part(part)


# -- all that may be the same


@require_safe
def duplicates(request: HttpRequest, slug: str) -> HttpResponse:
    access = access_to(request, slug)
    if not engine.can_merge(access.rtype):
        raise Http404
    text = request.GET.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and 0 < int(text[:6]) <= MOST_PAGE else 1
    found = groups(access, (number - 1) * PAGE)
    rtype = access.rtype
    context = {
        "heading": _("Duplicates"), "rtype": rtype, "crumbs": [list_crumb(rtype)],
        "groups": [
            {
                "ids": ",".join(str(record.pk) for record in group.records), "why": group.why,
                "records": [{"label": r.label, "url": record_url(rtype.slug, r.pk)} for r in group.records],
                "more": group.more,
            }
            for group in found[:PAGE]
        ],
        "next_url": f"?page={number + 1}" if len(found) > PAGE and number < MOST_PAGE else "",
        "previous_url": f"?page={number - 1}" if number > 1 else "",
        "may_merge": may_merge(access),
        "types": [
            {"label": other.label_plural, "url": f"/duplicates/{other.slug}", "here": other.slug == slug}
            for other in registry.values()
            if engine.can_merge(other) and access.actor.access(other).may("view")
        ],
    }  # fmt: skip
    return page(request, "web/duplicates.html", context)


@require_POST
def different(request: HttpRequest, slug: str) -> HttpResponse:
    """Somebody looked: these are not the same."""
    access = access_to(request, slug, "edit")
    records = _asked(access, request)
    if not engine.can_merge(access.rtype) or len(records) < 2:
        raise PermissionDenied
    dismiss(access, combinations(sorted(record.pk for record in records), 2))
    return go(request, f"/duplicates/{slug}", _("They will not be shown as duplicates again."), tone="good")
