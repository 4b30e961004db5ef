"""On a person's page: what they agreed to, and the way to write down what they say now."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from crm_core.contacts.consent import standings
from kernel.access.actor import Access
from kernel.records.types import registry
from kernel.web.reach import record_url

NEEDED = {"purpose", "channel", "state", "at"}


def part(request: HttpRequest, access: Access, record: Any) -> SafeString | str:
    consents = access.actor.access(registry["consents"])
    if not access.rtype.is_person or not consents.may("view") or not consents.readable().keys() >= NEEDED:
        return ""
    purposes = access.actor.access(registry["consent-purposes"])
    may_add = consents.may("create") and purposes.may("view") and purposes.records().exists()
    found = standings(record.pk)
    if not found and not may_add:
        return ""
    here = record_url(access.rtype.slug, record.pk)
    context = {
        "consents": found, "format": access.actor.format,
        "new_url": f"/r/consents/new?about={access.rtype.slug}:{record.pk}&next={here}" if may_add else "",
    }  # fmt: skip
    return render_to_string("contacts/_consents.html", context, request)
