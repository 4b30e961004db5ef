"""Converting a lead on a page of its own: what it may be already, and what is to be made of it."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm_core.leads import conversion
from crm_core.leads.matches import Match, company_matches, contact_matches
from crm_core.leads.models import Lead
from kernel.access.actor import Access, Actor
from kernel.records.change import NotFound, Stale
from kernel.records.kinds.relations import read_id
from kernel.records.show import Shown
from kernel.records.types import registry
from kernel.ui.fields import Field, Option
from kernel.web.controls import Controls, few_records
from kernel.web.edit import posted_version
from kernel.web.pages import go, list_crumb, page
from kernel.web.posted import typed
from kernel.web.reach import access_to, record_of, record_url

NEW, NONE = "new", "none"
SPECS = {spec.name: spec for spec in conversion.FIELDS}


@require_http_methods(["GET", "HEAD", "POST"])
def convert(request: HttpRequest, pk: UUID) -> HttpResponse:
    access = access_to(request, "leads")
    lead = record_of(access, pk)
    access.check("convert", lead)
    if not conversion.may_convert(lead):
        return _done_before(request, access, lead)
    if request.method != "POST":
        return _page(request, access, lead, {}, [])
    errors: dict[str, list[str]] = {}
    try:
        wish = _wish(request, access)
        conversion.convert(lead, access, posted_version(request), **wish)
    except Stale as stale:
        if not conversion.may_convert(stale.record):
            return _done_before(request, access, stale.record)
        text = _("Somebody changed this meanwhile, so nothing was done. Look at it again, then repeat the step.")
        return go(request, request.path, text, tone="warn")
    except NotFound as error:
        raise Http404 from error
    except ValidationError as error:
        told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        errors = {name: messages for name, messages in told.items() if name in SPECS}
        return _page(request, access, record_of(access, pk), errors, _general(access, told))
    made = conversion.results_of(lead, access.actor)
    name = next((name for name in ("deal", "contact", "company") if name in made), None)
    url = record_url(conversion.RESULTS[name], made[name].pk) if name else record_url("leads", pk)
    text = _("%(label)s was converted.") % {"label": lead.label}
    return go(request, url, text, tone="good", undo=f"{record_url('leads', pk)}/unconvert")


def _general(access: Access, told: dict[str, list[str]]) -> list[str]:
    specs = access.readable()
    return [
        f"{specs[name].label}: {message}" if name in specs else message
        for name, messages in told.items()
        for message in messages
        if name not in SPECS
    ]


@require_POST
def unconvert(request: HttpRequest, pk: UUID) -> HttpResponse:
    access = access_to(request, "leads")
    lead = record_of(access, pk)
    access.check("convert", lead)
    try:
        conversion.unconvert(lead, access, posted_version(request))
    except ValidationError as error:
        return go(request, record_url("leads", pk), " ".join(error.messages), tone="bad")
    except Stale:
        text = _("Somebody changed this meanwhile, so nothing was done. Look at it again, then repeat the step.")
        return go(request, record_url("leads", pk), text, tone="warn")
    text, tone = _("The conversion was undone."), "good"
    if kept := conversion.kept_labels(lead, access.actor):
        told = _("The conversion was undone. What was changed since stays: %(labels)s")
        comma = "، " if access.actor.format.language == "fa" else ", "
        text, tone = told % {"labels": comma.join(kept)}, "warn"
    return go(request, record_url("leads", pk), text, tone=tone)


def _done_before(request: HttpRequest, access: Access, lead: Lead) -> HttpResponse:
    results = [
        (registry[conversion.RESULTS[name]], record, record_url(conversion.RESULTS[name], record.pk))
        for name, record in conversion.results_of(lead, access.actor).items()
    ]
    context = {
        "heading": lead.label, "lead": lead, "results": results, "url": record_url("leads", lead.pk),
        "may_undo": conversion.may_unconvert(lead), "crumbs": _crumbs(access, lead),
    }  # fmt: skip
    return page(request, "leads/converted.html", context, 409)


def _crumbs(access: Access, lead: Lead) -> list[dict[str, Any]]:
    return [list_crumb(access.rtype), {"label": lead.label, "url": record_url("leads", lead.pk)}]


# -- the form


def _wish(request: HttpRequest, access: Access) -> dict[str, Any]:
    """What was chosen: one of the offered, another one that was looked for, a new one, or none."""
    wish: dict[str, Any] = {}
    for name in conversion.RESULTS:
        other = SPECS[name].parse(typed(request.POST, f"{name}_other"), access)
        choice = request.POST.get(name, NONE)
        wish[name] = other or read_id(choice)
        wish[f"new_{name}"] = choice == NEW and not other
    if wish["new_deal"]:
        for name in conversion.OF_DEAL:
            if name in request.POST:
                wish[name] = SPECS[name].parse(typed(request.POST, name), access)
    return wish


def _page(
    request: HttpRequest, access: Access, lead: Lead, errors: dict[str, list[str]], general: list[str]
) -> HttpResponse:
    actor, posted = access.actor, request.POST
    contacts = contact_matches(lead, actor)
    companies = company_matches(lead, actor, contacts)
    controls = Controls(access)
    parts = []
    for name, matches in (("company", companies), ("contact", contacts), ("deal", [])):
        options = _options(actor, lead, name, matches)
        start = posted.get(name) or _start(name, lead, matches, options)
        field = Field(name, registry[conversion.RESULTS[name]].label, "radio", start, options=options)
        other = None
        if actor.access(registry[conversion.RESULTS[name]]).may("view"):
            drawn = controls.field(SPECS[name], typed(posted, f"{name}_other"), name=f"{name}_other")
            other = replace(drawn, label=_("Or another one"), create_url="", errors=errors.get(name, ()))
        parts.append(
            {"name": name, "field": replace(field, errors=() if other else errors.get(name, ())), "other": other}
        )
    context = {
        "heading": _("Convert %(label)s") % {"label": lead.label}, "lead": lead, "parts": parts, "general": general,
        "deal_fields": _deal_fields(controls, actor, lead, posted, errors), "version": lead.version,
        "cancel": record_url("leads", lead.pk), "crumbs": _crumbs(access, lead),
        "fields": [part["other"] or part["field"] for part in parts],
    }  # fmt: skip
    return page(request, "leads/convert.html", context, 422 if request.method == "POST" else 200)


def _options(actor: Actor, lead: Lead, name: str, matches: list[Match]) -> list[Option]:
    may_make, called = actor.access(registry[conversion.RESULTS[name]]).may("create"), _names(actor, lead)
    labels = _companies_of(actor, matches) if name == "contact" else {}
    found = [
        Option(str(match.record.pk), match.record.label, " · ".join([*match.why, *labels.get(match.record.pk, [])]))
        for match in matches
    ]
    new = {
        "company": (called["company"] or (lead.company_name and str(registry["companies"].label)), _("A new company")),
        "contact": (called["contact"] or str(registry["contacts"].label), _("A new contact")),
        "deal": (_("A new deal"), ""),
    }[name]
    if may_make and new[0]:
        found.append(Option(NEW, *new))
    none = {"company": _("No company"), "contact": _("No contact"), "deal": _("No deal")}[name]
    return [*found, Option(NONE, none)]


def _names(actor: Actor, lead: Lead) -> dict[str, str]:
    """What the new ones would be called, as far as this actor may read it."""
    known = actor.access(registry["leads"]).readable(lead)
    names = {"company": ("company_name", lead.company_name), "contact": ("name", lead.name)}
    return {of: text if name in known else "" for of, (name, text) in names.items()}


def _companies_of(actor: Actor, matches: list[Match]) -> dict[Any, list[str]]:
    """Where each contact works: names alone do not tell people apart."""
    spec = actor.access(registry["contacts"]).readable().get("company")
    if spec is None:
        return {}
    shown = Shown(actor.access(registry["contacts"]), [match.record for match in matches], [spec])
    return {match.record.pk: [text] for match in matches if (text := shown.text(match.record, spec))}


def _start(name: str, lead: Lead, matches: list[Match], options: list[Option]) -> str:
    """What fits for sure, else a new one."""
    if matches and matches[0].sure:
        return str(matches[0].record.pk)
    offered = {option.value for option in options}
    return NEW if NEW in offered else NONE


def _deal_fields(
    controls: Controls, actor: Actor, lead: Lead, posted: Any, errors: dict[str, list[str]]
) -> list[Field]:
    deals = actor.access(registry["deals"])
    if not deals.may("create"):
        return []
    pipelines = few_records(actor, registry["pipelines"]) or []
    called = _names(actor, lead)
    starts = {"deal_name": called["company"] or called["contact"], "deal_amount": None}
    if len(pipelines) > 1:
        starts["deal_pipeline"] = pipelines[0].value
    return [
        controls.field(SPECS[name], typed(posted, name) if posted else value, errors=errors.get(name, []))
        for name, value in starts.items()
        if conversion.OF_DEAL[name] in deals.editable()
    ]
