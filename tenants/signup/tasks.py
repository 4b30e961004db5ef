from urllib.parse import quote

from celery import shared_task
from django.conf import settings
from django.utils import translation

from kernel.accounts import resets
from kernel.accounts.letters import workspaces_letter
from kernel.accounts.models import Identity
from kernel.accounts.tasks import RETRY
from kernel.tenancy.tasks import PlatformTask
from kernel.web.accounts.crossing import workspaces


@shared_task(base=PlatformTask, **RETRY)
def send_workspaces(email: str, language: str) -> None:
    """Where this address has workspaces, and a link for a new password. For an address nobody has: nothing."""
    identity = Identity.objects.with_email(email)
    if identity is None or not identity.is_active:
        return
    links = tuple((tenant.name, f"{tenant.url}/") for tenant in workspaces(identity))
    link = (
        f"{settings.LINK_SCHEME}://{settings.BASE_DOMAIN}{settings.LINK_PORT}/reset/{quote(resets.new_token(identity))}"
    )
    with translation.override(language):
        workspaces_letter(links, link).send(identity.email, identity.name)
