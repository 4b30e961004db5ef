from celery import shared_task
from django.db.models import F
from django.utils import timezone

from kernel.tenancy.tasks import PlatformTask
from tenants.lifecycle import remove
from tenants.models import Provisioning, Tenant
from tenants.provisioning import LEASE, finish_or_remove
from tenants.spares import restock

__all__ = ["restock", "sweep_provisioning"]


@shared_task(base=PlatformTask, name="tenants.tasks.sweep_provisioning")
def sweep_provisioning() -> int:
    """Finish or remove what killed processes left half made. Answers how many tenants were taken up."""
    now, taken = timezone.now(), 0
    for row in Provisioning.objects.filter(lease_until__lt=now).select_related("tenant"):
        mine = Provisioning.objects.filter(pk=row.pk, lease_until=row.lease_until).update(
            lease_until=now + LEASE, attempts=F("attempts") + 1
        )
        if mine and row.tenant.status == Tenant.Status.DELETING:
            remove(row.tenant)
        elif mine:
            finish_or_remove(row.tenant)
        taken += mine
    return taken
