"""The sections that the kernel itself has."""

from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Actor
from kernel.records.types import registry
from kernel.web.settings.sections import Section, add_section, may_set_up

ME, COMPANY = _("Me"), _("Company")


def may_company(actor: Actor) -> bool:
    return actor.may_system("company")


def may_members(actor: Actor) -> bool:
    return actor.may_system("members") and may_set_up(actor, "members")


def may_audit(actor: Actor) -> bool:
    return actor.may_system("audit")


def may_privacy(actor: Actor) -> bool:
    return actor.may_system("privacy")


def may_roles(actor: Actor) -> bool:
    return actor.may_system("roles") and actor.access(registry["roles"]).may("view")


def may_everything(actor: Actor) -> bool:
    """Whoever chooses the provider decides who everybody is."""
    return actor.may_system("*")


def may_teams(actor: Actor) -> bool:
    return actor.may_system("members") and may_set_up(actor, "teams")


def may_fields(actor: Actor) -> bool:
    return may_set_up(actor, "custom-fields")


def may_tags(actor: Actor) -> bool:
    return may_set_up(actor, "tags")


add_section(Section("profile", _("Profile"), "user", ME, 10))
add_section(Section("security", _("Sign-in and security"), "lock", ME, 11))
add_section(Section("keys", _("API keys"), "key", ME, 20))
add_section(Section("api", _("API"), "code", ME, 21))
add_section(Section("company", _("Company"), "building", COMPANY, 30, may_company))
add_section(Section("fields", _("Custom fields"), "list-details", COMPANY, 57, may_fields))
add_section(Section("duplicates", _("Duplicates"), "users", COMPANY, 58, may_company))
add_section(Section("members", _("Members"), "users", COMPANY, 40, may_members))
add_section(Section("roles", _("Roles"), "shield", COMPANY, 45, may_roles))
add_section(Section("sso", _("Single sign-on"), "login", COMPANY, 46, may_everything))
add_section(Section("teams", _("Teams"), "users-group", COMPANY, 50, may_teams))
add_section(Section("audit", _("Audit log"), "history", COMPANY, 59, may_audit))
add_section(Section("privacy", _("Privacy"), "shield", COMPANY, 59, may_privacy))
add_section(Section("tags", _("Tags"), "tag", COMPANY, 55, may_tags))
