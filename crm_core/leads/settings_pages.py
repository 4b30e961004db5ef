"""What leads add to the settings."""

from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Actor
from kernel.web.settings.sections import Section, add_section, may_set_up

SALES = _("Sales")


def may_leads(actor: Actor) -> bool:
    return may_set_up(actor, "lead-statuses", "qualification-items")


def may_forms(actor: Actor) -> bool:
    return may_set_up(actor, "lead-forms")


add_section(Section("leads", _("Leads"), "target", SALES, 75, may_leads))
add_section(Section("forms", _("Web forms"), "list-details", SALES, 85, may_forms))
