"""The download itself: for a signed-in member, or for a program with a key of that member's."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from kernel.access.keys import holder_of
from kernel.access.models import Member
from kernel.accounts.doors import public
from kernel.accounts.sessions import client_ip
from kernel.files.links import attachment, file_of


@public
@require_safe
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """Public only in that it looks for its member itself: the link alone opens nothing."""
    member = request.member or _member_of_key(request)
    if member is None:
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})
    file = file_of(token, member)
    if file is None:
        raise Http404
    response = attachment(file)
    if response is None:
        raise Http404
    return response


def _member_of_key(request: HttpRequest) -> Member | None:
    scheme, _sep, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    # A key with a role of its own may see less than its member, to whom links are given: it opens none.
    holder = holder_of(secret.strip(), client_ip(request))
    return holder.actor.member if holder and holder.actor.role is None else None
