"""API keys made and revoked, by whichever way, each told in the history of the member whose key it is."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Actor
from kernel.access.models import ApiKey
from kernel.events.models import Event
from kernel.events.names import tell

CREATED = tell("member.key_created", _("%(who)s created an API key for this member"))
REVOKED = tell("member.key_revoked", _("%(who)s revoked an API key of this member"))


def note_made(key: ApiKey, actor: Actor) -> None:
    _event(CREATED, key, actor, [None, key.name]).save(force_insert=True)


def revoke(keys: QuerySet[ApiKey], actor: Actor) -> int:
    """Those of them that still work; answers how many."""
    working = list(keys.filter(revoked_at=None).select_for_update(of=("self",)))
    ApiKey.objects.filter(pk__in=[key.pk for key in working]).update(revoked_at=timezone.now())
    Event.objects.bulk_create([_event(REVOKED, key, actor, [key.name, None]) for key in working])
    return len(working)


def _event(name: str, key: ApiKey, actor: Actor, change: list[Any]) -> Event:
    return Event(
        name=name, record_type="members", record_id=key.member_id, member=actor.viewer or actor.member, via=actor.via,
        changes={"key": change}, fanned_out_at=timezone.now(),
    )  # fmt: skip
