"""Keys that were refused, in the history: revoked, run out, from another address or at another hour."""

from celery import shared_task
from django.core.cache import caches
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.access.models import ApiKey, digest
from kernel.events.models import Event
from kernel.events.names import tell
from kernel.tenancy.tasks import TenantTask

HOUR = 3600
KEY_REFUSED = tell("member.key_refused", _("An API key of this member was refused"))


def note_refusal(secret: str, ip: str) -> None:
    """Once an hour. By a task, since the request that is refused leaves nothing behind."""
    key = ApiKey.objects.filter(key_hash=digest(secret)).only("pk").first() if secret else None
    if key is not None and caches["default"].add(f"key-refused:{key.pk}", 1, HOUR):
        write_refusal.delay(str(key.pk), ip)


@shared_task(base=TenantTask, name="api.key_refused")
def write_refusal(pk: str, ip: str) -> None:
    key = ApiKey.objects.get(pk=pk)
    Event(
        name=KEY_REFUSED, record_type="members", record_id=key.member_id, via="api", ip=ip,
        changes={"key": [None, key.name]}, fanned_out_at=timezone.now(),
    ).save(force_insert=True)  # fmt: skip
