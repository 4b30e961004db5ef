"""What becomes of a new record that is like another one: a rule for each type and each way in."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from kernel.events.names import tell_settings
from kernel.events.noting import note_settings
from kernel.records.duplicates import rule_of
from kernel.records.models import DuplicateRule
from kernel.records.types import RecordType, registry
from kernel.web.pages import go
from kernel.web.settings.forms import SelectField, SettingsForm, SwitchField
from kernel.web.settings.sections import page, part_of

HERE = "/settings/duplicates"


RULES_CHANGED = tell_settings(
    "duplicates.rules_changed",
    gettext_lazy("%(who)s changed what becomes of duplicates"),
    {
        "form": gettext_lazy("Typed by hand"),
        "api": gettext_lazy("Sent by programs (API)"),
        "imports": gettext_lazy("Imported from files"),
        "tells_unseen": gettext_lazy("Say that a record exists, to people who cannot see it"),
    },
    lambda actor, name, value: str(dict(DuplicateRule.Action.choices).get(value, value)),
)


class RuleForm(SettingsForm):
    form = SelectField(label=gettext_lazy("Typed by hand"), choices=DuplicateRule.Action.choices)
    api = SelectField(label=gettext_lazy("Sent by programs (API)"), choices=DuplicateRule.Action.choices)
    imports = SelectField(label=gettext_lazy("Imported from files"), choices=DuplicateRule.Action.choices)
    tells_unseen = SwitchField(
        label=gettext_lazy("Say that a record exists, to people who cannot see it"),
        help_text=gettext_lazy("They learn nothing else of it. Without this, such records do not count."),
        required=False,
    )
    field_order: Any = ("form", "api", "imports", "tells_unseen")


@part_of("duplicates")
@require_http_methods(["GET", "POST"])
def duplicates(request: Any) -> HttpResponse:
    types = [rtype for rtype in registry.values() if rtype.duplicate_keys]
    posted = request.POST if request.method == "POST" else None
    drawn = [(rtype, _form(request, rtype, posted)) for rtype in types]
    if posted is not None and all(form.is_valid() for _rtype, form in drawn):
        for rtype, form in drawn:
            note_settings(request.actor, RULES_CHANGED, form.initial, form.cleaned_data, rtype.slug)
            DuplicateRule.objects.update_or_create(record_type=rtype.slug, defaults=form.cleaned_data)
        return go(request, HERE, _("Saved."), tone="good")
    cards = [
        {
            "label": rtype.label_plural,
            "why": [str(key.label) for key in rtype.duplicate_keys if not key.is_weak],
            "form": form,
        }
        for rtype, form in drawn
    ]
    return page(request, "settings/duplicates.html", {"cards": cards}, 422 if posted is not None else 200)


def _form(request: Any, rtype: RecordType, posted: Any) -> forms.Form:
    rule = rule_of(request.actor.access(rtype))
    initial = {name: getattr(rule, name) for name in ("form", "api", "imports", "tells_unseen")}
    return RuleForm(posted, initial=initial, prefix=rtype.slug)
