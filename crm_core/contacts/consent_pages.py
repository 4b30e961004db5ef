"""The purposes that people are asked for."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from kernel.records.types import registry
from kernel.web.settings.sections import page, part_of


@part_of("consent")
@require_GET
def purposes(request: Any) -> HttpResponse:
    rows = request.actor.access(registry["consent-purposes"]).records().order_by("label_key", "pk")
    return page(request, "contacts/settings/consent.html", {"rows": rows})
