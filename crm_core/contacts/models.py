"""Companies, contacts, and where they come from."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.access.models import Record
from kernel.records.columns import CurrencyField, MoneyField, PhoneField
from kernel.records.models import Comparable


class LeadSource(Record):
    """Where people come to know us: the site, an exhibition, a call. Who answers a lead of it, and how soon."""

    slug = "sources"

    class Channel(models.TextChoices):
        WEBSITE = "website", _("Website")
        PHONE = "phone", _("Phone")
        REFERRAL = "referral", _("Referral")
        EVENT = "event", _("Event")
        SOCIAL = "social", _("Social media")
        ADVERTISING = "advertising", _("Advertising")
        PARTNER = "partner", _("Partner")
        OTHER = "other", _("Other")

    name = models.CharField(_("name"), max_length=100)
    channel = models.CharField(_("channel"), max_length=11, choices=Channel.choices, blank=True)
    intake_owner = models.ForeignKey(
        "access.Member",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("new leads go to"),
    )
    intake_team = models.ForeignKey(
        "access.Team",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("or to the team"),
    )
    intake_hours = models.PositiveSmallIntegerField(_("hours to answer"), null=True, blank=True)
    monthly_cost = MoneyField(
        _("cost a month"),
        null=True,
        blank=True,
        help_text=_("What it costs to have it. The report on sources counts it."),
    )


class Company(Comparable):
    slug = "companies"

    class Kind(models.TextChoices):
        PROSPECT = "prospect", _("Prospect")
        CUSTOMER = "customer", _("Customer")
        PARTNER = "partner", _("Partner")
        SUPPLIER = "supplier", _("Supplier")
        COMPETITOR = "competitor", _("Competitor")

    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, blank=True)
    industry = models.CharField(_("industry"), max_length=100, blank=True)
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="subsidiaries", verbose_name=_("parent company")
    )
    website = models.URLField(_("website"), max_length=500, blank=True)
    phone = PhoneField(_("phone"), blank=True)
    email = models.EmailField(_("email"), max_length=254, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    address = models.CharField(_("address"), max_length=500, blank=True)
    employees = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    annual_revenue = MoneyField(_("annual revenue"), null=True, blank=True)
    currency = CurrencyField()
    founded_year = models.PositiveSmallIntegerField(_("founded in"), null=True, blank=True)

    class Meta(Comparable.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~Q(parent=models.F("id")),
                name="company_not_its_own_parent",
                violation_error_message=_("A company cannot be its own parent."),
            )
        ]


class Contact(Comparable):
    class Gender(models.TextChoices):
        FEMALE = "female", _("Female")
        MALE = "male", _("Male")
        OTHER = "other", _("Other")

    class Language(models.TextChoices):
        FA = "fa", _("Persian")
        EN = "en", _("English")
        AR = "ar", _("Arabic")
        TR = "tr", _("Turkish")

    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100)
    company = models.ForeignKey(
        Company, models.SET_NULL, null=True, blank=True, related_name="contacts", verbose_name=_("company")
    )
    occupation = models.CharField(_("occupation"), max_length=100, blank=True)
    phone = PhoneField(_("phone"), blank=True)
    email = models.EmailField(_("email"), max_length=254, blank=True)
    national_id = models.CharField(_("national ID"), max_length=20, blank=True)
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    gender = models.CharField(_("gender"), max_length=6, choices=Gender.choices, blank=True)
    education = models.CharField(_("education"), max_length=100, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    language = models.CharField(_("preferred language"), max_length=2, choices=Language.choices, blank=True)
    source = models.ForeignKey(
        LeadSource, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    last_contacted_at = models.DateTimeField(_("last contact"), null=True, blank=True)
    next_contact_at = models.DateTimeField(_("next contact"), null=True, blank=True)


class ContactPoint(models.Model):
    """One of a contact's telephone numbers or addresses. The primary one of each kind also stands on the contact."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("Email")

    id = models.BigAutoField(primary_key=True)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="points")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices, default=Kind.PHONE)
    value = models.CharField(_("number or address"), max_length=254)
    label = models.CharField(_("label"), max_length=50, blank=True)
    primary = models.BooleanField(_("primary"), default=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["value"], name="contact_point_value")]


class ConsentPurpose(Record):
    """What people are asked to agree to. `number` counts the wordings: each consent keeps the one it was given to."""

    slug = "consent-purposes"

    name = models.CharField(_("name"), max_length=100)
    text_en = models.TextField(_("text in English"), max_length=1000, blank=True)
    text_fa = models.TextField(_("text in Persian"), max_length=1000, blank=True)
    number = models.PositiveIntegerField(_("wording"), default=0, editable=False)


class Consent(Record):
    """That a person agreed to a purpose on a channel, or took it back: written once, and moved along with the person.

    `subject` is the record it was written down on, `moved_at` when it came to another one: what two records of one
    person say is weighed by these (crm_core.contacts.consent).
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("Email")
        SMS = "sms", _("Text message")
        PHONE = "phone", _("Phone")
        MESSENGER = "messenger", _("Messenger")
        POST = "post", _("Post")

    class State(models.TextChoices):
        GIVEN = "given", _("Given")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    class How(models.TextChoices):
        FORM = "form", _("Web form")
        PHONE = "phone", _("By phone")
        PAPER = "paper", _("On paper")
        MESSAGE = "message", _("By e-mail or message")
        IN_PERSON = "in_person", _("In person")
        IMPORT = "import", _("From another system")

    about_type = models.CharField(max_length=50)
    about_id = models.UUIDField(_("person"))
    purpose = models.ForeignKey(ConsentPurpose, models.PROTECT, related_name="+", verbose_name=_("purpose"))
    channel = models.CharField(pgettext_lazy("consent", "channel"), max_length=9, choices=Channel.choices)
    state = models.CharField(_("state"), max_length=9, choices=State.choices, default=State.GIVEN)
    how = models.CharField(_("how"), max_length=9, choices=How.choices)
    at = models.DateTimeField(_("when"), null=True, blank=True)
    number = models.PositiveIntegerField(_("wording"), default=0, editable=False)
    wording = models.TextField(_("text agreed to"), blank=True, editable=False)
    subject = models.UUIDField(null=True, editable=False)
    moved_at = models.DateTimeField(null=True, editable=False)

    class Meta(Record.Meta):
        indexes = [*Record.Meta.indexes, models.Index(fields=["about_id", "created_at"], name="consent_about")]
