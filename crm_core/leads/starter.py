"""What every tenant has for its leads: statuses and the questions of a qualification, in its own language."""

from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from crm_core.leads.models import LeadStatus, QualificationItem
from kernel.access.actor import operator
from kernel.records.bulk import create_many
from kernel.records.types import registry
from kernel.tenancy.starters import starter
from tenants.provisioned import on_provisioned

Kind = LeadStatus.Kind


@on_provisioned
def seed(tenant: Any, owner: Any) -> None:
    start(tenant)


@starter
def start(tenant: Any) -> None:
    """For a tenant older than leads, too. What somebody deleted does not come back."""
    with translation.override(tenant.language):
        if not LeadStatus.objects.exists():
            statuses = (
                (_("New lead"), Kind.OPEN),
                (_("Contacted"), Kind.OPEN),
                (_("Qualified"), Kind.QUALIFIED),
                (_("Disqualified"), Kind.DISQUALIFIED),
                (_("Converted"), Kind.CONVERTED),
            )
            rows = [
                {"name": name, "kind": kind, "position": position} for position, (name, kind) in enumerate(statuses, 1)
            ]
            create_many(operator().access(registry["lead-statuses"]), rows)
        if not QualificationItem.objects.exists():
            items = (_("Budget is there"), _("We talk to who decides"), _("The need is clear"), _("The time is known"))
            questions = [{"name": name, "position": position} for position, name in enumerate(items, 1)]
            create_many(operator().access(registry["qualification-items"]), questions)
