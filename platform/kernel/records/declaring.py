"""What the declaration of a record type is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from kernel.records.specs import FieldSpec

if TYPE_CHECKING:
    from kernel.access.actor import Access


@dataclass(frozen=True)
class Field:
    """A field in a declaration: the model's column, with what differs from what the model says."""

    column: str
    options: Mapping[str, Any]


def field(column: str, **options: Any) -> Field:
    return Field(column, MappingProxyType(options))


@dataclass(frozen=True)
class RowsField:
    """Child rows in a declaration: the model, its key to the parent, its fields. A new record's form begins with
    `starts` blank rows; `links` says what its first field leads to, by the row's kind: (("phone", "tel:"),)."""

    name: str
    label: Any
    model: type
    parent: str
    fields: tuple[str | Field, ...]
    help: Any = ""
    starts: int = 0
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Verb:
    """One thing a user may do to a record: a permission, an event, an address and a button.

    `action(record, access, **values)` does it inside `change`; `fields` are what it asks for, and `applies` says on
    which records it makes sense. One with `has_page` asks on a page of its own, which the app puts at its address.
    `undo` is the verb that takes it back, given what `restores` names as it was. One that is not `in_bulk` is not
    offered for many records at once, and is taken back by a verb of its own. `refusal(record, access)` says more
    about why it does not apply. One that `tells_conflicts` leaves in `record.kept` what it could not take back.
    """

    name: str
    event: str
    label: Any
    icon: str
    action: Callable[..., Any]
    fields: tuple[FieldSpec, ...] = ()
    applies: Callable[[Any], bool] = lambda record: True
    done: Any = ""
    tone: str = ""
    permission: str = ""
    undo: str = ""
    restores: tuple[str, ...] = ()
    has_page: bool = False
    in_bulk: bool = True
    tells_conflicts: bool = False
    refusal: Callable[[Any, Any], ValidationError | None] = lambda record, access: None

    def asked(self, access: Access) -> list[FieldSpec]:
        """What it takes: of the record's own fields those that this actor may change, and whatever it asks beside."""
        own = access.rtype.specs()
        return [s for s in self.fields if s.name not in own or access.level(s.name).everywhere == "edit"]


@dataclass(frozen=True)
class Panel:
    """A titled group of fields on the form and the detail page."""

    title: Any
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Related:
    """A list on the detail page: records of `slug` whose `field` is this record. A `quiet` one is left out while it
    is empty, and nothing is added to it there."""

    slug: str
    field: str
    quiet: bool = False


@dataclass(frozen=True)
class Board:
    """Columns by a relation (`by`), of one parent at a time where they have one (`within`), with the total of `total`
    over each if there is something to add up."""

    by: str
    card: tuple[str, ...]
    within: str = ""
    total: str = ""


@dataclass(frozen=True)
class BuiltIn:
    """A view that a type comes with (`kernel.records.views`): what stands in its address, its name, what it asks."""

    code: str
    name: Any
    params: Mapping[str, str] = dataclass_field(default_factory=dict)
