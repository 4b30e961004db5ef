"""What leads add to the settings."""

from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Actor
from kernel.records.types import registry
from kernel.web.settings.sections import Section, add_section

SALES = _("Sales")


def may_leads(actor: Actor) -> bool:
    return actor.access(registry["lead-statuses"]).may("edit")


def may_forms(actor: Actor) -> bool:
    return actor.access(registry["lead-forms"]).may("edit")


add_section(Section("leads", _("Leads"), "target", SALES, 75, may_leads))
add_section(Section("forms", _("Web forms"), "list-details", SALES, 85, may_forms))
