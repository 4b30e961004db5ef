"""Starting, taking, advancing and ending runs. A kind of run registers its work with `@runner("import")`."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import shared_task
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kernel.access.actor import Actor, actor_for, operator
from kernel.access.models import Member, Role
from kernel.lib.errors import ParseError
from kernel.runs.models import Run
from kernel.tenancy.context import get_tenant, in_tenant, on_commit
from kernel.tenancy.pending import mark_pending, sweeper
from kernel.tenancy.tasks import TenantTask

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
# Until the next sweep, in which somebody else might find that a lease has lapsed.
SOON = timedelta(seconds=15)
# Under the worker's hard time limit: a longer run hands itself on and goes on where it was.
SHIFT = timedelta(minutes=8)
ATTEMPTS = 5

Runner = Callable[["Work"], None]
_runners: dict[str, Runner] = {}
_listeners: list[Callable[[Run], None]] = []


class LostLease(Exception):
    """Another worker has the run now: nothing of this attempt may be written any more."""


class Cancelled(Exception):
    """Whoever started the run asked for it to stop."""


class Paused(Exception):
    """The run needs an answer before it can go on."""


class RightsChanged(Exception):
    """Whoever started the run may do other things now: it goes on, or begins anew, by what they may do now."""


class ShiftEnded(Exception):
    """This worker has had the run for long enough; the next one goes on from the last chunk."""


def runner(kind: str) -> Callable[[Runner], Runner]:
    def register(function: Runner) -> Runner:
        _runners[kind] = function
        return function

    return register


def when_stopped(listener: Callable[[Run], None]) -> Callable[[Run], None]:
    """Call a function with each run that is done, has failed or has a question, in the transaction that says so."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def start(kind: str, actor: Actor, title: str, params: dict[str, Any], **fields: Any) -> Run:
    """Make a run and have a worker begin it after commit."""
    run = Run.objects.create(
        kind=kind, title=title, member=actor.member, role=actor.role, via=actor.via, params=params, **fields
    )
    wake(run)
    return run


def carry_out(run: Run, actor: Actor, within: timedelta) -> Run:
    """Do a run that was made just now here and at once, in the caller's transaction: little work needs no worker. What
    is not done within that time goes to one. What a worker would be told by an exception, the run says."""
    now = timezone.now()
    taken = {"status": Run.Status.RUNNING, "token": 1, "attempt": 1, "started_at": now, "lease_until": now + LEASE}
    Run.objects.filter(pk=run.pk).update(**taken)
    run.refresh_from_db()
    hold = Work(run, actor, within)
    try:
        _runners[run.kind](hold)
    except ShiftEnded:  # all its chunks were kept
        hold.finish(Run.Status.QUEUED, attempt=0)
        wake(run)
    except ValidationError as error:
        hold.finish(Run.Status.FAILED, error=" ".join(error.messages))
    else:
        hold.end()
    run.refresh_from_db()
    return run


def wake(run: Run) -> None:
    mark_pending()
    on_commit(lambda: work.delay(str(run.pk)))


def cancel(run: Run) -> None:
    """Stop a run: at once when no worker has it, else at its next chunk."""
    idle = Q(status__in=[Run.Status.QUEUED, Run.Status.WAITING])
    if not Run.objects.filter(idle, pk=run.pk).update(
        status=Run.Status.CANCELLED, finished_at=timezone.now(), cancel_requested=True
    ):
        Run.objects.filter(pk=run.pk, status=Run.Status.RUNNING).update(cancel_requested=True)
    run.refresh_from_db()


def resume(run: Run, **fields: Any) -> None:
    """Let a waiting run go on, once."""
    if Run.objects.filter(pk=run.pk, status=Run.Status.WAITING).update(status=Run.Status.QUEUED, attempt=0, **fields):
        wake(run)
    run.refresh_from_db()


