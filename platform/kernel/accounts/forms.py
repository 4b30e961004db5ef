"""What is typed at the doors, on a tenant's host and on the public site alike. Shape only; rules are elsewhere."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kernel.accounts.addresses import check_email
from kernel.accounts.passwords import check_new_password


class EmailInput(forms.EmailInput):
    def __init__(self, **attrs: Any) -> None:
        super().__init__({"dir": "ltr", "autocapitalize": "none", "spellcheck": "false", "inputmode": "email", **attrs})


class PasswordInput(forms.PasswordInput):
    """Never sent back to the browser; the template adds the button that shows what is typed."""

    is_password = True

    def __init__(self, autocomplete: str) -> None:
        super().__init__({"dir": "ltr", "autocomplete": autocomplete, "spellcheck": "false"})


class AddressField(forms.CharField):
    """An e-mail address in its one spelling."""

    def __init__(self, *, autocomplete: str = "email", **kwargs: Any) -> None:
        kwargs.setdefault("label", _("E-mail"))
        kwargs.setdefault("error_messages", {"required": _("Type your e-mail address.")})
        super().__init__(widget=EmailInput(autocomplete=autocomplete), max_length=320, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return check_email(text) if text else text


class PasswordField(forms.CharField):
    """A password that exists already."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Password"))
        kwargs.setdefault("error_messages", {"required": _("Type your password.")})
        super().__init__(widget=PasswordInput("current-password"), strip=False, **kwargs)


class NewPasswordField(forms.CharField):
    """A password to be. Its rules need the name and address beside it, so the form checks them."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Password"))
        kwargs.setdefault("error_messages", {"required": _("Choose a password.")})
        kwargs.setdefault(
            "help_text", _("At least 10 characters. Several words are easy to remember and hard to guess.")
        )
        super().__init__(widget=PasswordInput("new-password"), strip=False, **kwargs)


class NameField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Your name"))
        kwargs.setdefault("error_messages", {"required": _("Type your name as your colleagues know it.")})
        widget = forms.TextInput({"autocomplete": "name", "dir": "auto"})
        super().__init__(widget=widget, max_length=150, **kwargs)

    def clean(self, value: Any) -> Any:
        return " ".join(super().clean(value).split())


class SignInForm(forms.Form):
    email = AddressField(autocomplete="username")
    password = PasswordField()


class EmailForm(forms.Form):
    email = AddressField(autocomplete="username")


class PasswordForm(forms.Form):
    """The password of an identity that is known already."""

    password = PasswordField()


class NewPasswordForm(forms.Form):
    password = NewPasswordField(label=_("New password"))

    def __init__(self, *args: Any, email: str, name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = {"email": email, "name": name}

    def clean_password(self) -> str:
        return check_new_password(self.cleaned_data["password"], **self.owner)


class NewIdentityForm(forms.Form):
    """Name and password of somebody whose address is known."""

    name = NameField()
    password = NewPasswordField()

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "password" in cleaned:
            try:
                check_new_password(cleaned["password"], email=self.email, name=cleaned.get("name", ""))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned
