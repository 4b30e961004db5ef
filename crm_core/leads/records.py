from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from crm_core.contacts.records import NEXT_CONTACT_HELP
from crm_core.leads import conversion
from crm_core.leads.forms.origins import read_origins
from crm_core.leads.models import Lead, LeadForm, LeadStatus, QualificationItem
from crm_core.leads.rules import check_status, follow_consent, follow_name, follow_source, follow_status, ground_of
from kernel.access.actor import Access, Actor
from kernel.events.names import tell
from kernel.lib.names import company_key, person_key
from kernel.records.duplicates import Key
from kernel.records.types import Board, BuiltIn, Panel, RecordType, Verb, field, register

tell("lead.converted", _("%(who)s converted this lead"))
tell("lead.unconverted", _("%(who)s undid the conversion of this lead"))
tell("lead.moved", _("%(who)s moved this lead to another status"))

ORIGIN = {
    "form": _("Form"),
    "page": _("Page"),
    "referrer": _("Came from"),
    "utm_source": _("Campaign source"),
    "utm_medium": _("Campaign medium"),
    "utm_campaign": _("Campaign"),
    "utm_term": _("Campaign term"),
    "utm_content": _("Campaign content"),
    "consent_version": _("Wording of the consent"),
    "consent_text": _("Agreed to"),
}


def named_at(lead: Any) -> list[str]:
    name, company = person_key(lead.name), company_key(lead.company_name)
    return [f"{name} {company}"] if name and company else []


@register
class Leads(RecordType):
    slug, model = "leads", Lead
    label, label_plural = _("Lead"), _("Leads")
    icon = "target"
    is_person = True
    same_person = ("contact",)
    fields = (
        "name", "company_name", "phone", "email", "message", "source", "campaign", "status",
        field("qualification", extra={"is_checklist": True}),
        field("intake_due_at", extra={"due": True}),
        field("next_contact_at", extra={"due": True}, help=NEXT_CONTACT_HELP),
        field("origin", kind="facts", extra={"labels": ORIGIN}),
        "converted_at", "company", "contact", "deal",
    )  # fmt: skip
    columns = ("name", "company_name", "status", "source", "phone", "intake_due_at", "owner")
    essentials = ("name", "company_name", "phone", "email", "source", "message", "owner")
    filters = ("status", "source", "owner", "intake_due_at", "created_at")
    search = ("name", "company_name", "phone", "email", "message", "campaign")
    panels = (
        Panel(_("Lead"), ("name", "company_name", "phone", "email", "status", "qualification", "owner", "team")),
        Panel(_("Request"), ("message", "source", "campaign", "intake_due_at", "next_contact_at", "origin")),
        Panel(_("Conversion"), ("converted_at", "company", "contact", "deal")),
    )
    next_step_field, open_when = "next_contact_at", {"converted_at__empty": "true"}
    views = (
        BuiltIn(
            "queue", _("Nobody's yet"), {"owner__empty": "true", "converted_at__empty": "true", "sort": "created_at"}
        ),
    )
    board = Board(by="status", card=("company_name", "intake_due_at", "owner"))
    verbs = (
        Verb(
            "convert", "lead.converted", _("Convert"), "arrows-exchange", conversion.convert,
            fields=conversion.FIELDS, applies=conversion.may_convert, refusal=conversion.converted_already,
            done=_("Lead converted."), tone="good", has_page=True, in_bulk=False,
        ),
        Verb(
            "unconvert", "lead.unconverted", _("Undo the conversion"), "arrow-back-up", conversion.unconvert,
            applies=conversion.may_unconvert, refusal=conversion.cannot_unconvert, done=_("The conversion was undone."),
            permission="convert", in_bulk=False, tells_conflicts=True,
        ),
    )  # fmt: skip
    match_fields = ("email", "phone", "name")
    duplicate_keys = (
        Key("phone", _("same phone number"), ("phone",), lambda lead: [lead.phone]),
        Key("email", _("same email address"), ("email",), lambda lead: [(lead.email or "").lower()]),
        Key("at", _("same name at the same company"), ("name", "company_name"), lambda lead: named_at(lead)),
        Key("name", _("same name"), ("name",), lambda lead: [person_key(lead.name)], is_weak=True),
    )
    synonyms = {
        "name": ("lead", "lead_name", "full_name", "contact_name", "person", "نام سرنخ", "نام و نام خانوادگی",
                 "نام کامل"),
        "company_name": ("company", "account", "account_name", "organization", "organisation", "شرکت", "نام شرکت",
                         "سازمان"),
        "phone": ("mobile", "mobile_phone", "cell", "telephone", "tel", "phone_number", "موبایل", "همراه",
                  "شماره همراه", "شماره تماس"),
        "email": ("e-mail", "mail", "email_address", "work_email", "ایمیل", "رایانامه"),
        "message": ("description", "comment", "comments", "notes", "inquiry", "body", "توضیحات", "پیام", "شرح"),
        "source": ("lead_source", "منبع سرنخ", "نحوه آشنایی"),
        "campaign": ("utm_campaign", "campaign_name", "کمپین"),
        "status": ("lead_status", "stage", "وضعیت سرنخ"),
        "owner": ("lead_owner", "sales_agent", "assigned_to", "sales_rep", "کارشناس", "مسئول"),
    }  # fmt: skip

    def owner_of(self, record: Any, access: Access) -> UUID | None:
        """A lead that nobody took goes to whoever answers its source; its maker keeps it on a page, where they saw
        their own name on it, and wherever they may not give leads to others."""
        intake = ground_of(access.actor).intake_of(record.source_id)
        if access.actor.via != "page" and access.scope("create") == "all" and (intake.owner or intake.team):
            return intake.owner
        return super().owner_of(record, access)

    def event_of(self, event: str, changes: Mapping[str, Any]) -> str:
        if event == "lead.updated":
            if changes.get("converted_at", ["", ""])[1] is None:
                return "lead.unconverted"
            if "status" in changes:
                return "lead.moved"
        return event

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        follow_status(record, actor, changed)
        follow_source(record, actor, changed)