class Work:
    """One worker's hold on a run."""

    def __init__(self, run: Run, actor: Actor, shift: timedelta = SHIFT) -> None:
        self.run, self.actor = run, actor
        self._rights = _rights_of(run)
        self._until = timezone.now() + shift

    @property
    def params(self) -> dict[str, Any]:
        return self.run.params

    @property
    def state(self) -> dict[str, Any]:
        """Where to go on. What a chunk puts here is kept with what the chunk wrote."""
        return self.run.state

    @contextmanager
    def chunk(self) -> Iterator[Run]:
        """A transaction of a second or two. Commits together with the run's state and figures, or not at all."""
        if timezone.now() > self._until:
            raise ShiftEnded
        with in_tenant(get_tenant()):
            if _rights_of(self.run) != self._rights:
                raise RightsChanged
            yield self.run
            self._keep(state=self.run.state, counts=self.run.counts, done=self.run.done, total=self.run.total)
            if Run.objects.values_list("cancel_requested", flat=True).get(pk=self.run.pk):
                raise Cancelled

    def finish(self, status: str, **fields: Any) -> None:
        with in_tenant(get_tenant()):
            ended = None if status in (Run.Status.WAITING, Run.Status.QUEUED) else timezone.now()
            self._keep(status=status, finished_at=ended, **fields)
            Run.objects.filter(pk=self.run.pk).update(lease_until=None)
            if status in (Run.Status.DONE, Run.Status.FAILED, Run.Status.WAITING):
                self.run.status = Run.Status(status)
                for listener in _listeners:
                    listener(self.run)

    def end(self) -> None:
        """Everything is done."""
        names = ("result", "rules", "counts", "done", "total", "state")
        self.finish(Run.Status.DONE, **{name: getattr(self.run, name) for name in names})

    def _keep(self, **fields: Any) -> None:
        mine = Run.objects.filter(pk=self.run.pk, token=self.run.token, status=Run.Status.RUNNING)
        if not mine.update(lease_until=timezone.now() + LEASE, **fields):
            raise LostLease


class RunTask(TenantTask):
    """A run's worker opens its own short transactions."""

    abstract = True
    atomic = False


@shared_task(base=RunTask, name="runs.work")
def work(run_id: str) -> None:
    hold = _take(UUID(run_id))
    if hold is None:
        return
    with translation.override(hold.actor.format.language):
        try:
            _runners[hold.run.kind](hold)
        except LostLease:
            logger.warning("run %s was taken over", run_id)
        except Cancelled:
            hold.finish(Run.Status.CANCELLED)
        except Paused:
            hold.finish(Run.Status.WAITING, state=hold.run.state, counts=hold.run.counts)
        except (ShiftEnded, RightsChanged):
            hold.finish(Run.Status.QUEUED, attempt=0)
            work.delay(run_id)
        except ParseError as error:
            hold.finish(Run.Status.FAILED, error=str(error.message))
        except ValidationError as error:
            hold.finish(Run.Status.FAILED, error=" ".join(error.messages))
        except OperationalError:
            raise  # the database went away: the lease lapses and the sweeper has the run taken up again
        except Exception:
            logger.exception("run %s failed", run_id)
            hold.finish(Run.Status.FAILED, error=_("Something went wrong on our side. We have been told."))
        else:
            hold.end()


def _take(run_id: UUID) -> Work | None:
    now = timezone.now()
    with in_tenant(get_tenant()):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        if not Run.objects.filter(free, pk=run_id, status__in=["queued", "running"]).update(
            status=Run.Status.RUNNING,
            lease_until=now + LEASE,
            token=F("token") + 1,
            attempt=F("attempt") + 1,
        ):
            return None
        run = Run.objects.select_related("member", "role").get(pk=run_id)
        if run.started_at is None:
            Run.objects.filter(pk=run_id).update(started_at=now)
        actor = actor_for(run.member, run.via, role=run.role, run=run.pk) if run.member else operator(run.via)
        hold = Work(run, actor)
    if run.member and (not run.member.active or run.member.deleted_at or (run.role and run.role.deleted_at)):
        hold.finish(Run.Status.FAILED, error=_("Whoever started this may no longer work here."))
        return None
    if run.attempt > ATTEMPTS:
        hold.finish(Run.Status.FAILED, error=_("The work was interrupted too often. Please start it again."))
        return None
    return hold


def _rights_of(run: Run) -> list[Any]:
    """What decides over a run: whether its member is active, and the rules of the roles it runs under."""
    if run.member_id is None:
        return []
    member = Member.objects.filter(pk=run.member_id).values_list("active", "deleted_at").first()
    roles = Role.objects.filter(pk=run.role_id) if run.role_id else Role.objects.filter(members=run.member_id)
    return [member, *roles.order_by("pk").values_list("pk", "deleted_at", "rules")]


@sweeper
def sweep_runs() -> bool:
    """Wake runs whose message was lost or whose worker died, when their lease lapses; whoever is at work renews theirs
    long before. True while any run is open."""
    now = timezone.now()
    runs = list(Run.objects.filter(status__in=["queued", "running"]).only("pk", "lease_until", "created_at")[:200])
    for run in runs:
        lapses = run.lease_until or run.created_at + LEASE
        if lapses < now + SOON:
            work.apply_async([str(run.pk)], eta=max(lapses, now))
    return bool(runs)
