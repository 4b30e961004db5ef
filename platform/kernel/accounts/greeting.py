"""What follows a sign-in: the browser is known from now on, and its owner hears of one that was not."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from kernel.accounts import devices, happening
from kernel.accounts.models import Identity
from kernel.accounts.sessions import client_ip
from kernel.accounts.tasks import post, send_new_device
from kernel.lib.format import Format


def greet(
    request: HttpRequest, response: HttpResponse, identity: Identity, fmt: Format, *, is_first: bool = False
) -> HttpResponse:
    """`is_first`: this person has only just come to be here, or was told by another letter."""
    if not is_first and not devices.is_known(request, identity):
        tenant = request.tenant  # type: ignore[attr-defined]
        base = f"{settings.LINK_SCHEME}://{settings.BASE_DOMAIN}{settings.LINK_PORT}"
        place, link = (tenant.name, f"{tenant.url}/settings/security") if tenant else ("Peyvand", f"{base}/forgot")
        agent, when = request.META.get("HTTP_USER_AGENT", "")[:300], fmt.datetime(timezone.now())
        letter = [place, fmt.language, agent, client_ip(request), f"{when} ({fmt.timezone})", link]
        post(send_new_device, str(identity.pk), *letter)
    devices.remember(request, response, identity)
    happening.signed_in(request, identity)
    return response
