"""Who can see a record, and why; and sharing it with those who could not."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kernel.access.actor import Access
from kernel.access.models import Member, Share
from kernel.lib.errors import ParseError
from kernel.records.explaining import who_sees
from kernel.records.kinds.relations import read_id
from kernel.records.sharing import known_shares, may_share, share, shares_of, unshare, whom
from kernel.records.types import registry
from kernel.ui.fields import Field
from kernel.ui.templatetags.ui import icon
from kernel.web import detail
from kernel.web.pages import go, list_crumb, page
from kernel.web.reach import access_to, record_of, record_url
from kernel.web.settings.why import reach_text, tells_whose

SHOWN = 200
LEVELS = Share.Level.choices


@require_http_methods(["GET", "HEAD", "POST"])
def access_page(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    if not access.rtype.can_share:
        raise Http404
    record = record_of(access, pk)
    errors: dict[str, list[str]] = {}
    if request.method == "POST":
        try:
            _share(request, access, record)
        except ValidationError as error:
            errors = error.message_dict
        else:
            return go(request, f"{record_url(slug, pk)}/access", _("Shared."), tone="good")
    return _show(request, access, record, errors)


def _share(request: HttpRequest, access: Access, record: Any) -> None:
    data = request.POST
    receiver = whom(access, record, read_id(data.get("member", "")), read_id(data.get("team", "")))
    share(access, record, receiver, data.get("level", ""), _until(access, data.get("until", "")))


def _until(access: Access, text: str) -> datetime | None:
    """The end of the day that was typed, on the clock of whoever typed it."""
    if not text.strip():
        return None
    fmt = access.actor.format
    try:
        day = fmt.parse_date(text)
    except ParseError as error:
        raise ValidationError({"until": ValidationError(error.message, code=error.code)}) from error
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(fmt.timezone))


def _show(request: HttpRequest, access: Access, record: Any, errors: dict[str, list[str]]) -> HttpResponse:
    actor, rtype, data = access.actor, access.rtype, request.POST
    knows_people, knows_roles = (actor.access(registry[slug]).may("view") for slug in ("members", "roles"))
    seen = who_sees(rtype, record) if knows_people else []
    knows_whose = {"owner", "team"} <= access.readable(record).keys()
    url = record_url(rtype.slug, record.pk)
    teams = actor.access(registry["teams"]).records().order_by("label_key", "pk").values_list("pk", "label")
    chosen = read_id(data.get("member", ""))
    named = Member.objects.filter(pk=chosen).values_list("pk", "label") if chosen else []
    context: dict[str, Any] = {
        "rtype": rtype, "record": record, "heading": _("Who can see this"), "url": f"{url}/access",
        "crumbs": [list_crumb(rtype), {"label": record.label, "url": url}],
        "people": [
            {
                "member": member, "roles": [role.name for role in roles] if knows_roles else [],
                # Of own and team records the reason names whose they are.
                "why": reach_text(how) if knows_whose or not tells_whose(how) else "",
            }
            for member, how, roles in seen[:SHOWN]
        ],
        "more": actor.format.number(len(seen) - SHOWN) if len(seen) > SHOWN else "",
        "shares": known_shares(access, record), "may_share": may_share(access, record),
        "why_url": "/settings/roles/why" if actor.may_system("roles") else "",
    }  # fmt: skip
    if context["may_share"] and knows_people:
        levels = [(value, str(label)) for value, label in LEVELS]
        context["controls"] = [
            Field("member", _("Person"), "combobox", url="/r/members/options", errors=errors.get("member", []),
                  chosen=[(str(pk), label) for pk, label in named]),
            Field("team", _("or team"), "select", data.get("team", ""), empty="–",
                  options=[(str(pk), label) for pk, label in teams]),
            Field("level", _("What they may do"), "select", data.get("level", "view"), options=levels,
                  errors=errors.get("level", [])),
            Field("until", _("Until"), "date", data.get("until", ""), errors=errors.get("until", []),
                  help=_("The end of this day. Empty: for good.")),
        ]  # fmt: skip
    return page(request, "web/who_sees.html", context, 422 if errors else 200)


@require_POST
def stop_sharing(request: HttpRequest, slug: str, pk: UUID, share_pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    if not access.rtype.can_share:
        raise Http404
    record = record_of(access, pk)
    held = shares_of(access.rtype, record).filter(pk=share_pk).first()
    if held is None:
        raise Http404
    unshare(access, record, held)
    return go(request, f"{record_url(slug, pk)}/access", _("Not shared any more."))


def part(request: HttpRequest, access: Access, record: Any) -> str:
    """On a record's page: the way here."""
    if not access.rtype.can_share:
        return ""
    pattern = '<p class="small"><a class="link row" href="{}/access">{}{}</a></p>'
    return format_html(pattern, record_url(access.rtype.slug, record.pk), icon("eye"), _("Who can see this, and why"))


detail.add_part(part)
