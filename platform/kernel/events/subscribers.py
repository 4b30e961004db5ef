"""What follows from events: `@on("deal.won")` registers a function that is called once for each such event."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from uuid import UUID

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from kernel.events.models import Event, Reaction
from kernel.tenancy.context import on_commit
from kernel.tenancy.pending import mark_pending, sweeper
from kernel.tenancy.tasks import TenantTask

Subscriber = Callable[[Event], None]
subscribers: dict[str, list[Subscriber]] = defaultdict(list)

AT_ONCE = 200
EVERY = "*"


def on(*names: str) -> Callable[[Subscriber], Subscriber]:
    """Call the decorated function for each event of these names, in a transaction of its own.

    It runs at least once and takes effect once: its own writes and the mark that it ran commit together. Work that
    leaves the database (mail) belongs in a task it starts on commit. History that an import brings calls nobody.
    `EVERY` in place of names stands for whatever is fanned out, be it for others or because of `hand_on`.
    """

    def register(subscriber: Subscriber) -> Subscriber:
        for name in names:
            subscribers[name].append(subscriber)
        return subscriber

    return register


def publish(events: Iterable[Event]) -> None:
    """Have events written just now fanned out after commit; the sweeper finds those whose message is lost."""
    ids = [str(event.pk) for event in events if event.fanned_out_at is None]
    if ids:
        mark_pending()
        on_commit(lambda: [fan_out.delay(ids[i : i + AT_ONCE]) for i in range(0, len(ids), AT_ONCE)])


def hand_on(events: Iterable[Event]) -> None:
    """Have events fanned out though nobody listens to their names: somebody wants to know of these."""
    settled_ones = [event for event in events if event.fanned_out_at is not None]
    if settled_ones:
        Event.objects.filter(pk__in=[event.pk for event in settled_ones]).update(fanned_out_at=None)
        for event in settled_ones:
            event.fanned_out_at = None
        publish(settled_ones)


def settled(name: str, via: str) -> bool:
    """Nobody listens, so that the event needs no fan-out: kept from the queue when it is written."""
    return via == "import" or not subscribers.get(name)


@shared_task(base=TenantTask, name="events.fan_out")
def fan_out(ids: list[str]) -> None:
    for event in Event.objects.filter(pk__in=[UUID(i) for i in ids], fanned_out_at=None).order_by("pk"):
        for subscriber in (*subscribers[event.name], *subscribers[EVERY]):
            _react(event, subscriber)
        Event.objects.filter(pk=event.pk).update(fanned_out_at=timezone.now())


def _react(event: Event, subscriber: Subscriber) -> None:
    with transaction.atomic():
        name = f"{subscriber.__module__}.{subscriber.__qualname__}"
        _, is_first = Reaction.objects.get_or_create(event=event, subscriber=name)
        if is_first:
            subscriber(event)


@sweeper
def sweep_events() -> bool:
    """Fan out what a lost message left behind. True while something is left."""
    ids = Event.objects.filter(fanned_out_at=None).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    waiting = [str(pk) for pk in ids]
    if waiting:
        fan_out.delay(waiting)
    return bool(waiting)
