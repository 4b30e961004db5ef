"""What a form was sent, on the page of the lead that it became."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from crm_core.leads.forms.kept import KEPT, submissions_of
from crm_core.leads.models import Lead
from kernel.access.actor import Access


def part(request: HttpRequest, access: Access, record: Any) -> SafeString | str:
    if not isinstance(record, Lead) or not (found := submissions_of(access, record)):
        return ""
    fmt = access.actor.format
    context = {"submissions": found, "format": fmt, "days": fmt.number(KEPT.days)}
    return render_to_string("leads/_submissions.html", context, request)
