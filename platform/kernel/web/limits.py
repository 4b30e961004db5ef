"""What one may send at once, and how often one may ask: refused before anything is read or looked up."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.accounts.throttle import Limit, TooMany, hit_request
from kernel.transfer.sources import MAX_FILE_BYTES
from kernel.web.errors import answer

FORM_OVERHEAD = 64 * 1024


class BodyLimit:
    """Refuses a body by the length it says it has: of a stranger all but a form's, of others what no file may have.

    Stands above the check for forged requests, which reads a form to its end.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            is_known = request.identity is not None or (
                # The API asks for the key before it reads anything.
                request.path_info.startswith("/api/") and "Authorization" in request.headers
            )
            if not is_known or int(length) > max(settings.FILE_MOST_BYTES, MAX_FILE_BYTES) + FORM_OVERHEAD:
                return answer(request, 413, _("Too large"), _("This is more than can be sent at once."))
        return self.get_response(request)


def refused_for_haste(request: HttpRequest) -> HttpResponse | None:
    """An answer in place of the page, where a member or the whole workspace asked too often in this minute."""
    try:
        hit_request(Limit("page", settings.PAGE_REQUESTS_PER_MINUTE, 60), str(request.member.pk))  # type: ignore[union-attr]
    except TooMany as error:
        response = answer(request, 429, _("Too many requests"), _("Wait a moment, then go on."))
        response["Retry-After"] = str(error.seconds)
        return response
    return None
