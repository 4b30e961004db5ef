"""What was erased, with its certificates, and what is held."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kernel.privacy.certificates import class_label, told
from kernel.privacy.models import Erasure
from kernel.records.legal_holds import lasting
from kernel.records.show import Labels
from kernel.records.types import registry
from kernel.web.reach import record_url
from kernel.web.settings.sections import page, part_of

SHOWN = 100


@part_of("privacy")
@require_GET
def privacy(request: Any) -> HttpResponse:
    actor = request.actor
    holds, labels = list(lasting().select_related("member").order_by("-at")[:SHOWN]), Labels(actor)
    wanted: dict[str, set[UUID]] = {}
    for hold in holds:
        if hold.record_type in registry:
            wanted.setdefault(hold.record_type, set()).add(hold.record_id)
    labels.load(wanted)
    context = {
        "erasures": Erasure.objects.exclude(finished_at=None).select_related("member").order_by("-pk")[:SHOWN],
        "holds": [
            {
                "hold": hold, "label": label, "url": f"{record_url(hold.record_type, hold.record_id)}/privacy",
                "until": actor.format.date(hold.until) if hold.until else "",
            }
            for hold in holds
            if (label := labels.get(hold.record_type, hold.record_id))
        ],
    }  # fmt: skip
    return page(request, "settings/privacy.html", context)


def _erasure(pk: UUID) -> Erasure:
    found = Erasure.objects.exclude(finished_at=None).select_related("member").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@part_of("privacy")
@require_GET
def certificate(request: Any, pk: UUID) -> HttpResponse:
    erasure, fmt = _erasure(pk), request.actor.format
    context = {
        "heading": _("Certificate of erasure"), "erasure": erasure, "workspace_name": request.tenant.name,
        "counts": [(class_label(name), fmt.number(count)) for name, count in erasure.counts.items()],
        "asked": fmt.datetime(erasure.asked_at), "finished": fmt.datetime(erasure.finished_at),
    }  # fmt: skip
    return page(request, "settings/certificate.html", context)


@part_of("privacy")
@require_GET
def certificate_json(request: Any, pk: UUID) -> HttpResponse:
    erasure = _erasure(pk)
    response = JsonResponse({**told(erasure), "digest": erasure.digest})
    response["Content-Disposition"] = f'attachment; filename="certificate-{erasure.pk}.json"'
    response["Cache-Control"] = "no-store"
    return response
