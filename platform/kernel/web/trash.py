"""What was deleted, type by type, and the way back."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kernel.access.actor import Access, Actor
from kernel.events.models import Event
from kernel.records.find import find
from kernel.records.purge import KEPT, empty, may_purge, purge_by_hand
from kernel.records.show import Labels
from kernel.records.types import RecordType, registry
from kernel.web.pages import go, page
from kernel.web.reach import access_to, record_of


def trash_types(actor: Actor) -> list[RecordType]:
    return [rtype for rtype in registry.values() if actor.access(rtype).may("view") and not _is_plumbing(rtype)]


def _is_plumbing(rtype: RecordType) -> bool:
    return rtype.slug == "roles"


@require_safe
def trash(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    types = trash_types(actor)
    filled = [t for t in types if actor.access(t).records(deleted=True).exists()]
    slug = request.GET.get("type") or (filled[0].slug if filled else "")
    context: dict[str, Any] = {
        "heading": _("Trash"), "types": [{"rtype": t, "current": t.slug == slug} for t in filled], "rows": [],
    }  # fmt: skip
    if slug:
        if slug not in {rtype.slug for rtype in types}:
            raise Http404
        access = actor.access(registry[slug])
        params = {"sort": "-updated_at"} if "updated_at" in access.readable() else {}
        try:
            shown = find(access, params, deleted=True).page(cursor=request.GET.get("cursor"))
        except ValidationError as error:
            raise Http404 from error
        who = _who_deleted(actor, [row.pk for row in shown.rows])
        context |= {
            "rtype": access.rtype,
            "rows": [{"record": r, "who": who.get(r.pk), "may": access.may("delete", r)} for r in shown.rows],
            "may_purge": may_purge(access),
            "days": KEPT.days if access.rtype.can_purge else 0,
            "next_url": f"/trash?type={slug}&cursor={shown.next}" if shown.next else "",
            "first_url": f"/trash?type={slug}" if request.GET.get("cursor") else "",
        }
    return page(request, "web/trash.html", context)


def _who_deleted(actor: Actor, ids: list[Any]) -> dict[Any, str]:
    events = Event.objects.filter(record_id__in=ids, name__endswith=".deleted").order_by("pk")
    who = dict(events.values_list("record_id", "member_id"))
    labels = Labels(actor)
    labels.load({"members": {member for member in who.values() if member}})
    return {pk: label for pk, member in who.items() if (label := labels.get("members", member))}


@require_http_methods(["GET", "HEAD", "POST"])
def purge(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """One record, for good: GET asks whether that is meant."""
    access = access_to(request, slug)
    _check(access)
    record = record_of(access, pk, deleted=True)
    back = f"/trash?type={slug}"
    if request.method != "POST":
        heading = _("Delete “%(label)s” for good?") % {"label": record.label}
        text = _("Its notes and files go with it. Its history stays. This cannot be undone.")
        return _ask(request, f"/trash/{slug}/{pk}", heading, text, back)
    try:
        purge_by_hand(access, record)
    except ValidationError as error:
        return go(request, back, " ".join(error.messages), tone="bad")
    return go(request, back, _("%(label)s is gone for good.") % {"label": record.label})


@require_http_methods(["GET", "HEAD", "POST"])
def empty_trash(request: HttpRequest, slug: str) -> HttpResponse:
    """All that was deleted of one type, for good."""
    access = access_to(request, slug)
    _check(access)
    if request.method != "POST":
        heading = _("Delete everything here for good?")
        text = _("All deleted records of this kind go, with their notes and files. This cannot be undone.")
        return _ask(request, f"/trash/{slug}", heading, text, f"/trash?type={slug}")
    run = empty(access)
    said = _("The trash is being emptied.") if run else _("The trash is emptied.")
    return go(request, f"/trash?type={slug}" if run else "/trash", said)


def _check(access: Access) -> None:
    if not may_purge(access):
        raise PermissionDenied(_("Your role does not allow this."))


def _ask(request: HttpRequest, url: str, heading: str, text: str, back: str) -> HttpResponse:
    context = {
        "heading": heading, "text": text, "url": url, "fields": [], "general": [], "version": "", "cancel": back,
        "submit": _("Delete for good"), "crumbs": [{"label": _("Trash"), "url": back}],
    }  # fmt: skip
    return page(request, "web/_ask.html" if request.headers.get("HX-Request") else "web/ask.html", context)
