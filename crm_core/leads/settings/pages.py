"""Settings of leads: what is asked of them, their statuses and questions in order; and the forms on the web."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms as fields
from django.http import Http404, HttpResponse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm_core.leads.forms.origins import read_origins
from crm_core.leads.forms.submission import AGREED, asked_to_agree, asks
from crm_core.leads.models import LeadForm, LeadRules
from crm_core.sales.settings.order import shift
from kernel.access.actor import Actor
from kernel.events.names import tell_settings
from kernel.events.noting import note_settings
from kernel.records.people import one_at_a_time
from kernel.records.specs import FieldSpec
from kernel.records.types import registry
from kernel.web.controls import label_of
from kernel.web.pages import go
from kernel.web.reach import editable_of
from kernel.web.settings.forms import ChecksField, SettingsForm, SwitchField, bound
from kernel.web.settings.sections import page, part_of

HERE = "/settings/leads"
# What may be asked for before a lead is converted.
NEEDED = ("company_name", "phone", "email", "source", "qualification")
FRAME = '<iframe src="{}" title="{}" width="100%" height="640" loading="lazy"></iframe>'
EXAMPLE = {"name": "Sara Carter", "phone": "+12125550100", "email": "sara@example.com", "company": "Example"}


def _words(actor: Actor, name: str, value: Any) -> str:
    """Fields by their labels; those that are hidden from whoever reads are left out."""
    known = actor.access(registry["leads"]).readable()
    return _(", ").join(label_of(known[field]) for field in value if field in known)


RULES_CHANGED = tell_settings(
    "leads.rules_changed",
    gettext_lazy("%(who)s changed what is asked of leads"),
    {
        "source_required": gettext_lazy("Every lead must have a source"),
        "needed_to_convert": gettext_lazy("Needed before a lead is converted"),
    },
    _words,
)


class RulesForm(SettingsForm):
    source_required = SwitchField(
        label=gettext_lazy("Every lead must have a source"),
        help_text=gettext_lazy("Visitors’ messages are taken either way."),
        required=False,
    )
    needed_to_convert = ChecksField(label=gettext_lazy("Needed before a lead is converted"), required=False)

    def __init__(self, *args: Any, known: Mapping[str, FieldSpec], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shown = [(name, label_of(known[name])) for name in NEEDED if name in known]
        self.fields["needed_to_convert"].choices = shown  # type: ignore[attr-defined]
        self.fields["needed_to_convert"].widget = fields.CheckboxSelectMultiple(
            choices=self.fields["needed_to_convert"].choices  # type: ignore[attr-defined]
        )


@part_of("leads")
@require_http_methods(["GET", "POST"])
def leads(request: Any) -> HttpResponse:
    rules = LeadRules.objects.first() or LeadRules()
    initial = {"source_required": rules.source_required, "needed_to_convert": rules.needed_to_convert}
    known = request.actor.access(registry["leads"]).readable()
    form = bound(RulesForm, request, initial=initial, known=known)
    if form.is_valid():
        one_at_a_time()
        unseen = [name for name in rules.needed_to_convert if name not in known]
        needed = [*form.cleaned_data["needed_to_convert"], *unseen]
        after = {**form.cleaned_data, "needed_to_convert": needed}
        note_settings(request.actor, RULES_CHANGED, initial, after, "leads")
        LeadRules.objects.update_or_create(only=True, defaults=after)
        return go(request, HERE, _("Saved."), tone="good")
    lists = [
        _list(request, "lead-statuses", _("Leads go through these, in this order.")),
        _list(request, "qualification-items", _("What has to be settled before a lead is worth a deal.")),
    ]
    return page(request, "leads/settings/leads.html", {"form": form, "lists": lists, "here": HERE}, form.status)


def _list(request: Any, slug: str, help_text: str) -> dict[str, Any]:
    access = request.actor.access(registry[slug])
    rows = list(access.records().order_by("position", "pk"))
    return {
        "slug": slug,
        "title": access.rtype.label_plural,
        "add": access.rtype.label,
        "rows": rows,
        "help": help_text,
    }


@part_of("leads")
@require_POST
def move(request: Any, slug: str, pk: UUID, step: str) -> HttpResponse:
    if slug not in ("lead-statuses", "qualification-items") or step not in ("up", "down"):
        raise Http404
    one_at_a_time()
    access = request.actor.access(registry[slug])
    found = editable_of(access, pk)
    shift(access, list(access.records().order_by("position", "pk")), found, -1 if step == "up" else 1)
    return go(request, f"{HERE}#{slug}")


@part_of("forms")
@require_GET
def forms(request: Any) -> HttpResponse:
    access = request.actor.access(registry["lead-forms"])
    rows = [_form(request, row) for row in access.records().select_related("purpose").order_by("label_key", "pk")]
    return page(request, "leads/settings/forms.html", {"rows": rows})


def _form(request: Any, form: LeadForm) -> dict[str, Any]:
    url = request.build_absolute_uri(f"/f/{form.address}")
    sent = {name: EXAMPLE.get(name, "…") for name in asks(form)} | ({"consent": True} if form.consent_text else {})
    sent |= {AGREED: True} if asked_to_agree(form) else {}
    body = json.dumps({**sent, "utm_source": "newsletter", "idempotency_key": "order-4711"})
    return {
        "form": form, "url": url, "origins": read_origins(form.origins),
        "frame": FRAME.format(escape(url), escape(form.title or form.name)),
        "curl": f"curl -X POST {url} -H 'Content-Type: application/json' -d '{body}'",
    }  # fmt: skip