class LeadSetting(RecordType):
    is_setting = True
    is_owned = False
    in_menu = False
    match_fields = ("name",)


@register
class LeadStatuses(LeadSetting):
    slug, model = "lead-statuses", LeadStatus
    label, label_plural = _("Lead status"), _("Lead statuses")
    icon = "columns"
    fields = (
        "name", field("kind", extra={"ends": {"converted": "won", "disqualified": "lost"}}), "position",
    )  # fmt: skip
    columns = ("name", "kind", "position")
    sort = "position"
    panels = (Panel(_("Lead status"), ("name", "kind", "position")),)

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        actor.memo.pop("leads", None)
        check_status(record, changed)


@register
class QualificationItems(LeadSetting):
    slug, model = "qualification-items", QualificationItem
    label, label_plural = _("Qualification question"), _("Qualification questions")
    icon = "checkbox"
    fields = ("name", "position")
    columns = ("name", "position")
    sort = "position"
    panels = (Panel(_("Qualification question"), ("name", "position")),)


@register
class LeadForms(LeadSetting):
    slug, model = "lead-forms", LeadForm
    label, label_plural = _("Web form"), _("Web forms")
    icon = "list-details"
    fields = (
        "name", "address", "active", "language", "source", "title", "intro", "ask_phone", "ask_email", "ask_company",
        "ask_message", "button", "thanks", "redirect_url", "origins", "consent_text", "consent_version",
        "purpose", "purpose_channel",
    )  # fmt: skip
    columns = ("name", "address", "active", "language", "source")
    sort = "name"
    panels = (Panel(_("Web form"), fields),)
    can_import = False

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        if "origins" in changed:
            record.origins = "\n".join(read_origins(record.origins))
        follow_name(record)
        follow_consent(record, changed)
