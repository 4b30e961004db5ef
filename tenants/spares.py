"""Empty schemas made ahead, with their roles, so that whoever signs up need not wait for PostgreSQL to make one.

The row is there before the schema: whoever is killed in between leaves something that is found. A spare is taken in the
transaction that reserves its tenant, so that it is one's or still a spare.
"""

import datetime

from celery import shared_task
from django.core.cache import caches
from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone

from kernel.tenancy.catalog import quoted
from kernel.tenancy.context import as_owner, in_tenant
from kernel.tenancy.database_roles import remove_role, rights_hash
from kernel.tenancy.head import head_hash
from kernel.tenancy.tasks import PlatformTask
from kernel.tenancy.template import ensure_template, replay
from tenants.models import SpareSchema

KEPT = 10  # about what ten seconds of a rush take
ASKED = "spares:asked"
LOST = datetime.timedelta(minutes=10)  # whoever began one so long ago and has not finished it was killed


def stamp() -> str:
    """Stands for what a new tenant's schema holds and what its role may do."""
    return head_hash() + rights_hash()


def take() -> str | None:
    """The name of a spare of this code's migrations, no spare from here on; within a transaction of the platform. More
    are made soon, for others who sign up now."""
    spares = SpareSchema.objects.select_for_update(skip_locked=True).filter(stamp=stamp())
    name = spares.values_list("pk", flat=True).first()
    if name is not None:
        SpareSchema.objects.filter(pk=name).delete()
    transaction.on_commit(_ask, using="platform", robust=True)
    return name


def _ask() -> None:
    """Have one made, unless that waits in the queue already: while a crowd signs up the workers have others to serve,
    too. A message that is lost is forgotten with the minute."""
    if caches["platform"].add(ASKED, 1, timeout=60):
        restock.delay()


@shared_task(base=PlatformTask, name="tenants.tasks.restock")
def restock() -> int:
    """Make a spare where fewer than KEPT are of this code's migrations, and drop all of another's. Answers how many are
    still missing: the next is made when those had their turn who were waiting."""
    caches["platform"].delete(ASKED)
    lost = Q(stamp="", began_at__lt=timezone.now() - LOST)
    for pk in SpareSchema.objects.exclude(stamp__in=["", stamp()]).values_list("pk", flat=True):
        _drop(pk)
    for pk in SpareSchema.objects.filter(lost).values_list("pk", flat=True):
        _drop(pk)
    missing = KEPT - SpareSchema.objects.count()
    if missing > 0:
        _make()
    if missing > 1:
        _ask()
    return max(0, missing - 1)


def _make() -> None:
    ensure_template()
    spare = SpareSchema.objects.create()
    with as_owner(), in_tenant(spare):
        replay()
    SpareSchema.objects.filter(pk=spare.pk).update(stamp=stamp())


def _drop(pk: str) -> None:
    with transaction.atomic("platform"):
        spare = SpareSchema.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if spare is None:  # taken, or dropped by another
            return
        with as_owner(), in_tenant(spare), connections["default"].cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {quoted(spare.schema_name)} CASCADE")
            remove_role(cursor, spare.schema_name)
        spare.delete()
