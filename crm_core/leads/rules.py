"""What follows from a lead's status and source, and what must stay true of statuses."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from crm_core.contacts.models import LeadSource
from crm_core.leads.models import Lead, LeadForm, LeadRules, LeadStatus
from kernel.access.actor import Actor
from kernel.records.people import one_at_a_time

Kind = LeadStatus.Kind


class Intake(NamedTuple):
    """Who answers the leads of a source, and within how many hours."""

    owner: UUID | None
    team: UUID | None
    hours: int | None


class Ground:
    """The statuses, sources and rules of a tenant, read once for an actor: they are few, leads are many."""

    def __init__(self) -> None:
        rows = LeadStatus.objects.alive().order_by("position", "pk").values_list("pk", "kind")
        self.kinds: dict[UUID, str] = dict(rows)
        sources = LeadSource.objects.values_list("pk", "intake_owner", "intake_team", "intake_hours")
        self.intakes = {pk: Intake(owner, team, hours) for pk, owner, team, hours in sources}
        self.rules = LeadRules.objects.first() or LeadRules()

    def first(self, kind: str) -> UUID:
        for pk, its_kind in self.kinds.items():
            if its_kind == kind:
                return pk
        raise ValidationError({"status": ValidationError(NEEDED[kind](), code="no_status")})

    def intake_of(self, source: UUID | None) -> Intake:
        return self.intakes.get(source, Intake(None, None, None)) if source else Intake(None, None, None)


def ground_of(actor: Actor) -> Ground:
    if "leads" not in actor.memo:
        actor.memo["leads"] = Ground()
    ground: Ground = actor.memo["leads"]
    return ground


def follow_status(lead: Lead, actor: Actor, changed: set[str]) -> None:
    """A lead begins with the first open status; only converting makes it a converted one."""
    ground = ground_of(actor)
    if not lead.status_id:
        lead.status_id = ground.first(Kind.OPEN)
    if lead.converted_at is None:
        lead.conversion = None
    kind = ground.kinds.get(lead.status_id)
    if not (lead.is_new or "status" in changed):
        return
    if kind is None:
        raise ValidationError({"status": ValidationError(_("Choose a status."), code="required")})
    is_converted = lead.converted_at is not None
    if kind == Kind.CONVERTED and not is_converted and actor.via != "import":
        problem = _("Use “Convert” for this: it makes a contact and a deal of the lead.")
        raise ValidationError({"status": ValidationError(problem, code="convert")})
    if is_converted and kind != Kind.CONVERTED:
        problem = _("This lead is converted. Undo the conversion first.")
        raise ValidationError({"status": ValidationError(problem, code="converted")})


def follow_source(lead: Lead, actor: Actor, changed: set[str]) -> None:
    """The team that answers, and until when; and that there is a source, where this workspace insists on one.

    A visitor's message is taken without a source too: it must not be lost for a setting.
    """
    ground = ground_of(actor)
    is_given = lead.is_new or "source" in changed
    if is_given and not lead.source_id and ground.rules.source_required and actor.via != "form":
        raise ValidationError({"source": ValidationError(_("Say where this lead comes from."), code="required")})
    intake = ground.intake_of(lead.source_id)
    if lead.is_new and not lead.owner_id and "team" not in changed:
        lead.team_id = intake.team
    if lead.converted_at or lead.status_id != ground.first(Kind.OPEN):
        lead.intake_due_at = None
    elif is_given and not (lead.is_new and actor.via == "import"):
        lead.intake_due_at = lead.created_at + timedelta(hours=intake.hours) if intake.hours else None


# A function each, so that translators see whole sentences.
NEEDED: dict[str, Any] = {
    Kind.OPEN: lambda: _("Leads need at least one open status. Add one in the settings."),
    Kind.CONVERTED: lambda: _("Leads need a status for converted ones. Add one in the settings."),
}


def check_status(status: LeadStatus, changed: set[str]) -> None:
    """A status that leads stand on keeps its meaning, and one of each needed kind stays."""
    if status.is_new:
        return
    is_gone = status.deleted_at is not None
    if not is_gone and "kind" not in changed:
        return
    one_at_a_time()
    before = LeadStatus.objects.alive().filter(pk=status.pk).only("kind").first()
    if before is None or (not is_gone and before.kind == status.kind):
        return
    field = "__all__" if is_gone else "kind"
    others = LeadStatus.objects.alive().filter(kind=before.kind).exclude(pk=status.pk)
    if before.kind in NEEDED and not others.exists():
        raise ValidationError({field: ValidationError(NEEDED[before.kind](), code="last")})
    if Lead.objects.alive().filter(status=status.pk).exists():
        problem = _("There are leads on this status. Move them to another one first.")
        raise ValidationError({field: ValidationError(problem, code="in_use")})


def follow_name(form: LeadForm) -> None:
    """An address of its own, of the name as far as that has Latin letters."""
    if form.address:
        return
    stem = slugify(form.name)[:50] or "form"
    taken = set(LeadForm.objects.alive().filter(address__startswith=stem).values_list("address", flat=True))
    free = (f"{stem}-{number}" for number in count(2))
    form.address = stem if stem not in taken else next(address for address in free if address not in taken)


def follow_consent(form: LeadForm, changed: set[str]) -> None:
    """Each wording of the consent has a number, which the leads of its time carry."""
    if "consent_text" not in changed:
        return
    before = LeadForm.objects.filter(pk=form.pk).values_list("consent_text", flat=True).first() or ""
    if form.consent_text and form.consent_text != before:
        form.consent_version += 1
