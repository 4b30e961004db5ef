"""FieldSpec: one field of a record type, as every surface sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models

from kernel.access.models import Member, Record
from kernel.lib.errors import ParseError
from kernel.records import columns
from kernel.records.kinds import KINDS, Kind
from kernel.records.kinds.guarded import MASKED, on_own
from kernel.records.storage import COLUMN, KEYED, Column, Keyed

if TYPE_CHECKING:
    from kernel.records.types import RecordType


@dataclass(frozen=True)
class FieldSpec:
    """`path` is the column, `related` the slug a relation points at, `rows` the fields of child rows.

    A read-only field is never taken from anyone: actions and derivations set it. `is_label` marks the text that is
    the record's label, sorted and matched by `label_key`. `code` is the key under which the value of a tenant's own
    field stands in `path`; a field with a column of its own has none. Reading a sensitive one leaves an event
    (kernel.records.sensitive).
    """

    name: str
    label: Any
    kind: Kind
    path: str
    required: bool = False
    read_only: bool = False
    related: str = ""
    choices: tuple[tuple[str, Any], ...] = ()
    rows: tuple[FieldSpec, ...] = ()
    max_length: int | None = None
    places: int | None = None
    default: Any = None
    null: bool = True
    is_label: bool = False
    help: Any = ""
    code: str = ""
    sensitive: bool = False
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    @cached_property
    def store(self) -> Column | Keyed:
        return KEYED if self.code else COLUMN

    @property
    def related_type(self) -> RecordType:
        from kernel.records.types import registry  # specs and types name each other

        return registry[self.related]

    def masked(self) -> FieldSpec:
        """This field for whoever sees but the end of its values, and can ask and change nothing by it."""
        return replace(
            self, kind=MASKED, required=False, read_only=True, related="", choices=(), rows=(), default=None,
            is_label=False, sensitive=False, extra={"behind": self},
        )  # fmt: skip

    def on_own(self, member: UUID) -> FieldSpec:
        """This field for whoever reads it on the records that they own: empty on others, and nothing is asked by it."""
        return replace(self, kind=on_own(self.kind), is_label=False, extra={**self.extra, "mine": member})

    def initial(self) -> Any:
        """The value of a field that nobody filled in."""
        return self.default() if callable(self.default) else self.default

    def value(self, record: Any) -> Any:
        return self.kind.value(self, record)

    def assign(self, record: Any, value: Any) -> None:
        self.kind.assign(self, record, value)

    def canonical(self, record: Any) -> Any:
        return self.kind.canonical(self, self.value(record))

    def parse(self, text: str, access: Any) -> Any:
        """The value a person or a file spells. Raises ValidationError on this field."""
        return self._read(self.kind.parse, text, access)

    def take(self, raw: Any, access: Any) -> Any:
        """The value a program sends as JSON. Raises ValidationError on this field."""
        return self._read(self.kind.take, raw, access)

    def check(self, record: Any, value: Any) -> None:
        """Refuse what a record may keep but not newly get. Raises ValidationError on this field."""
        held = self.value(record)
        fresh = [item for item in value if item not in (held or ())] if isinstance(value, list) else value
        try:
            self.kind.allow(self, fresh, record)
        except ParseError as error:
            raise ValidationError({self.name: ValidationError(error.message, code=error.code)}) from error

    def _read(self, reader: Any, raw: Any, access: Any) -> Any:
        try:
            return reader(self, raw, access)
        except ParseError as error:
            raise ValidationError({self.name: ValidationError(error.message, code=error.code)}) from error


def spec_of(model: type[models.Model], column_name: str, **overrides: Any) -> FieldSpec:
    """The spec of a model's field. `overrides` replace what the model says (label, kind, read_only, ...)."""
    column: Any = model._meta.get_field(column_name)
    kind = KINDS[overrides.pop("kind", None) or kind_of(column)]
    related_model = getattr(column, "related_model", None)
    label = getattr(column, "verbose_name", column_name)
    spec = FieldSpec(
        name=column_name,
        label=label,
        kind=kind,
        path=column_name,
        required=_is_required(column),
        read_only=not getattr(column, "editable", True),
        related=overrides.pop("related", None) or _slug_of(related_model),
        choices=tuple(getattr(column, "choices", None) or ()),
        max_length=getattr(column, "max_length", None),
        places=getattr(column, "decimal_places", None),
        default=None if getattr(column, "default", models.NOT_PROVIDED) is models.NOT_PROVIDED else column.default,
        null=getattr(column, "null", True),
        help=getattr(column, "help_text", ""),
    )
    return replace(spec, **overrides)


def kind_of(column: Any) -> str:
    if getattr(column, "choices", None):
        return "choice"
    if isinstance(column, models.ManyToManyField):
        return "relations"
    if isinstance(column, models.ForeignKey):
        return "member" if column.related_model in (Member, "access.Member") else "relation"
    for column_class, kind in _KINDS_OF_COLUMNS:
        if isinstance(column, column_class):
            return kind
    raise TypeError(f"No kind for {column!r}: name one in the declaration")


_KINDS_OF_COLUMNS: Sequence[tuple[type[Any], str]] = (
    (columns.MoneyField, "money"),
    (columns.PercentField, "percent"),
    (columns.PhoneField, "phone"),
    (models.EmailField, "email"),
    (models.URLField, "link"),
    (models.TextField, "long_text"),
    (models.CharField, "text"),
    (models.BooleanField, "yes_no"),
    (models.DateTimeField, "datetime"),
    (models.DateField, "date"),
    (models.DecimalField, "number"),
    (models.IntegerField, "integer"),
)


def _slug_of(model: Any) -> str:
    """Record types are named by their model's plural slug: `slug = "lost-reasons"` on the model overrides it."""
    if model is None or not isinstance(model, type) or not issubclass(model, Record):
        return ""
    return getattr(model, "slug", f"{model._meta.model_name}s")


def _is_required(column: Any) -> bool:
    has_default = getattr(column, "default", models.NOT_PROVIDED) is not models.NOT_PROVIDED
    return not getattr(column, "blank", True) and not has_default
