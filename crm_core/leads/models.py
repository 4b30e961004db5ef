"""Leads, what they go through, and the forms that strangers fill in."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_core.contacts.models import Company, Consent, ConsentPurpose, Contact, LeadSource
from crm_core.sales.models import Deal
from kernel.access.models import Record
from kernel.lib.ids import uuid7
from kernel.records.columns import PhoneField
from kernel.records.models import Comparable


class LeadStatus(Record):
    """Where a lead stands. `kind` is what the word means, whatever the tenant calls it."""

    slug = "lead-statuses"

    class Kind(models.TextChoices):
        OPEN = "open", _("Open")
        QUALIFIED = "qualified", _("Qualified")
        DISQUALIFIED = "disqualified", _("Disqualified")
        CONVERTED = "converted", _("Converted")

    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.OPEN)
    position = models.PositiveSmallIntegerField(_("position"), default=0)


class QualificationItem(Record):
    """One question to settle before a lead is worth a deal."""

    slug = "qualification-items"

    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)


class Lead(Comparable):
    """Somebody who may become a customer. `intake_due_at` stands while nobody has dealt with it; `conversion` is the
    change set that made a company, a contact and a deal of it; `intake_key` keeps a repeated submission from being a
    second lead."""

    name = models.CharField(_("name"), max_length=200)
    company_name = models.CharField(_("company name"), max_length=200, blank=True)
    phone = PhoneField(_("phone"), blank=True)
    email = models.EmailField(_("email"), max_length=254, blank=True)
    message = models.TextField(_("message"), max_length=10_000, blank=True)
    source = models.ForeignKey(
        LeadSource, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("source")
    )
    campaign = models.CharField(_("campaign"), max_length=200, blank=True)
    status = models.ForeignKey(
        LeadStatus, models.PROTECT, related_name="+", db_index=False, blank=True, verbose_name=_("status")
    )
    qualification = models.ManyToManyField(
        QualificationItem, blank=True, related_name="+", verbose_name=_("qualification")
    )
    intake_due_at = models.DateTimeField(_("answer by"), null=True, blank=True, editable=False)
    next_contact_at = models.DateTimeField(_("next contact"), null=True, blank=True)
    origin = models.JSONField(_("where it came from"), default=dict, blank=True, editable=False)
    converted_at = models.DateTimeField(_("converted"), null=True, blank=True, editable=False)
    company = models.ForeignKey(
        Company, models.SET_NULL, null=True, blank=True, editable=False, related_name="+", verbose_name=_("company")
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, editable=False, related_name="+", verbose_name=_("contact")
    )
    deal = models.ForeignKey(
        Deal, models.SET_NULL, null=True, blank=True, editable=False, related_name="+", verbose_name=_("deal")
    )
    conversion = models.UUIDField(null=True, blank=True, editable=False)
    intake_key = models.CharField(max_length=64, blank=True, editable=False)

    class Meta(Comparable.Meta):
        indexes = [
            *Comparable.Meta.indexes,
            models.Index(fields=["status", "created_at", "id"], name="lead_status", condition=Q(deleted_at=None)),
            models.Index(fields=["intake_due_at", "id"], name="lead_intake_due", condition=Q(deleted_at=None)),
        ]
        constraints = [models.UniqueConstraint(fields=["intake_key"], name="lead_once", condition=~Q(intake_key=""))]

    @property
    def is_open(self) -> bool:
        return self.converted_at is None


class LeadForm(Record):
    """A form for strangers at /f/SLUG. `consent_version` counts the wordings of `consent_text`."""

    slug = "lead-forms"

    class Asks(models.TextChoices):
        NO = "no", _("Not asked")
        OPTIONAL = "optional", _("Optional")
        REQUIRED = "required", _("Required")

    name = models.CharField(_("name"), max_length=100)
    address = models.SlugField(_("address"), max_length=60, blank=True, db_index=False)
    active = models.BooleanField(_("takes answers"), default=True)
    language = models.CharField(_("language"), max_length=2, choices=[("en", "English"), ("fa", "فارسی")], default="en")
    source = models.ForeignKey(
        LeadSource, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("source")
    )
    title = models.CharField(_("heading"), max_length=120, blank=True)
    intro = models.TextField(_("introduction"), max_length=1000, blank=True)
    ask_phone = models.CharField(_("phone"), max_length=8, choices=Asks.choices, default=Asks.REQUIRED)
    ask_email = models.CharField(_("email"), max_length=8, choices=Asks.choices, default=Asks.OPTIONAL)
    ask_company = models.CharField(_("company"), max_length=8, choices=Asks.choices, default=Asks.OPTIONAL)
    ask_message = models.CharField(_("message"), max_length=8, choices=Asks.choices, default=Asks.OPTIONAL)
    button = models.CharField(_("button"), max_length=60, blank=True)
    thanks = models.TextField(_("thanks"), max_length=1000, blank=True)
    redirect_url = models.URLField(_("page afterwards"), max_length=500, blank=True)
    origins = models.TextField(_("sites it may stand on"), max_length=2000, blank=True)
    consent_text = models.TextField(_("consent"), max_length=1000, blank=True)
    consent_version = models.PositiveIntegerField(_("wording of the consent"), default=0, editable=False)

    purpose = models.ForeignKey(
        ConsentPurpose,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("asks to agree to"),
    )
    purpose_channel = models.CharField(
        _("on this channel"), max_length=9, choices=Consent.Channel.choices, default=Consent.Channel.EMAIL
    )

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["address"],
                name="lead_form_address",
                condition=Q(deleted_at=None),
                violation_error_message=_("Another form has this address."),
            )
        ]


class Submission(models.Model):
    """What a form was sent, as it was sent: what the form asks for and what it does not. Kept for a time, so that
    nothing is lost while a site sends its fields by wrong names."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="+")
    form = models.ForeignKey(LeadForm, models.SET_NULL, null=True, related_name="+", db_index=False)
    source = models.ForeignKey(LeadSource, models.SET_NULL, null=True, related_name="+", db_index=False)
    site = models.CharField(max_length=300, blank=True)
    sent = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    GOES_WITH_A_PERSON = True

    class Meta:
        indexes = [models.Index(fields=["at"], name="submission_at")]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.at}"


class LeadRules(models.Model):
    """What this workspace asks of every lead: one row, made when it is first changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    only = models.BooleanField(default=True, editable=False)
    source_required = models.BooleanField(default=False)
    needed_to_convert = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["only"], name="lead_rules_once")]
