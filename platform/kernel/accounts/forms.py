"""What is typed at the doors, on a tenant's host and on the public site alike. Shape only; rules are elsewhere."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kernel.accounts.addresses import check_email
from kernel.accounts.passwords import check_new_password
from kernel.ui.fields import Field


class DigitsField(forms.CharField):
    drawn_as = "code"


class PageForm(forms.Form):
    """A form that our own templates draw."""

    @property
    def drawn(self) -> dict[str, Field]:
        """Each field as `{% field %}` takes it."""
        drawn = {bound.name: _draw(bound) for bound in self}
        if self.is_bound and self.errors:
            wrong = [name for name, field in drawn.items() if field.messages] or ["password"]
            if wrong[0] in drawn:  # a refusal of the whole is mostly about the password, which has to be typed again
                drawn[wrong[0]] = drawn[wrong[0]].but(autofocus=True)
        return drawn

    @property
    def status(self) -> int:
        """Of the page that shows this form: it is shown again only when something is wrong with it."""
        return 422 if self.is_bound else 200

    @property
    def general(self) -> list[str]:
        """Errors of no single field."""
        return [str(error) for error in self.non_field_errors()]


def _draw(bound: forms.BoundField) -> Field:
    field, attrs = bound.field, dict(bound.field.widget.attrs)
    widget = getattr(field, "drawn_as", "text")
    return Field(
        name=bound.html_name,
        label=field.label or "",
        widget=widget,
        # A password never goes back to the browser.
        value="" if widget == "password" else bound.value(),
        help=field.help_text,
        errors=[str(error) for error in bound.errors],
        required=field.required,
        options=list(getattr(field, "choices", ())),
        autocomplete=attrs.pop("autocomplete", ""),
        maxlength=getattr(field, "max_length", None) or 0,
        attrs=attrs,
    )


class AddressField(forms.CharField):
    """An e-mail address in its one spelling."""

    drawn_as = "email"

    def __init__(self, *, autocomplete: str = "email", **kwargs: Any) -> None:
        kwargs.setdefault("label", _("E-mail"))
        kwargs.setdefault("error_messages", {"required": _("Type your e-mail address.")})
        super().__init__(widget=forms.EmailInput({"autocomplete": autocomplete}), max_length=320, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return check_email(text) if text else text


class PasswordField(forms.CharField):
    """A password that exists already."""

    drawn_as = "password"

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Password"))
        kwargs.setdefault("error_messages", {"required": _("Type your password.")})
        super().__init__(widget=forms.PasswordInput({"autocomplete": "current-password"}), strip=False, **kwargs)


class NewPasswordField(forms.CharField):
    """A password to be. Its rules need the name and address beside it, so the form checks them."""

    drawn_as = "password"

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Password"))
        kwargs.setdefault("error_messages", {"required": _("Choose a password.")})
        kwargs.setdefault(
            "help_text", _("At least 10 characters. Several words are easy to remember and hard to guess.")
        )
        super().__init__(widget=forms.PasswordInput({"autocomplete": "new-password"}), strip=False, **kwargs)


class NameField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Your name"))
        kwargs.setdefault("error_messages", {"required": _("Type your name as your colleagues know it.")})
        widget = forms.TextInput({"autocomplete": "name"})
        super().__init__(widget=widget, max_length=150, **kwargs)

    def clean(self, value: Any) -> Any:
        return " ".join(super().clean(value).split())


class SignInForm(PageForm):
    email = AddressField(autocomplete="username")
    password = PasswordField()


class EmailForm(PageForm):
    email = AddressField(autocomplete="username")


class PasswordForm(PageForm):
    """The password of an identity that is known already."""

    password = PasswordField()


class NewPasswordForm(PageForm):
    password = NewPasswordField(label=_("New password"))

    def __init__(self, *args: Any, email: str, name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.owner = {"email": email, "name": name}

    def clean_password(self) -> str:
        return check_new_password(self.cleaned_data["password"], **self.owner)


class NewIdentityForm(PageForm):
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
