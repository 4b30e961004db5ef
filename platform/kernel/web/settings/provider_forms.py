"""What is typed about the company's provider, and whether it would do."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.models import Member, Provider, Role
from kernel.accounts import oidc
from kernel.accounts.models import Identity
from kernel.accounts.sealing import Secret, Unreadable
from kernel.lib.date_input import parse_date
from kernel.lib.errors import ParseError
from kernel.lib.format import Format
from kernel.lib.text import ascii_digits
from kernel.records.people import admin_roles, administrators
from kernel.web.accounts.provider import redirect_uri
from kernel.web.settings.forms import ChecksField, NameField, SelectField, SettingsForm, SwitchField

DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


class DayField(forms.CharField):
    drawn_as = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=40, **kwargs)
        self.calendar = "gregorian"

    def clean(self, value: Any) -> Any:
        if not (text := super().clean(value)):
            return None
        try:
            return parse_date(text, self.calendar)
        except ParseError as error:
            raise ValidationError(str(error), code=error.code) from None


class SecretField(forms.CharField):
    drawn_as = "password"


class DomainsField(forms.CharField):
    def clean(self, value: Any) -> Any:
        found = []
        for part in re.split(r"[\s,،;]+", ascii_digits(super().clean(value)).strip().lower()):
            try:
                domain = part.lstrip("@").encode("idna").decode()
            except UnicodeError:
                domain = ""
            if not DOMAIN.fullmatch(domain):
                text = _("“%(part)s” is no domain. Write what stands after the @ of your addresses: example.com.")
                raise ValidationError(text, code="domain", params={"part": part[:60]})
            found.append(domain)
        return list(dict.fromkeys(found))[:50]


class ProviderForm(SettingsForm):
    name = NameField(
        label=gettext_lazy("Name"), max_length=60,
        help_text=gettext_lazy("Stands on the button of the sign-in page: “Sign in with …”."),
        error_messages={"required": gettext_lazy("Type the name your people know it by.")},
    )  # fmt: skip
    issuer = forms.CharField(
        label=gettext_lazy("Address of the provider"), max_length=500,
        help_text=gettext_lazy("Its “issuer”, such as https://login.example.com."),
        widget=forms.TextInput({"dir": "ltr", "autocomplete": "off", "inputmode": "url"}),
        error_messages={"required": gettext_lazy("Type the address that your provider calls its issuer.")},
    )  # fmt: skip
    client_id = forms.CharField(
        label=gettext_lazy("Client ID"), max_length=255, widget=forms.TextInput({"dir": "ltr", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Type the client ID that your provider gave you.")},
    )  # fmt: skip
    client_secret = SecretField(
        label=gettext_lazy("Client secret"), max_length=1000, required=False, strip=True,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )  # fmt: skip
    secret_expires = DayField(
        label=gettext_lazy("The secret runs out on"),
        help_text=gettext_lazy("As your provider says. Administrators are told 30 days before."),
    )
    domains = DomainsField(
        label=gettext_lazy("Addresses that are let in"), max_length=2000,
        help_text=gettext_lazy("Domains with commas between them, such as example.com."),
        widget=forms.TextInput({"dir": "ltr", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Type what stands after the @ of your addresses.")},
    )  # fmt: skip
    role = SelectField(
        label=gettext_lazy("Role of whoever comes for the first time"), required=False,
    )  # fmt: skip
    does_second_step = SwitchField(
        label=gettext_lazy("The provider sees to the second step"),
        help_text=gettext_lazy(
            "A role that asks for one is content with any sign-in by the provider. "
            "Otherwise the provider has to say each time that there was one."
        ),
        required=False,
    )
    vouches_for_addresses = SwitchField(
        label=gettext_lazy("Only people of the company have an account there"),
        help_text=gettext_lazy(
            "For a provider that does not say whether addresses are verified, such as Microsoft Entra ID: "
            "its word for an address of the domains above is taken."
        ),
        required=False,
    )

    def __init__(self, *args: Any, held: Provider | None, fmt: Format, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = held
        self.fields["secret_expires"].calendar = fmt.calendar  # type: ignore[attr-defined]
        everything = admin_roles()
        roles = [(str(r.pk), r.name) for r in Role.objects.alive().order_by("label_key") if r.pk not in everything]
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            ("", _("None: only members and those who were invited come in")),
            *roles,
        ]
        if held:
            self.fields["client_secret"].help_text = _("Kept and never shown. Empty: it stays as it is.")

    @classmethod
    def values_of(cls, held: Provider) -> dict[str, Any]:
        return {
            "name": held.name, "issuer": held.issuer, "client_id": held.client_id, "domains": ", ".join(held.domains),
            "secret_expires": held.secret_expires,
            "role": str(held.role_id or ""), "does_second_step": held.does_second_step,
            "vouches_for_addresses": held.vouches_for_addresses,
        }  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        held = self.held
        moved = held is None or held.issuer.rstrip("/") != given.get("issuer", "").rstrip("/")
        if not given.get("client_secret") and (moved or (held and held.client_id != given.get("client_id"))):
            # Or whoever may change this page could have the secret sent to a place of their own.
            self.add_error("client_secret", _("Type the client secret that your provider gave you."))
        return given

    @property
    def is_other(self) -> bool:
        """Whether somebody else is asked from now on, or by other words."""
        given, held = self.cleaned_data, self.held
        same = held and (held.issuer.rstrip("/"), held.client_id) == (given["issuer"].rstrip("/"), given["client_id"])
        return not same or bool(given["client_secret"])

    def check(self, tenant: Any) -> tuple[str, dict[str, Any]] | None:
        """Ask the provider: the issuer as it spells itself, and what it shows. None, and an error on its field, if it
        will not do."""
        given = self.cleaned_data
        secret = Secret.of(given["client_secret"]) if given["client_secret"] else self.held.client_secret  # type: ignore[union-attr]
        try:
            found = oidc.discover(given["issuer"])
            keys = oidc.keys_of(found)
            oidc.check_client(found, oidc.Client(given["client_id"], secret, redirect_uri(tenant)))
        except oidc.Refused as error:
            self.add_error(error.field, str(error.sentence))
        except Unreadable:
            self.add_error("client_secret", _("The secret can't be read any more. Type it again."))
        else:
            return found.issuer, oidc.state_of(found, keys)
        return None


class OnlyForm(SettingsForm):
    is_enforced = SwitchField(
        label=gettext_lazy("The only way to sign in"),
        help_text=gettext_lazy("Passwords and passkeys let nobody in here but those chosen below. API keys stay."),
        required=False,
    )
    break_glass = ChecksField(
        label=gettext_lazy("Who may still use a password"),
        help_text=gettext_lazy(
            "Administrators, for the day on which the provider fails. Each time, the others get a letter."
        ),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = with_password()
        self.fields["break_glass"].choices = [(str(member.pk), member.name) for member in able]  # type: ignore[attr-defined]

    @classmethod
    def values_of(cls, held: Provider | None) -> dict[str, Any]:
        return {"is_enforced": held.is_enforced, "break_glass": [str(pk) for pk in held.break_glass]} if held else {}

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("is_enforced") and not given.get("break_glass"):
            self.add_error("break_glass", _("Choose at least one, or nobody gets in on the day on which it fails."))
        return given


def with_password() -> list[Member]:
    """The administrators who have a password."""
    found = list(administrators().order_by("label_key", "pk"))
    mine = Identity.objects.filter(pk__in=[member.identity for member in found], is_active=True)
    able = {identity.pk for identity in mine if identity.has_password}
    return [member for member in found if member.identity in able]
