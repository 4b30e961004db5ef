"""Forms of the settings: Django's, drawn by our own fields, with refusals of the record engine put on their fields."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Access
from kernel.accounts.forms import PageForm
from kernel.lib.text import sort_key
from kernel.records.change import Stale, edit


class NameField(forms.CharField):
    """A name people read: one line, spaces brought in order."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Name"))
        kwargs.setdefault("max_length", 100)
        kwargs.setdefault("error_messages", {"required": _("Type a name.")})
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        return " ".join(super().clean(value).split())


class SelectField(forms.ChoiceField):
    drawn_as = "select"


class ChecksField(forms.MultipleChoiceField):
    drawn_as = "checks"


class SwitchField(forms.BooleanField):
    drawn_as = "switch"


class SettingsForm(PageForm):
    """Errors of the engine are taken in by `take`; fields it names otherwise stand in `names`."""

    names: dict[str, str] = {}

    def take(self, error: ValidationError) -> None:
        by_field = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        for name, messages in by_field.items():
            field = self.names.get(name, name)
            for message in messages:
                self.add_error(field if field in self.fields else None, message)


class NamedForm(SettingsForm):
    """A name that no sibling has: two of one name could not be told apart, and an import could not choose."""

    name = NameField(widget=forms.TextInput({"autocomplete": "off"}))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    taken = _("There is one of this name already.")

    def __init__(self, *args: Any, siblings: QuerySet[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.siblings = siblings

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.siblings.filter(label_key=sort_key(name)).exists():
            raise ValidationError(self.taken, code="taken")
        return name

    @property
    def values(self) -> dict[str, Any]:
        return {"name": self.cleaned_data["name"]}


def bound(form: type[SettingsForm], request: Any, *args: Any, **kwargs: Any) -> Any:
    """The form with what was posted, or fresh."""
    return form(request.POST if request.method == "POST" else None, *args, **kwargs)


def with_held(choices: list[tuple[str, str]], held: str) -> list[tuple[str, str]]:
    """What is held already can be kept, whether or not it is offered today."""
    return choices if not held or any(value == held for value, _label in choices) else [*choices, (held, held)]


def save(form: Any, access: Access, record: Any) -> bool:
    """Write a valid form's values to its record; False if that was refused, with the reason on the form."""
    try:
        edit(access, record, form.values, version=form.cleaned_data["version"])
    except ValidationError as error:
        form.take(error)
    except Stale:
        # What was typed stays, and the next save is a decision.
        form.add_error(None, _("Somebody else changed this meanwhile. Check it and save again."))
    else:
        return True
    return False
