from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_core.contacts import consent_types
from crm_core.contacts.models import Company, Contact, ContactPoint, LeadSource
from crm_core.contacts.points import sync_points
from kernel.access.actor import Actor
from kernel.lib.names import company_key, person_key, plain_key, site_key
from kernel.records.duplicates import Key
from kernel.records.types import Panel, RecordType, Related, RowsField, field, register, registry

__all__ = ["consent_types"]

NEXT_CONTACT_HELP = _(
    "Follows the earliest open task, call or meeting. A date typed here holds while nothing is planned."
)


def points_of(contact: Any, kind: str) -> list[str]:
    """All numbers or addresses of a contact, as they are compared."""
    spec = registry["contacts"].declared()["contact_points"]
    return [str(point["value"]).lower() for point in spec.value(contact) if point["kind"] == kind]


def named_at(contact: Any, *at: Any) -> list[str]:
    name = person_key(f"{contact.first_name} {contact.last_name}")
    return [" ".join([name, *map(str, at)])] if name and all(at) else []


@register
class Companies(RecordType):
    slug, model = "companies", Company
    label, label_plural = _("Company"), _("Companies")
    icon = "building"
    fields = (
        "name", "kind", "industry", "parent", "website", "phone", "email", "country", "city", "address", "employees",
        "annual_revenue", field("founded_year", extra={"grouped": False}),
    )  # fmt: skip
    essentials = ("name", "kind", "industry", "phone", "email", "website", "city", "owner")
    tree = "parent"
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
    related = (
        Related("contacts", "company"),
        Related("deals", "company"),
        Related("companies", "parent"),
        Related("leads", "company", quiet=True),
    )
    match_fields = ("name", "email", "phone", "website")
    duplicate_keys = (
        Key("phone", _("same phone number"), ("phone",), lambda c: [c.phone]),
        Key("email", _("same email address"), ("email",), lambda c: [(c.email or "").lower()]),
        Key("site", _("same website"), ("website",), lambda c: [site_key(c.website)]),
        Key("name", _("same name"), ("name",), lambda c: [company_key(c.name)]),
    )
    synonyms = {
        "name": ("account", "account_name", "company_name", "organization", "organisation", "customer", "client",
                 "نام شرکت", "شرکت", "سازمان", "مشتری"),
        "kind": ("type", "account_type", "category", "نوع مشتری"),
        "industry": ("sector", "field", "vertical", "زمینه فعالیت", "حوزه فعالیت"),
        "parent": ("subsidiary_of", "parent_account", "parent_company", "holding", "زیرمجموعه", "هلدینگ"),
        "website": ("web", "url", "site", "domain", "homepage", "سایت", "وبگاه"),
        "phone": ("telephone", "tel", "phone_number", "main_phone", "شماره تلفن", "تلفن ثابت"),
        "email": ("e-mail", "mail", "email_address", "ایمیل", "رایانامه"),
        "country": ("office_location", "billing_country", "nation"),
        "city": ("town", "billing_city", "شهر"),
        "address": ("street", "billing_street", "billing_address", "نشانی"),
        "employees": ("number_of_employees", "no_of_employees", "headcount", "staff", "تعداد کارکنان", "پرسنل"),
        "annual_revenue": ("revenue", "turnover", "درآمد", "گردش مالی"),
        "founded_year": ("year_established", "founded", "year_founded", "established", "سال تاسیس"),
        "owner": ("account_owner", "sales_agent", "assigned_to", "مسئول", "کارشناس"),
    }  # fmt: skip


@register
class Contacts(RecordType):
    slug, model = "contacts", Contact
    label, label_plural = _("Contact"), _("Contacts")
    icon = "users"
    in_tabs = True
    is_person = True
    fields = (
        field("label", label=_("Name"), read_only=True, is_label=True),
        "first_name", "last_name", "company", "occupation", "phone", "email",
        RowsField(
            "contact_points", _("Phones and emails"), ContactPoint, "contact",
            ("value", "kind", "label", "primary", field("verified_at", read_only=True)),
            starts=1, links=(("phone", "tel:"), ("email", "mailto:")),
        ),
        "source", field("national_id", sensitive=True), "birth_date", "gender", "education", "city", "language",
        "last_contacted_at", field("next_contact_at", extra={"due": True}, help=NEXT_CONTACT_HELP),
    )  # fmt: skip
    label_field = "label"
    essentials = ("first_name", "last_name", "company", "occupation", "contact_points", "owner")
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
    related = (Related("deals", "contact"), Related("leads", "contact", quiet=True))
    next_step_field, last_step_field = "next_contact_at", "last_contacted_at"
    match_fields = ("email", "phone", "national_id")
    mirrors = {"contact_points": ("phone", "email")}
    duplicate_keys = (
        Key("phone", _("same phone number"), ("contact_points", "phone"), lambda c: points_of(c, "phone")),
        Key("email", _("same email address"), ("contact_points", "email"), lambda c: points_of(c, "email")),
        Key("national", _("same national ID"), ("national_id",), lambda c: [plain_key(c.national_id)]),
        Key("at", _("same name at the same company"), ("label", "company"), lambda c: named_at(c, c.company_id)),
        Key("name", _("same name"), ("label",), lambda c: named_at(c), is_weak=True),
    )
    synonyms = {
        "label": ("name", "full_name", "contact", "contact_name", "نام و نام خانوادگی", "نام کامل", "نام مخاطب"),
        "first_name": ("given_name", "forename", "نام کوچک"),
        "last_name": ("surname", "family_name", "family", "فامیلی", "نام خانوادگی"),
        "company": ("account", "account_name", "company_name", "organization", "organisation", "customer",
                    "نام شرکت", "سازمان"),
        "occupation": ("job_title", "title", "position", "role", "سمت", "عنوان شغلی"),
        "phone": ("mobile", "mobile_phone", "cell", "cell_phone", "telephone", "tel", "phone_number",
                  "موبایل", "همراه", "شماره همراه", "شماره تماس"),
        "email": ("e-mail", "mail", "email_address", "work_email", "ایمیل", "رایانامه"),
        "source": ("lead_source", "منبع سرنخ", "نحوه آشنایی"),
        "national_id": ("ssn", "national_code", "کد ملی", "شماره ملی"),
        "birth_date": ("birthday", "date_of_birth", "dob", "تولد"),
        "gender": ("sex",),
        "owner": ("contact_owner", "sales_agent", "assigned_to", "مسئول", "کارشناس"),
    }  # fmt: skip

    def label_of(self, record: Any) -> str:
        return f"{record.first_name} {record.last_name}".strip()

    def values_of_label(self, label: str) -> dict[str, Any]:
        first, _sep, last = label.rpartition(" ")
        return {"first_name": first, "last_name": last}

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        sync_points(record, self.specs()["contact_points"], actor, changed)


@register
class Sources(RecordType):
    slug, model = "sources", LeadSource
    label, label_plural = _("Lead source"), _("Lead sources")
    icon = "map-pin"
    fields = ("name", "channel", "monthly_cost", "intake_owner", "intake_team", "intake_hours")
    columns = ("name", "channel", "intake_owner", "intake_team", "intake_hours")
    sort = "name"
    panels = (
        Panel(_("Lead source"), ("name", "channel", "monthly_cost")),
        Panel(_("Intake"), ("intake_owner", "intake_team", "intake_hours")),
    )
    match_fields = ("name",)
    is_setting = True
    is_owned = False
    in_menu = False
