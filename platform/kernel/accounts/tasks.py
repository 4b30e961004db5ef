"""Mail that goes out beside a request, so that the request's time tells nothing and waits for no mail server."""

from celery import Task, shared_task
from django.db import transaction
from django.utils import timezone, translation

from kernel.accounts import codes
from kernel.accounts.devices import name_of
from kernel.accounts.letters import changed_letter, code_letter, new_device_letter
from kernel.accounts.models import EmailChange, Identity, Session
from kernel.tenancy.context import current_tenant
from kernel.tenancy.tasks import PlatformTask

RETRY = {"autoretry_for": (OSError,), "retry_backoff": 5, "retry_backoff_max": 300, "max_retries": 8}


def post(task: Task, *args: str) -> None:
    """Start a mail task once the work at hand is committed. A queue that is away costs the mail, not the work."""
    using = "default" if current_tenant.get() is not None else "platform"
    transaction.on_commit(lambda: task.delay(*args), using=using, robust=True)


@shared_task(base=PlatformTask, **RETRY)
def send_code(code_id: str) -> None:
    """The sign-up code; the digits are made here, so the queue never carries them."""
    code = codes.find_code(code_id)
    if code is None or codes.is_spent(code):
        return
    with translation.override(code.language):
        code_letter(codes.digits(code)).send(code.email)


@shared_task(base=PlatformTask, **RETRY)
def send_changed(identity_id: str, workspace: str, language: str) -> None:
    """That the password was changed, to the one who may not have done it."""
    identity = Identity.objects.get(pk=identity_id)
    with translation.override(language):
        changed_letter(workspace).send(identity.email, identity.name)


@shared_task(base=PlatformTask, **RETRY)
def send_new_device(identity_id: str, workspace: str, language: str, agent: str, ip: str, when: str, link: str) -> None:
    """That somebody signed in with a browser that was not seen before, to the one who may not have done it."""
    identity = Identity.objects.get(pk=identity_id)
    with translation.override(language):
        new_device_letter(workspace, name_of(agent), ip, when, link).send(identity.email, identity.name)


@shared_task(base=PlatformTask)
def forget_expired() -> None:
    """Beat, daily: sessions that ran out, and addresses that nobody confirmed, are not kept."""
    codes.forget_old()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    EmailChange.objects.filter(expires_at__lt=timezone.now()).delete()
