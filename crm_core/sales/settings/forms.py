"""What is typed about pipelines, stages and the lists beside them."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_core.sales.models import Stage
from kernel.access.actor import Access
from kernel.records.types import registry
from kernel.web.settings.forms import NamedForm, SelectField, SettingsForm

SURE = {Stage.Kind.WON: Decimal(100), Stage.Kind.LOST: Decimal(0)}


class PercentField(forms.CharField):
    drawn_as = "percent"


class StageForm(NamedForm):
    kind = SelectField(
        label=gettext_lazy("Kind"),
        choices=Stage.Kind.choices,
        help_text=gettext_lazy("A deal that reaches a stage for won or lost deals is closed."),
    )
    probability = PercentField(
        label=gettext_lazy("Probability"),
        required=False,
        help_text=gettext_lazy("What part of deals on this stage is won in the end."),
    )

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access = access

    def clean_probability(self) -> Decimal | None:
        text = self.cleaned_data["probability"]
        if not text:
            return None
        try:
            value: Decimal = registry["stages"].specs()["probability"].parse(text, self.access)
        except ValidationError as error:
            raise ValidationError(error.messages) from error
        if not 0 <= value <= 100:
            raise ValidationError(_("Type a number from 0 to 100."))
        return value

    @property
    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        # A deal that is won or lost is certain.
        probability = SURE.get(given["kind"], given["probability"])
        return {"name": given["name"], "kind": given["kind"], "probability": probability or Decimal(0)}


class TargetForm(SettingsForm):
    """Where the deals of a stage go that is about to be deleted."""

    target = SelectField(label=gettext_lazy("Move its deals to"))

    def __init__(self, *args: Any, targets: list[Stage], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["target"]
        field.choices = [(str(stage.pk), stage.name) for stage in targets]

    @property
    def stage_id(self) -> UUID:
        return UUID(self.cleaned_data["target"])
