"""Who acts when a stranger fills in a form: nobody of the workspace, with no right but to bring a lead."""

from dataclasses import replace

from crm_core.leads.models import LeadForm
from kernel.access.actor import Actor, format_for
from kernel.access.rules import Rules

ASKED = ("name", "phone", "email", "company_name", "message", "source", "campaign")
RIGHTS = {
    "types": {
        "leads": {"verbs": {"create": "all"}, "fields": dict.fromkeys(ASKED, "edit")},
        "sources": {"verbs": {"view": "all"}},
    }
}


def door(form: LeadForm) -> Actor:
    return Actor(None, Rules([RIGHTS]), "form", replace(format_for(None), language=form.language))
