"""The people of a tenant as record types: members, teams, roles."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.access.actor import Actor
from kernel.access.models import Member, Role, Team
from kernel.events.names import tell
from kernel.records.people import check_member, check_role, check_team
from kernel.records.types import Panel, RecordType, register

tell("role.rules_changed", _("%(who)s changed what this role may do"))


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
        check_team(record, changed)


@register
class Roles(RecordType):
    slug, model = "roles", Role
    label, label_plural = _("Role"), _("Roles")
    icon = "shield"
    fields = ("name", "code")
    columns = ("name", "code")
    sort = "name"
    is_setting = True
    is_owned = False
    in_menu = False
    can_import = False

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        check_role(record, changed)
