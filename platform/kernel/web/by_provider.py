"""What is closed to a session that a workspace's own provider stands for.

The provider speaks for the workspace, and whoever runs it could send anybody's name. So such a session is good for
the workspace alone: it leads into no other one, and neither shows nor changes what belongs to the person themselves.
"""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.accounts.sessions import came_by_provider
from kernel.web.errors import answer

CLOSED = ("/settings/security/", "/workspaces")
OPEN = ("/settings/security/devices/end", "/settings/security/devices/end-all")  # of this workspace's sessions


def refusal(request: HttpRequest) -> HttpResponse | None:
    path = request.path_info
    if not path.startswith(CLOSED) or path in OPEN or not came_by_provider(request):
        return None
    heading = _("You signed in by your company’s provider")
    return answer(request, 403, heading, _("This is for those who sign in with their own password or passkey."))
