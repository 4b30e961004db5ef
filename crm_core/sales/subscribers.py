"""What sales does when something happens."""

from crm_core.sales import playbook, roles, starter
from crm_core.sales.demo.seed import Seeder, Size
from kernel.events.models import Event
from kernel.events.subscribers import on

__all__ = ["playbook", "roles", "starter"]

SAMPLES = Size(companies=8, contacts=20, deals=24, notes=12, calls=8, leads=10)


@on("tenant.provisioned")
def add_samples(event: Event) -> None:
    """Sample data, for those who asked for it when they signed up."""
    if event.changes.get("with_samples", [None, False])[1]:
        Seeder(SAMPLES).run()
