"""Pipelines and stages, products, deals and their lines."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm_core.activities.models import Task
from crm_core.contacts.models import Company, Contact, LeadSource
from kernel.access.models import Record
from kernel.records.columns import CurrencyField, MoneyField, PercentField
from kernel.records.models import Comparable


class Pipeline(Record):
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)


class Stage(Record):
    class Kind(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages", verbose_name=_("pipeline"))
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    probability = PercentField(_("probability"), default=0, validators=[MinValueValidator(0), MaxValueValidator(100)])
    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices, default=Kind.OPEN)


class StageTask(Record):
    """A task that a deal is given when it enters a stage: due so many days later, for whoever has the deal unless it is
    always the same member's."""

    slug = "stage-tasks"

    stage = models.ForeignKey(Stage, models.CASCADE, related_name="tasks", verbose_name=_("stage"))
    subject = models.CharField(_("subject"), max_length=200)
    due_days = models.PositiveSmallIntegerField(_("days later"), default=1, validators=[MaxValueValidator(365)])
    priority = models.CharField(
        _("priority"), max_length=6, choices=Task.Priority.choices, default=Task.Priority.NORMAL
    )
    assignee = models.ForeignKey(
        "access.Member",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("always for"),
    )


class LostReason(Record):
    slug = "lost-reasons"

    name = models.CharField(_("name"), max_length=100)


class Product(Comparable):
    name = models.CharField(_("name"), max_length=200)
    code = models.CharField(_("code"), max_length=50, blank=True)
    category = models.CharField(_("category"), max_length=100, blank=True)
    price = MoneyField(_("price"), null=True, blank=True)
    cost = MoneyField(_("cost"), null=True, blank=True)
    currency = CurrencyField()
    unit = models.CharField(_("unit"), max_length=30, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta(Comparable.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                name="product_code_unique",
                condition=~Q(code="") & Q(deleted_at=None),
                violation_error_message=_("Another product has this code."),
            ),
            models.CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gte=0),
                name="product_price_not_negative",
                violation_error_message=_("A price cannot be negative."),
            ),
        ]


class Deal(Record):
    """A sale in the making. `status` follows the stage; `amount_typed`: the amount no longer follows the lines."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    name = models.CharField(_("name"), max_length=200)
    company = models.ForeignKey(
        Company, models.SET_NULL, null=True, blank=True, related_name="deals", verbose_name=_("company")
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="deals", verbose_name=_("contact")
    )
    pipeline = models.ForeignKey(
        Pipeline, models.PROTECT, related_name="deals", db_index=False, blank=True, verbose_name=_("pipeline")
    )
    stage = models.ForeignKey(
        Stage, models.PROTECT, related_name="deals", db_index=False, blank=True, verbose_name=_("stage")
    )
    status = models.CharField(_("status"), max_length=4, choices=Status.choices, default=Status.OPEN, editable=False)
    amount = MoneyField(_("amount"), null=True, blank=True)
    amount_typed = models.BooleanField(default=False, editable=False)
    currency = CurrencyField()
    probability = PercentField(_("probability"), null=True, blank=True)
    opened_on = models.DateField(_("opened on"), null=True, blank=True)
    expected_close_on = models.DateField(_("expected close"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    lost_reason = models.ForeignKey(
        LostReason,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("lost reason"),
    )
    next_step_at = models.DateTimeField(_("next step"), null=True, blank=True)
    source = models.ForeignKey(
        LeadSource, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False, verbose_name=_("source")
    )

    class Meta(Record.Meta):
        indexes = [
            *Record.Meta.indexes,
            models.Index(fields=["stage", "created_at", "id"], name="deal_stage", condition=Q(deleted_at=None)),
            models.Index(fields=["amount", "id"], name="deal_amount", condition=Q(deleted_at=None)),
            models.Index(fields=["status", "closed_on"], name="deal_closed", condition=Q(deleted_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0),
                name="deal_amount_not_negative",
                violation_error_message=_("An amount cannot be negative."),
            )
        ]

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN


class DealLine(models.Model):
    """A product on a deal. `total` is quantity times price less the discount, rounded once to the currency's unit."""

    id = models.BigAutoField(primary_key=True)
    deal = models.ForeignKey(Deal, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(default=0)
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=4, default=Decimal(1))
    price = MoneyField(_("price"), null=True, blank=True)
    discount = PercentField(_("discount"), default=Decimal(0))
    total = MoneyField(_("total"), null=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="deal_line_quantity_positive",
                violation_error_message=_("A quantity must be more than zero."),
            )
        ]
