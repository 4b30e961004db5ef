"""A lead becomes a company, a contact and a deal: onto existing ones where somebody says so, and back again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from crm_core.leads.carrying import carry, make, take_along
from crm_core.leads.models import Lead, LeadStatus
from crm_core.leads.rules import ground_of
from crm_core.sales.models import Deal
from kernel.access.actor import Access, Actor, with_all_rights
from kernel.lib.ids import uuid7
from kernel.records.change import NotFound, Stale, change
from kernel.records.find import get
from kernel.records.kinds import KINDS
from kernel.records.specs import FieldSpec, spec_of
from kernel.records.types import registry
from kernel.records.undo import Conflict, events_of, undo

DAYS_TO_UNDO = 30
RESULTS = {"company": "companies", "contact": "contacts", "deal": "deals"}
# What may be said of a new deal, and what the deal calls it.
OF_DEAL = {"deal_name": "name", "deal_amount": "amount", "deal_pipeline": "pipeline"}


def _relation(name: str, label: Any) -> FieldSpec:
    return FieldSpec(name, label, KINDS["relation"], name, related=RESULTS[name])


def _flag(name: str, label: Any) -> FieldSpec:
    return FieldSpec(name, label, KINDS["yes_no"], name, null=False)


FIELDS = (
    _relation("company", _("Company")),
    _flag("new_company", _("New company")),
    _relation("contact", _("Contact")),
    _flag("new_contact", _("New contact")),
    _relation("deal", _("Deal")),
    _flag("new_deal", _("New deal")),
    spec_of(Deal, "name", name="deal_name", label=_("Name of the deal"), required=False),
    spec_of(Deal, "amount", name="deal_amount", label=_("Amount of the deal")),
    spec_of(Deal, "pipeline", name="deal_pipeline", label=_("Pipeline of the deal"), required=False),
)


def may_convert(lead: Lead) -> bool:
    return lead.converted_at is None


def may_unconvert(lead: Lead) -> bool:
    return bool(lead.converted_at and lead.conversion) and not is_too_late(lead)


def is_too_late(lead: Lead) -> bool:
    return bool(lead.converted_at and timezone.now() - lead.converted_at > timedelta(days=DAYS_TO_UNDO))


def results_of(lead: Lead, actor: Actor) -> dict[str, Any]:
    """What the lead became, as far as this actor may see it: {"company": the company, …}."""
    readable = actor.access(registry["leads"]).readable()
    found = {}
    for name, slug in RESULTS.items():
        access, pk = actor.access(registry[slug]), getattr(lead, f"{name}_id")
        record = get(access, pk) if pk and name in readable and access.may("view") else None
        if record is not None:
            found[name] = record
    return found


def converted_already(lead: Lead, access: Access) -> ValidationError:
    """With where the results are."""
    problems: dict[str, Any] = {"__all__": ValidationError(now("This lead has been converted."), code="converted")}
    for name, record in results_of(lead, access.actor).items():
        problems[name] = ValidationError(f"/api/v1/{RESULTS[name]}/{record.pk}", code="converted")
    return ValidationError(problems)


def cannot_unconvert(lead: Lead, access: Access) -> ValidationError:
    if is_too_late(lead):
        problem = now("A conversion can be undone for %(days)s days; this one is older.")
        return ValidationError(problem, params={"days": access.actor.format.number(DAYS_TO_UNDO)}, code="too_late")
    return ValidationError(now("This lead is not converted."), code="not_converted")


def convert(lead: Lead, access: Access, version: int | None = None, **wish: Any) -> Lead:
    """Each of company, contact and deal is an existing one (its id), a new one (`new_…`) or none. Left unsaid, a
    company is made where the lead names one, a contact always, a deal where something is said of it.

    All in one change set, or nothing. Raises ValidationError that lists everything that is missing.
    """
    actor, marks = access.actor, {"change_set": uuid7()}
    with change(lead, "lead.converted", access, version=version, given={"status"}, change_set=marks["change_set"]):
        existing = {name: _existing(actor, name, wish.get(name)) for name in RESULTS}
        _check_said(actor, wish)
        wanted = _wanted(lead, wish, existing)
        _check_complete(lead, actor, wanted)
        made = dict(existing)
        if "company" in wanted:
            made["company"] = make(actor, "companies", lead, {"name": lead.company_name}, marks)
        if "contact" in wanted:
            made["contact"] = make(actor, "contacts", lead, _contact_values(lead, made["company"]), marks)
        if "deal" in wanted:
            made["deal"] = make(actor, "deals", lead, _deal_values(lead, made, wish), marks)
        for name, record in existing.items():
            if record is not None:
                take_along(actor, RESULTS[name], lead, record, marks)
        homes = {RESULTS[name]: made[name] for name in ("deal", "contact", "company") if made[name]}
        if homes:
            carry(actor, lead, homes, marks)
        for name, record in made.items():
            setattr(lead, f"{name}_id", record and record.pk)
        lead.status_id = ground_of(actor).first(LeadStatus.Kind.CONVERTED)
        lead.converted_at, lead.conversion = timezone.now(), marks["change_set"]
    return lead


def _existing(actor: Actor, name: str, pk: UUID | None) -> Any:
    if pk is None:
        return None
    access = actor.access(registry[RESULTS[name]])
    record = get(access, pk) if access.may("view") else None
    if record is None:
        raise ValidationError({name: ValidationError(now("There is no such record."), code="not_found")})
    return record


def _check_said(actor: Actor, wish: Mapping[str, Any]) -> None:
    """Records are made with rights over all that the lead brings; what a person says is bound by their own."""
    editable = actor.access(registry["deals"]).editable()
    barred = [name for name, of in OF_DEAL.items() if of not in editable and wish.get(name) not in (None, "")]
    if barred:
        raise ValidationError({n: ValidationError(now("There is no such field."), code="unknown") for n in barred})


def _wanted(lead: Lead, wish: Mapping[str, Any], existing: Mapping[str, Any]) -> set[str]:
    """What is to be made anew."""
    said = any(wish.get(name) not in (None, "") for name in OF_DEAL)
    unsaid = {"company": bool(lead.company_name), "contact": True, "deal": said}
    return {n for n in RESULTS if existing[n] is None and wish.get(f"new_{n}", unsaid[n])}


def _check_complete(lead: Lead, actor: Actor, wanted: Iterable[str]) -> None:
    """Everything that is missing, at once."""
    specs = registry["leads"].specs()
    needed = {name for name in ground_of(actor).rules.needed_to_convert if name in specs}
    if "company" in wanted:
        needed.add("company_name")
    missing = sorted(name for name in needed if specs[name].value(lead) in (None, "", []))
    if missing:
        readable = actor.access(registry["leads"]).readable()
        unseen = now("Something is missing that your role does not show you. Ask somebody who sees the whole lead.")
        problem = now("Fill this in before you convert the lead.")
        told = {(n if n in readable else "__all__"): problem if n in readable else unseen for n in missing}
        raise ValidationError({name: ValidationError(text, code="required") for name, text in told.items()})
    for name in wanted:
        actor.access(registry[RESULTS[name]]).check("create")


def _contact_values(lead: Lead, company: Any) -> dict[str, Any]:
    return {
        **registry["contacts"].values_of_label(lead.name),
        "company": company and company.pk, "phone": lead.phone, "email": lead.email, "source": lead.source_id,
    }  # fmt: skip


def _deal_values(lead: Lead, made: Mapping[str, Any], wish: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        "name": wish.get("deal_name") or lead.company_name or lead.name,
        "company": made["company"] and made["company"].pk,
        "contact": made["contact"] and made["contact"].pk,
        "pipeline": wish.get("deal_pipeline"), "amount": wish.get("deal_amount"), "source": lead.source_id,
    }  # fmt: skip
    return {name: value for name, value in values.items() if value is not None}


def kept_labels(lead: Lead, actor: Actor) -> list[str]:
    """After undoing: what could not be taken back, as far as this actor may see it: "Roof (Amount, Stage)"."""
    found = []
    for conflict in getattr(lead, "kept", ()):
        access = actor.access(registry[conflict.slug])
        record = get(access, conflict.pk) if access.may("view") else None
        if record is not None:
            readable = access.readable(record)
            fields = now(", ").join(str(readable[name].label) for name in conflict.fields if name in readable)
            found.append(f"{conflict.label} ({fields})" if fields else conflict.label)
    return list(dict.fromkeys(found))


def unconvert(lead: Lead, access: Access, version: int | None = None) -> Lead:
    """Take the conversion back. What somebody changed since stays; `lead.kept` tells of it."""
    with transaction.atomic():
        held = access.records("convert").filter(pk=lead.pk).select_for_update(of=("self",)).first()
        if held is None:
            raise NotFound
        if version is not None and held.version != version:
            raise Stale(held)
        if not may_unconvert(held):
            raise cannot_unconvert(held, access)
        kept: list[Conflict] = []
        change_set, after = uuid7(), None
        while events := events_of(held.conversion, after):
            kept += undo(with_all_rights(access.actor), events, change_set)
            after = events[-1].pk
    lead.refresh_from_db()
    lead.kept = kept  # type: ignore[attr-defined]
    return lead
