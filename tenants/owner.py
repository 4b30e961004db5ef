"""The first member of a new tenant, and the seeds that go before anybody works there."""

from django.utils import timezone

from kernel.access.models import Member, Role
from kernel.events.models import Event
from kernel.events.subscribers import publish, settled
from kernel.lib.text import fold, sort_key
from kernel.tenancy.pending import mark_pending
from tenants.events import PROVISIONED
from tenants.models import Provisioning, Tenant
from tenants.provisioned import seeds


def settle(tenant: Tenant, row: Provisioning) -> None:
    """Inside the tenant's transaction: all of it, or nothing because it was done before."""
    if Member.objects.filter(identity=row.identity).exists():
        return
    sow(tenant, new_owner(row), with_samples=row.with_samples)


def sow(tenant: Tenant, owner: Member, *, with_samples: bool = False) -> None:
    """Everything a tenant starts with, around its first member."""
    for seed in seeds():
        seed(tenant, owner)
    owner.roles.add(*Role.objects.filter(code="admin"))
    event = Event(
        name=PROVISIONED,
        via="signup",
        member=owner,
        record_type="members",
        record_id=owner.pk,
        changes={"with_samples": [None, with_samples]},
    )
    if settled(event.name, event.via):
        event.fanned_out_at = timezone.now()
    event.save()
    mark_pending()


def announce() -> None:
    """Have what follows from the new tenant begin. Before the tenant is active its tasks would be refused."""
    publish(Event.objects.filter(name=PROVISIONED, fanned_out_at=None))


def new_owner(row: Provisioning) -> Member:
    return Member.objects.create(
        identity=row.identity,
        name=row.owner_name,
        email=row.owner_email,
        label=row.owner_name,
        label_key=sort_key(row.owner_name),
        search=fold(f"{row.owner_name} {row.owner_email}"),
        text_keys={"name": sort_key(row.owner_name)},
    )
