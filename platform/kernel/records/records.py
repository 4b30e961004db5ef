"""The people of a tenant as record types: members, teams, roles. And what it says of all types: tags and fields."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.access.actor import Actor
from kernel.access.models import Member, Role, Team
from kernel.events.models import Event
from kernel.events.names import tell
from kernel.records.definitions import check_definition, kinds_offered, types_offered, types_pointed_at
from kernel.records.kinds import KINDS
from kernel.records.models import CustomField, Tag
from kernel.records.own_fields import forget
from kernel.records.own_indexes import watch
from kernel.records.people import check_member, check_role, check_team
from kernel.records.specs import FieldSpec
from kernel.records.tagging import strip
from kernel.records.tags import check_name, color_of
from kernel.records.types import Panel, RecordType, field, register

tell("tag.merged", _("%(who)s merged this tag into another"))
RULES_CHANGED = tell("role.rules_changed", _("%(who)s changed what this role may do"))


@register
class Members(RecordType):
    slug, model = "members", Member
    label, label_plural = _("Member"), _("Members")
    icon = "user"
    fields = ("name", "email", "roles", "teams", "manager", "active")
    columns = ("name", "email", "roles", "teams", "active")
    search = ("name", "email")
    sort = "name"
    panels = (Panel(_("Member"), ("name", "email", "roles", "teams", "manager", "active")),)
    match_fields = ("name", "email")
    synonyms = {
        "name": ("sales_agent", "agent", "sales_rep", "rep", "user", "full_name", "employee", "کارشناس", "نام کارشناس"),
        "manager": ("supervisor", "reports_to", "مدیر", "سرپرست"),
        "teams": ("team", "sales_team", "group", "تیم", "گروه"),
    }
    is_setting = True
    is_owned = False
    in_menu = False

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        check_member(record, self.specs()["roles"].value(record), actor, changed)


@register
class Teams(RecordType):
    slug, model = "teams", Team
    label, label_plural = pgettext_lazy("a group of members", "Team"), _("Teams")
    icon = "users-group"
    fields = ("name", "parent", "lead")
    tree = "parent"
    columns = ("name", "parent", "lead")
    sort = "name"
    panels = (Panel(_("Team"), ("name", "parent", "lead")),)
    match_fields = ("name",)
    synonyms = {
        "name": ("team", "team_name", "manager", "تیم", "نام تیم"),
        "parent": ("region", "regional_office", "office", "branch", "department", "منطقه", "شعبه"),
        "lead": ("leader", "head", "manager", "سرپرست", "رهبر"),
    }
    is_setting = True
    is_owned = False
    in_menu = False

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        check_team(record, actor, changed)


@register
class Roles(RecordType):
    slug, model = "roles", Role
    label, label_plural = _("Role"), _("Roles")
    icon = "shield"
    fields = ("name", "code", field("rules", kind="rules", label=_("What it allows")))
    field_rights = {"rules": "roles"}
    columns = ("name", "code")
    sort = "name"
    panels = (Panel(_("Role"), ("name", "code")),)
    is_setting = True
    is_owned = False
    in_menu = False
    can_import = False

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        record.rules = record.rules or {"types": {}}  # one that is new may do nothing yet
        check_role(record, actor, changed)

    def event_of(self, event: str, changes: Mapping[str, Any]) -> str:
        return RULES_CHANGED if event == "role.updated" and "rules" in changes else event


@register
class CustomFields(RecordType):
    """The fields that the tenant gives to the other types. Only who may change them may know of them: a name alone
    would tell what is hidden."""

    slug, model = "custom-fields", CustomField
    label, label_plural = _("Custom field"), _("Custom fields")
    icon = "list-details"
    fields = (
        "record_type", "name", "other_name", "code", "kind", "help", "required", "unique", "searchable",
        "sensitive", field("default", kind="own_default"), field("choices", kind="choice_list"), "related", "places",
        "max_length", "panel", "in_list", "on_card", "position",
    )  # fmt: skip
    columns = ("name", "record_type", "kind", "code", "required")
    filters = ("record_type", "kind")
    sort = "position"
    panels = (
        Panel(
            _("Custom field"),
            (
                "name", "other_name", "record_type", "kind", "code", "related", "help", "places", "max_length", "panel",
                "required", "unique", "searchable", "sensitive", "in_list", "on_card",
            ),
        ),
    )  # fmt: skip
    is_setting = True
    is_owned = False
    in_menu = False
    can_import = False
    right = "company"

    @cached_property
    def _specs(self) -> Mapping[str, FieldSpec]:
        offered = {
            "record_type": tuple((slug, rtype.label) for slug, rtype in types_offered().items()),
            "kind": tuple((name, kind.title) for name, kind in kinds_offered().items()),
            "related": tuple((slug, rtype.label) for slug, rtype in types_pointed_at().items()),
        }
        specs = super()._specs
        choice = {name: replace(specs[name], kind=KINDS["choice"], choices=some) for name, some in offered.items()}
        return MappingProxyType({**specs, **choice})

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        check_definition(record, actor, changed)

    def follow(self, record: Any, event: Event) -> None:
        forget()
        watch(record, event)


@register
class Tags(RecordType):
    slug, model = "tags", Tag
    label, label_plural = _("Tag"), _("Tags")
    icon = "tag"
    fields = ("name", "color")
    columns = ("name", "color")
    sort = "name"
    panels = (Panel(_("Tag"), ("name", "color")),)
    match_fields = ("name",)
    synonyms = {"name": ("tag", "label", "برچسب", "نام برچسب"), "color": ("colour", "رنگ")}
    told_with_label = ("color",)
    is_setting = True
    is_owned = False
    in_menu = False

    def values_of_label(self, label: str) -> dict[str, Any]:
        return {"name": label, "color": color_of(label)}

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        check_name(record)

    @property
    def can_purge(self) -> bool:
        return True

    def purge(self, rows: QuerySet[Any], actor: Actor) -> None:
        """Nothing shows an id that no tag has; records lose it by and by."""
        gone = list(rows.values_list("pk", "name"))
        rows.delete()
        for pk, name in gone:
            strip(actor, pk, name)
