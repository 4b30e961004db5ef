"""What contacts add to the settings."""

from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Actor
from kernel.web.settings.sections import Section, add_section, may_set_up


def may_consent(actor: Actor) -> bool:
    return may_set_up(actor, "consent-purposes")


add_section(Section("consent", _("Consent"), "circle-check", _("Company"), 59, may_consent))
