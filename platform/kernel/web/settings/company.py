"""The company's own settings. They live on the platform's side, and that they were changed in the history here."""

from typing import Any

from babel.numbers import get_currency_name
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_tenants.utils import get_tenant_model

from kernel.events.names import tell_settings
from kernel.events.noting import note_settings
from kernel.lib.places import countries, zones
from kernel.tenancy import hosts
from kernel.tenancy.pending import mark_pending
from kernel.web.pages import go
from kernel.web.settings.forms import NameField, SelectField, SettingsForm, SwitchField, bound, with_held
from kernel.web.settings.sections import page, part_of

COMPANY_CHANGED = tell_settings(
    "workspace.settings_changed",
    gettext_lazy("%(who)s changed the company’s settings"),
    {
        "name": gettext_lazy("Company"),
        "language": gettext_lazy("Language"),
        "calendar": gettext_lazy("Calendar"),
        "timezone": gettext_lazy("Time zone"),
        "country": gettext_lazy("Country"),
        "money_unit": gettext_lazy("Unit of amounts"),
    },
)


class CompanyForm(SettingsForm):
    name = NameField(
        label=gettext_lazy("Company"), error_messages={"required": gettext_lazy("Type the company's name.")}
    )
    language = SelectField(
        label=gettext_lazy("Language"),
        help_text=gettext_lazy("For everybody who has not chosen a language of their own."),
    )
    calendar = SelectField(label=gettext_lazy("Calendar"))
    timezone = SelectField(label=gettext_lazy("Time zone"))
    country = SelectField(
        label=gettext_lazy("Country"),
        help_text=gettext_lazy("Telephone numbers without a country code are read as of here."),
    )
    toman = SwitchField(
        label=gettext_lazy("Show and type amounts in Toman"),
        help_text=gettext_lazy("They are kept in Rial; ten Rials are one Toman."),
        required=False,
    )
    names = {"money_unit": "toman"}

    def __init__(self, *args: Any, tenant: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reader = get_language() or "en"
        for name in ("language", "calendar"):
            self.fields[name].choices = tenant._meta.get_field(name).choices  # type: ignore[attr-defined]
        self.fields["timezone"].choices = with_held(zones(reader), tenant.timezone)  # type: ignore[attr-defined]
        self.fields["country"].choices = with_held(countries(reader), tenant.country)  # type: ignore[attr-defined]
        if tenant.currency != "IRR":
            del self.fields["toman"]


@part_of("company")
@require_http_methods(["GET", "POST"])
def company(request: Any) -> HttpResponse:
    # Not request.tenant: that one is shared by all requests of this process.
    tenant = get_tenant_model().objects.get(pk=request.tenant.pk)
    names = ("name", "language", "calendar", "timezone", "country")
    initial = {name: getattr(tenant, name) for name in names} | {"toman": tenant.money_unit == "toman"}
    form = bound(CompanyForm, request, initial=initial, tenant=tenant)
    if form.is_valid():
        given = form.cleaned_data
        changed = {name: given[name] for name in names}
        if tenant.currency == "IRR":
            changed["money_unit"] = "toman" if given["toman"] else ""
        before = {name: getattr(tenant, name) for name in changed}
        for name, value in changed.items():
            setattr(tenant, name, value)
        try:
            tenant.clean_fields(exclude={field.name for field in tenant._meta.fields} - changed.keys())
        except ValidationError as error:
            form.take(error)
        else:
            tenant.save(update_fields=list(changed))
            hosts.forget()
            note_settings(request.actor, COMPANY_CHANGED, before, changed)
            mark_pending()  # some of what is kept means the company's clock
            with translation.override(request.member.language or tenant.language):
                return go(request, "/settings/company", _("The company's settings are saved."), tone="good")
    context = {
        "form": form,
        "currency": f"{get_currency_name(tenant.currency, locale=get_language() or 'en')} ({tenant.currency})",
        "address": tenant.host,
        "url": tenant.url,
    }
    return page(request, "settings/company.html", context, form.status)
