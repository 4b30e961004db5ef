"""Record types: one declaration per CRM object, and the registry of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kernel.access.models import Record
from kernel.access.rules import RECORDS, SETTINGS
from kernel.events.names import tell, tell_record_events
from kernel.records.declaring import Board, BuiltIn, Field, Panel, Related, RowsField, Verb, field
from kernel.records.kinds import KINDS
from kernel.records.own_fields import own_fields
from kernel.records.specs import FieldSpec, spec_of

if TYPE_CHECKING:
    from kernel.access.actor import Access, Actor
    from kernel.events.models import Event
    from kernel.records.duplicates import Key

__all__ = [
    "Board", "BuiltIn", "Field", "Panel", "RecordType", "Related", "RowsField", "Verb", "field", "register", "registry",
]  # fmt: skip

registry: dict[str, RecordType] = {}


class RecordType:
    """What a type declares. Names and order, no expressions; rules live in the model and in actions.

    A `parent` type's rows hang on records of any other type. `due_field`, `is_contact`, `next_step_field` and
    `last_step_field` are explained in kernel.records.steps; `in_tabs` puts a type into the bar of a phone. `open_when`
    is the filter for records that ought to have a next step. `compose` names what the composer of a record's page asks
    for, `then` the type of which it may plan a row in the same go.
    """

    slug: ClassVar[str]
    model: ClassVar[type[Record]]
    label: ClassVar[Any]
    label_plural: ClassVar[Any]
    icon: ClassVar[str] = "file"
    fields: ClassVar[tuple[str | Field | RowsField, ...]]
    label_field: ClassVar[str] = "name"
    columns: ClassVar[tuple[str, ...]]
    filters: ClassVar[tuple[str, ...]] = ()
    search: ClassVar[tuple[str, ...]] = ("name",)
    sums: ClassVar[tuple[str, ...]] = ()
    sort: ClassVar[str] = "-created_at"
    panels: ClassVar[tuple[Panel, ...]] = ()
    essentials: ClassVar[tuple[str, ...]] = ()
    tree: ClassVar[str] = ""
    related: ClassVar[tuple[Related, ...]] = ()
    board: ClassVar[Board | None] = None
    views: ClassVar[tuple[BuiltIn, ...]] = ()
    verbs: ClassVar[tuple[Verb, ...]] = ()
    parent: ClassVar[bool] = False
    alone_is_own: ClassVar[bool] = False  # whatever the scope of "alone", a row that hangs on nothing is its maker's
    due_field: ClassVar[str] = ""
    is_contact: ClassVar[bool] = False
    next_step_field: ClassVar[str] = ""
    last_step_field: ClassVar[str] = ""
    open_when: ClassVar[Mapping[str, str]] = MappingProxyType({})
    compose: ClassVar[tuple[str, ...]] = ()
    then: ClassVar[str] = ""
    is_setting: ClassVar[bool] = False
    right: ClassVar[str] = ""  # the system right without which nobody reaches this type
    field_rights: ClassVar[Mapping[str, str]] = MappingProxyType({})  # and those without which a field is hidden
    is_owned: ClassVar[bool] = True
    is_written_once: ClassVar[bool] = False  # nobody changes its records; they go along with what they hang on
    is_kept: ClassVar[bool] = False  # whoever comes to refer to one keeps it from being deleted until that is saved
    is_tagged: ClassVar[bool] = True
    in_menu: ClassVar[bool] = True
    in_tabs: ClassVar[bool] = False
    can_import: ClassVar[bool] = True
    has_form: ClassVar[bool] = True  # whether a form makes one: a file comes by being uploaded
    told_with_label: ClassVar[tuple[str, ...]] = ()
    match_fields: ClassVar[tuple[str, ...]] = ()
    # Rows whose primary ones also stand in fields of the record: {"contact_points": ("phone", "email")}.
    mirrors: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    is_person: ClassVar[bool] = False  # whether its records are people, whose data can be exported and erased
    same_person: ClassVar[tuple[str, ...]] = ()  # relations that lead to another record of the same person
    duplicate_keys: ClassVar[tuple[Key, ...]] = ()  # what tells that two may be one: kernel.records.duplicates
    synonyms: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})

    @property
    def name(self) -> str:
        """The singular that events are named by: deal.won."""
        return str(self.model._meta.model_name)

    def specs(self) -> Mapping[str, FieldSpec]:
        """Every field, by name, in order: the declared ones, those that every record has, the tenant's own."""
        return own_fields().with_declared(self.slug, self._specs)

    def declared(self) -> Mapping[str, FieldSpec]:
        """The fields that every tenant has."""
        return self._specs

    def own_specs(self) -> Mapping[str, FieldSpec]:
        """The tenant's own fields of this type."""
        return own_fields().by_type.get(self.slug, {})

    @property
    def takes_fields(self) -> bool:
        """Whether a tenant may give this type fields of its own."""
        return self.has_form and not self.is_setting

    @property
    def group(self) -> str:
        """The types beside which roles name this one."""
        return SETTINGS if self.is_setting else RECORDS

    @property
    def can_share(self) -> bool:
        """What hangs on another record follows that one; what nobody owns is seen by all who see any."""
        return self.is_owned and not (self.parent or self.is_setting)

    def searched(self) -> tuple[str, ...]:
        """The fields that a search looks through."""
        own = self.own_specs()
        return (*self.search, *(name for name in own if own[name].extra["searchable"])) if own else self.search

    def own_marked(self, mark: str) -> tuple[str, ...]:
        """The tenant's own fields that stand "in_list" or "on_card" without being chosen there."""
        return tuple(name for name, spec in self.own_specs().items() if spec.extra[mark])

    def all_panels(self) -> tuple[Panel, ...]:
        """The panels, with the tenant's own fields in those that they name; the rest in one of their own below."""
        panels = self._panels
        groups: dict[str, list[str]] = {}
        for name, spec in self.own_specs().items():
            groups.setdefault(spec.extra["panel"], []).append(name)
        if not groups:
            return panels
        merged = [Panel(panel.title, (*panel.fields, *groups.pop(str(panel.title), ()))) for panel in panels]
        return (*merged, *(Panel(title or _("More details"), tuple(names)) for title, names in groups.items()))

    @cached_property
    def _specs(self) -> Mapping[str, FieldSpec]:
        specs = [self._spec(entry) for entry in self.fields]
        if self.is_owned:
            specs += [spec_of(self.model, "owner"), spec_of(self.model, "team")]
        if self.is_tagged and not self.is_setting:
            specs.append(spec_of(self.model, "tags", kind="tags", related="tags"))
        for name in ("created_at", "updated_at", "created_by"):
            specs.append(spec_of(self.model, name, read_only=True))
        return MappingProxyType({spec.name: spec for spec in specs})

    def _spec(self, entry: str | Field | RowsField) -> FieldSpec:
        if isinstance(entry, RowsField):
            subs = tuple(self._sub_spec(entry.model, sub) for sub in entry.fields)
            extra = {"model": entry.model, "parent": entry.parent, "starts": entry.starts, "links": dict(entry.links)}
            return FieldSpec(
                entry.name,
                entry.label,
                KINDS["rows"],
                entry.name,
                rows=subs,
                extra=extra,
                help=entry.help,
                default=list,
            )
        sub = entry if isinstance(entry, Field) else field(entry)
        return spec_of(self.model, sub.column, **{"is_label": sub.column == self.label_field, **sub.options})

    @staticmethod
    def _sub_spec(model: type, entry: str | Field) -> FieldSpec:
        return spec_of(model, entry.column, **entry.options) if isinstance(entry, Field) else spec_of(model, entry)

    @cached_property
    def _panels(self) -> tuple[Panel, ...]:
        """The declared panels, the first with the tags that every record may carry."""
        panels = self.panels or (Panel(self.label, tuple(self._specs)),)
        if "tags" not in self._specs or any("tags" in panel.fields for panel in panels):
            return panels
        return (replace(panels[0], fields=(*panels[0].fields, "tags")), *panels[1:])

    @cached_property
    def holder(self) -> FieldSpec | None:
        """What a record of a settings type belongs to: the pipeline of a stage."""
        for spec in self._specs.values():
            if spec.kind.name == "relation" and spec.required and registry[spec.related].is_setting:
                return spec
        return None

    @cached_property
    def may_stand_alone(self) -> bool:
        """Whether a row of this child type may hang on nothing."""
        return self.parent and not any(spec.kind.name == "about" and spec.required for spec in self._specs.values())

    def parent_types(self) -> list[RecordType]:
        """The types that a child row of this type may hang on."""
        return [rtype for rtype in registry.values() if not (rtype.parent or rtype.is_setting)]

    def verb(self, name: str) -> Verb | None:
        return next((verb for verb in self.verbs if verb.name == name), None)

    # -- what a type of rows that hang on others may say about its rights, beside those of the record they hang on

    def under(self, parent: Access, verb: str) -> Q:
        """Which of the rows on records of `parent` are in reach of `verb`."""
        return Q()

    def allows(self, actor: Actor, verb: str, record: Any) -> bool:
        """Whether this record, in reach, may be used so as far as the role's scope goes."""
        return actor.follows or not (self.is_written_once and verb in ("edit", "delete"))

    # -- what a type may say about the end of its records

    @property
    def can_purge(self) -> bool:
        """What people choose from keeps its name where it was chosen, and people stay in what they did."""
        return not self.is_setting

    def purge(self, rows: QuerySet[Any], actor: Actor) -> None:
        """Remove these rows for good, and what they leave behind elsewhere."""
        rows.delete()

    # -- what a type may say about files: `synonyms` are names that other systems give its fields

    def values_of_label(self, label: str) -> dict[str, Any]:
        """The values of a new record of which only the label is known."""
        return {self.label_field: label}

    def complete_row(self, values: dict[str, Any]) -> None:
        """Derive what a row of a file means beyond its cells, before it is written."""

    # -- what a type may say about its pages: `essentials` are what a form asks first, the rest is folded away

    def columns_for(self, filters: Mapping[str, str], actor: Actor) -> tuple[str, ...]:
        """The columns of a list that is narrowed like this."""
        return self.columns

    # -- what a type may say about its own records: `tree` is a field that points at one of the same type, above it

    def label_of(self, record: Any) -> str:
        return str(getattr(record, self.label_field) or "")

    def owner_of(self, record: Any, access: Access) -> UUID | None:
        """Whose a new record is that was given to nobody: its maker's. Imported history may have no owner, if whoever
        imports may see to it."""
        actor = access.actor
        if actor.via == "import" and access.scope("create") == "all":
            return None
        return actor.member.pk if actor.member else None

    def event_of(self, event: str, changes: Mapping[str, Any]) -> str:
        """The event that a change amounts to: a deal whose stage was edited to a won one is won, whoever did it."""
        return event

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        """Derive values from others before a record is checked and saved. `changed` names the fields given."""

    def follow(self, record: Any, event: Event) -> None:
        """Do what a change brings with it, once it is saved and in its transaction: a recurring task's next one."""


def _claim_verb(name: str) -> Verb:
    """Every type whose records have owners has it: taking one that has none."""

    def claim(record: Any, access: Access, version: int | None = None) -> Any:
        from kernel.records import claiming  # it changes records, which takes this module

        return claiming.claim(record, access, version)

    def refusal(record: Any, access: Access) -> ValidationError:
        from kernel.records import claiming

        return claiming.claimed_already(record, access)

    return Verb(
        "claim", tell(f"{name}.claimed", _("%(who)s took this over")), _("Take over"), "user-plus", claim,
        applies=lambda record: record.owner_id is None, refusal=refusal, done=_("It is yours now."),
    )  # fmt: skip


def register(cls: type[RecordType]) -> type[RecordType]:
    rtype = cls()
    if rtype.can_share:
        cls.verbs = (*cls.verbs, _claim_verb(rtype.name))
    registry[rtype.slug] = rtype
    tell_record_events(rtype.name)
    if rtype.can_share:
        tell(f"{rtype.name}.shared", _("%(who)s shared this"))
        tell(f"{rtype.name}.unshared", _("%(who)s stopped sharing this"))
    if rtype.duplicate_keys:
        tell(f"{rtype.name}.merged", _("%(who)s merged others into this"))
    return cls
