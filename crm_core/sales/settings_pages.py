"""What sales adds to the settings: pipelines, and the two lists that people choose from."""

from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Actor
from kernel.records.types import registry
from kernel.web.settings.sections import Section, add_section, may_set_up

SALES = _("Sales")


def may_pipelines(actor: Actor) -> bool:
    return may_set_up(actor, "pipelines", "stages")


def may_reasons(actor: Actor) -> bool:
    return actor.access(registry["lost-reasons"]).may("edit")


def may_sources(actor: Actor) -> bool:
    return actor.access(registry["sources"]).may("edit")


add_section(Section("pipelines", _("Pipelines"), "layout-kanban", SALES, 60, may_pipelines))
add_section(Section("lost-reasons", _("Lost reasons"), "circle-x", SALES, 70, may_reasons))
add_section(Section("sources", _("Lead sources"), "map-pin", SALES, 80, may_sources))
