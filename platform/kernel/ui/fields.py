"""What a form field looks like, told once: the tag `{% field %}` draws it, whatever made it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kernel.lib.format import Format

Text = str | Promise

WIDGETS = frozenset(
    {
        *("text", "textarea", "search", "hidden", "number", "money", "percent", "date", "datetime", "file", "attached"),
        *("checkbox", "switch", "checks", "radio", "select", "combobox", "email", "phone", "url", "password", "code"),
    }
)
LEFT_TO_RIGHT = frozenset({"email", "phone", "url", "password", "code"})


@dataclass(frozen=True)
class Option:
    """One thing to choose."""

    value: Any
    label: Text
    detail: Text = ""


@dataclass(frozen=True)
class Field:
    """A label, a control and what is said about them."""

    name: str
    label: Text = ""
    widget: str = "text"
    value: Any = ""
    help: Text = ""
    errors: Sequence[Text] | Text = ()
    required: bool = False
    id: str = ""
    placeholder: Text = ""
    options: Sequence[Option | tuple[Any, Any]] = ()
    empty: Text | None = None
    unit: Text = ""
    url: str = ""
    create_url: str = ""
    multiple: bool = False
    chosen: Sequence[Option | tuple[Any, Any]] = ()
    rows: int = 3
    accept: str = ""
    max_bytes: int = 0
    maxlength: int = 0
    autofocus: bool = False
    autocomplete: str = ""
    disabled: bool = False
    readonly: bool = False
    hide_label: bool = False
    attrs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.widget not in WIDGETS:
            raise ValueError(f"No widget {self.widget!r}; there are {', '.join(sorted(WIDGETS))}")

    @property
    def control_id(self) -> str:
        """The id that the label, the messages and an error summary point at."""
        return self.id or f"f-{self.name}"

    @property
    def messages(self) -> list[str]:
        """The errors as sentences."""
        errors = [self.errors] if isinstance(self.errors, str | Promise) else self.errors
        return [str(error) for error in errors if error]

    @property
    def described_by(self) -> str:
        """Ids for aria-describedby: help first, then errors."""
        ids = [f"{self.control_id}-help"] if self.help else []
        if self.messages:
            ids.append(f"{self.control_id}-error")
        return " ".join(ids)

    @property
    def ltr(self) -> bool:
        """Whether the value reads left to right in every language."""
        return self.widget in LEFT_TO_RIGHT

    @property
    def grouped(self) -> bool:
        """Whether several controls share one legend."""
        return self.widget in {"checks", "radio"}

    @property
    def choices(self) -> list[tuple[Option, bool]]:
        """Each option and whether it is the chosen one."""
        value = self.value
        held = {str(item) for item in value} if isinstance(value, list | tuple | set | frozenset) else {_key(value)}
        return [(option, _key(option.value) in held) for option in map(_option, self.options)]

    @property
    def chosen_options(self) -> list[Option]:
        """What a combobox holds already, with labels."""
        return [_option(item) for item in self.chosen]

    def iso(self) -> str:
        """The value of a date field as ISO 8601, empty when it is what somebody typed."""
        if isinstance(self.value, dt.datetime):
            return self.value.strftime("%Y-%m-%dT%H:%M")
        return self.value.isoformat() if isinstance(self.value, dt.date) else ""

    def shown(self, fmt: Format) -> str:
        """The value as a text control holds it; what somebody typed stays as it was typed."""
        value = self.value
        if value is None:
            return ""
        if isinstance(value, dt.datetime):
            return fmt.datetime(value, "short")
        if isinstance(value, dt.date):
            return fmt.date(value, "short")
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            if self.widget == "money":
                return fmt.money_input(value)
            if self.widget in {"number", "percent"}:
                return fmt.number(value)
        return str(value)

    def but(self, **changes: Any) -> "Field":
        """The same field with some of it told otherwise."""
        return replace(self, **changes)


def _key(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _option(item: Option | tuple[Any, Any]) -> Option:
    return item if isinstance(item, Option) else Option(*item)


def attributes(values: Mapping[str, Any]) -> SafeString:
    """HTML attributes of a mapping: True stands alone, False and None are left out."""
    pairs = [(name, value) for name, value in values.items() if value not in (None, False)]
    alone = format_html_join("", " {}", ((name,) for name, value in pairs if value is True))
    named = format_html_join("", ' {}="{}"', ((name, value) for name, value in pairs if value is not True))
    return format_html("{}{}", alone, named)
