from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_core.contacts.models import Company, Contact, ContactPoint, LeadSource
from crm_core.contacts.points import sync_points
from kernel.access.actor import Actor
from kernel.records.types import Panel, RecordType, Related, RowsField, field, register


@register
class Companies(RecordType):
    slug, model = "companies", Company
    label, label_plural = _("Company"), _("Companies")
    icon = "building"
    fields = (
        "name", "kind", "industry", "parent", "website", "phone", "email", "country", "city", "address", "employees",
        "annual_revenue", "founded_year",
    )  # fmt: skip
    columns = ("name", "kind", "industry", "city", "annual_revenue", "owner")
    filters = ("kind", "industry", "country", "owner")
    search = ("name", "industry", "city", "country", "email", "phone", "website")
    sums = ("annual_revenue",)
    sort = "name"
    panels = (
        Panel(_("Company"), ("name", "kind", "industry", "parent", "owner", "team")),
        Panel(_("Reach"), ("phone", "email", "website", "address", "city", "country")),
        Panel(_("Size"), ("employees", "annual_revenue", "founded_year")),
    )
    related = (Related("contacts", "company"), Related("deals", "company"), Related("companies", "parent"))
    match_fields = ("name", "email", "phone", "website")


@register
class Contacts(RecordType):
    slug, model = "contacts", Contact
    label, label_plural = _("Contact"), _("Contacts")
    icon = "users"
    fields = (
        field("label", label=_("Name"), read_only=True, is_label=True),
        "first_name", "last_name", "company", "occupation", "phone", "email",
        RowsField(
            "contact_points", _("Phones and emails"), ContactPoint, "contact",
            ("value", "kind", "label", "primary", field("verified_at", read_only=True)),
        ),
        "source", "national_id", "birth_date", "gender", "education", "city", "language",
        "last_contacted_at", "next_contact_at",
    )  # fmt: skip
    label_field = "label"
    columns = ("label", "company", "occupation", "phone", "email", "owner")
    filters = ("company", "source", "owner", "city")
    search = ("label", "occupation", "contact_points", "national_id", "city")
    sort = "label"
    panels = (
        Panel(_("Contact"), ("first_name", "last_name", "company", "occupation", "owner", "team")),
        Panel(_("Reach"), ("contact_points", "city", "language")),
        Panel(_("Follow-up"), ("source", "last_contacted_at", "next_contact_at")),
        Panel(_("Person"), ("national_id", "birth_date", "gender", "education")),
    )
    related = (Related("deals", "contact"),)
    match_fields = ("email", "phone", "national_id")

    def label_of(self, record: Any) -> str:
        return f"{record.first_name} {record.last_name}".strip()

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        sync_points(record, self.specs()["contact_points"], actor, changed)


@register
class Sources(RecordType):
    slug, model = "sources", LeadSource
    label, label_plural = _("Lead source"), _("Lead sources")
    icon = "map-pin"
    fields = ("name",)
    columns = ("name",)
    sort = "name"
    panels = (Panel(_("Lead source"), ("name",)),)
    match_fields = ("name",)
    is_setting = True
    is_owned = False
    in_menu = False
