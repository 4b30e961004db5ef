"""From what a stranger sent to a lead: once, however often it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm_core.contacts.consent_types import wording
from crm_core.leads.forms.door import door
from crm_core.leads.forms.kept import keep
from crm_core.leads.models import Lead, LeadForm
from kernel.access.actor import with_all_rights
from kernel.records.change import assign, change, create
from kernel.records.types import registry

TRAP = "homepage"
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
MOST = 300
# What the form calls each field, and what the lead does.
FIELDS = {"name": "name", "phone": "phone", "email": "email", "company": "company_name", "message": "message"}


def asks(form: LeadForm) -> dict[str, bool]:
    """The fields of a form, in order, each with whether it must be filled in."""
    told = {"name": LeadForm.Asks.REQUIRED, **{name: getattr(form, f"ask_{name}") for name in list(FIELDS)[1:]}}
    return {name: asks == LeadForm.Asks.REQUIRED for name, asks in told.items() if asks != LeadForm.Asks.NO}


def is_trapped(sent: Mapping[str, Any]) -> bool:
    """Programs fill in every field; people do not see this one."""
    return bool(sent.get(TRAP))


def submit(form: LeadForm, sent: Mapping[str, Any], key: str, site: str = "") -> Lead:
    """Raises ValidationError keyed by what the form calls its fields. What it does not ask for is kept beside the
    lead, and means nothing."""
    intake_key = hashlib.sha256(f"{form.pk}\0{key}".encode()).hexdigest() if key else ""
    if known := _known(intake_key):
        return known
    access = door(form).access(registry["leads"])
    origin = origin_of(form, sent)
    values = _read(form, sent, access)
    values |= {"source": form.source_id, "campaign": origin.get("utm_campaign", "")[:200]}
    lead = Lead(origin=origin, intake_key=intake_key)
    try:
        with change(lead, "lead.created", access, given=set(values)):
            assign(access, lead, values)
        keep(lead, form, sent, site)
        _agree(form, sent, lead)
    except ValidationError as error:
        if "intake_key" in getattr(error, "error_dict", {}) and (known := _known(intake_key)):
            return known  # the same was sent twice at once
        raise _in_words_of(error) from error
    return lead


AGREED = "agree"


def asked_to_agree(form: LeadForm) -> str:
    """The words of the purpose that the form asks for, in its language; empty where it asks for none."""
    return wording(form.purpose, form.language) if form.purpose and form.purpose.deleted_at is None else ""


def is_ticked(sent: Mapping[str, Any], name: str) -> bool:
    return text_of(sent, name).lower() in ("true", "1", "on", "yes")


def _agree(form: LeadForm, sent: Mapping[str, Any], lead: Lead) -> None:
    """Ticked or not: who does not agree is a lead all the same."""
    if asked_to_agree(form) and is_ticked(sent, AGREED):
        values = {"purpose": form.purpose_id, "channel": form.purpose_channel, "how": "form", "state": "given"}
        about = {"type": "leads", "id": str(lead.pk)}
        create(with_all_rights(door(form)).access(registry["consents"]), {**values, "about": about})


def _known(intake_key: str) -> Lead | None:
    return Lead.objects.filter(intake_key=intake_key).first() if intake_key else None


def _read(form: LeadForm, sent: Mapping[str, Any], access: Any) -> dict[str, Any]:
    specs, values, problems = access.editable(), dict[str, Any](), dict[str, Any]()
    for name, is_required in asks(form).items():
        text = text_of(sent, name)
        if is_required and not text:
            problems[name] = ValidationError(_("Fill this in."), code="required")
            continue
        try:
            value = specs[FIELDS[name]].parse(text, access)
        except ValidationError as error:
            problems[name] = ValidationError(error.messages)
        else:
            values[FIELDS[name]] = value or ""
    if form.consent_text and not is_ticked(sent, "consent"):
        problems["consent"] = ValidationError(_("We need your consent to answer you."), code="required")
    if problems:
        raise ValidationError(problems)
    return values


def _in_words_of(error: ValidationError) -> ValidationError:
    if not hasattr(error, "error_dict"):
        return error
    ours = {theirs: name for name, theirs in FIELDS.items()}
    return ValidationError({ours.get(name, "__all__"): problems for name, problems in error.error_dict.items()})


def text_of(sent: Mapping[str, Any], name: str) -> str:
    value = sent.get(name)
    if isinstance(value, bool):
        return "true" if value else ""
    if not isinstance(value, str | int):
        return ""
    # Half a character, which JSON can spell, can't be stored.
    return str(value).replace("\x00", "").encode(errors="replace").decode().strip()


def origin_of(form: LeadForm, sent: Mapping[str, Any]) -> dict[str, str]:
    """Where it came from: as it was sent, else as the page's own address says."""
    page = text_of(sent, "page")[:MOST]
    try:
        in_page = dict(parse_qsl(urlsplit(page).query))
    except ValueError:
        in_page = {}
    told = {"form": form.name, "page": page, "referrer": text_of(sent, "referrer")[:MOST]}
    told |= {name: (text_of(sent, name) or text_of(in_page, name))[:MOST] for name in UTM}
    if form.consent_text:
        told |= {"consent_version": str(form.consent_version), "consent_text": form.consent_text}
    return {name: text for name, text in told.items() if text}
