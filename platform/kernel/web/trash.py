"""What was deleted, type by type, and the way back."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Actor
from kernel.events.models import Event
from kernel.records.find import find
from kernel.records.show import Labels
from kernel.records.types import RecordType, registry
from kernel.web.pages import page


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
