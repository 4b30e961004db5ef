"""Following on a record's page: who does, and a button for oneself."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_core.teamwork.follow import follow, may_follow, shown_followers
from kernel.access.actor import Access
from kernel.web.pages import go
from kernel.web.reach import access_to, record_of, record_url


def part(request: HttpRequest, access: Access, record: Any) -> SafeString | str:
    if not may_follow(access.rtype) or access.actor.member is None:
        return ""
    is_mine, names = shown_followers(access, record)
    context = {"is_mine": is_mine, "names": names, "url": f"{record_url(access.rtype.slug, record.pk)}/follow"}
    return render_to_string("teamwork/_followers.html", context, request)


@require_POST
def switch(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    record = record_of(access, pk)
    if not may_follow(access.rtype) or access.actor.member is None:
        raise Http404
    is_on = request.POST.get("on") == "1"
    follow(access.actor.member.pk, slug, record.pk, is_on=is_on)
    if request.headers.get("HX-Request"):
        return HttpResponse(part(request, access, record))
    text = _("You follow this now.") if is_on else _("You no longer follow this.")
    return go(request, record_url(slug, pk), text)
