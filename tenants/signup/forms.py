"""The three steps of signing up: an address, the code sent to it, and the workspace."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kernel.accounts.forms import AddressField, DigitsField, NameField, NewPasswordField, PageForm, PasswordField
from kernel.accounts.passwords import check_new_password
from kernel.lib.text import ascii_digits
from tenants.models import Tenant
from tenants.signup import choices
from tenants.signup.addresses import check_free


class StartForm(PageForm):
    email = AddressField(label=_("Work e-mail"))


class CodeForm(PageForm):
    code = DigitsField(
        label=_("Six-digit code"),
        max_length=20,
        error_messages={"required": _("Type the six digits from the mail.")},
    )

    def clean_code(self) -> str:
        digits = "".join(char for char in ascii_digits(self.cleaned_data["code"]) if char.isdigit())
        if len(digits) != 6:
            raise ValidationError(_("The code has six digits. Type all of them."), code="length")
        return digits


class SelectField(forms.ChoiceField):
    drawn_as = "select"


class CheckField(forms.BooleanField):
    drawn_as = "checkbox"


class WorkspaceForm(PageForm):
    """Who you are and the workspace you want. A person we know types the password they have."""

    company = forms.CharField(
        label=_("Company"),
        max_length=100,
        error_messages={"required": _("Type the name of your company or team.")},
        widget=forms.TextInput(
            {
                "autocomplete": "organization",
                "hx-get": "/signup/address",
                "hx-trigger": "input changed delay:350ms, change",
                "hx-include": "#address input",
                "hx-target": "#address-note",
                "hx-sync": "this:replace",
            }
        ),
    )
    subdomain = forms.CharField(
        label=_("Address of your workspace"),
        max_length=63,
        error_messages={"required": _("Choose the address of your workspace.")},
        widget=forms.TextInput({"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    language = SelectField(
        label=_("Language"),
        choices=Tenant._meta.get_field("language").choices,
        error_messages={"required": _("Choose a language.")},
    )
    calendar = SelectField(label=_("Calendar"), choices=Tenant._meta.get_field("calendar").choices)
    currency = SelectField(label=_("Currency"))
    toman = CheckField(
        label=_("Show and type amounts in Toman"),
        help_text=_("They are kept in Rial; ten Rials are one Toman."),
        required=False,
    )
    timezone = SelectField(label=_("Time zone"))
    samples = CheckField(
        label=_("Fill it with sample data"),
        help_text=_("A few companies, people and deals to look around with. You can delete them at any time."),
        required=False,
    )

    def __init__(self, *args: Any, email: str, is_known: bool, **kwargs: Any) -> None:
        language = get_language() or "en"
        kwargs["initial"] = {**choices.defaults(language), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)
        self.email = email
        self.fields["currency"].choices = choices.currencies(language)  # type: ignore[attr-defined]
        self.fields["timezone"].choices = choices.zones(language)  # type: ignore[attr-defined]
        if not self.is_bound:  # doors.js answers it with where the browser is
            self.fields["timezone"].widget.attrs["data-guess-zone"] = True
        if is_known:
            self.fields["password"] = PasswordField(
                label=_("Password of your account"), help_text=_("This address has an account already.")
            )
        else:
            self.fields["name"] = NameField()
            self.fields["password"] = NewPasswordField()
        self.is_known = is_known

    def clean_company(self) -> str:
        return " ".join(self.cleaned_data["company"].split())

    def clean_subdomain(self) -> str:
        return check_free(self.cleaned_data["subdomain"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.is_known and "password" in cleaned:
            try:
                check_new_password(cleaned["password"], email=self.email, name=cleaned.get("name", ""))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned

    def take(self, error: ValidationError) -> None:
        """Put what provisioning refused beside the fields it is about."""
        by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, messages in by_field.items():
            field = {"name": "company", "money_unit": "toman"}.get(name, name)
            for message in messages:
                self.add_error(field if field in self.fields else None, message)

    def workspace(self) -> dict[str, Any]:
        """What provisioning needs to know."""
        given = self.cleaned_data
        is_toman = given["currency"] == "IRR" and given["toman"]
        return {
            "subdomain": given["subdomain"],
            "name": given["company"],
            "language": given["language"],
            "calendar": given["calendar"],
            "currency": given["currency"],
            "money_unit": "toman" if is_toman else "",
            "timezone": given["timezone"],
            "country": choices.country_of(given["timezone"], given["language"]),
        }
