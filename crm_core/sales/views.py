"""The first page of a workspace."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm_core.activities.views import first_of, may_see, spans_of
from crm_core.sales import home as figures
from kernel.access.actor import Access, Actor
from kernel.records.types import registry
from kernel.web.worklist import waiting_for

Whose = tuple[str, dict[str, str]]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What there is to do, this month's wins against last month's, and what is new."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access = figures.deals_of(actor)
    context: dict[str, Any] = {"heading": greeting(actor), "recent": figures.recent(actor)}
    context |= {"may_import": actor.may_system("import"), "may_add": bool(access and access.may("create"))}
    if access is not None:
        whose, filters = _whose(request, access)
        context |= {
            "whose": whose, "may_choose": access.scope("view") != "own" and figures.knows(access, "owner"),
            "won": figures.month_figures(access, **filters), "open": figures.open_figures(access),
            "bare": figures.without_next_step(access),
        }  # fmt: skip
    if may_see(actor):
        context |= {"days": True, "spans": first_of(spans_of(actor, "me")), "here": "/"}
    context |= {"add_type": registry["deals"].label, "waiting": waiting_for(actor)}
    return render(request, "sales/home.html", context)


@require_safe
def won_chart(request: HttpRequest) -> HttpResponse:
    """Fetched by the page once it is there: a year of deals costs more than the rest of it."""
    access = figures.check_deals(request.actor)  # type: ignore[attr-defined]
    _name, filters = _whose(request, access)
    return render(request, "sales/_won_chart.html", {"chart": figures.won_by_month(access, **filters)})


def _whose(request: HttpRequest, access: Access) -> Whose:
    """Everybody's in reach, or mine: a seller starts from their own."""
    if not figures.knows(access, "owner"):
        return "all", {}
    asked = request.GET.get("whose", "")
    whose = asked if asked in ("me", "all") else ("all" if access.scope("view") == "all" else "me")
    return whose, ({"owner": "me"} if whose == "me" else {})


def greeting(actor: Actor) -> str:
    hour = actor.format.local(timezone.now()).hour
    name = actor.member.name if actor.member else ""
    words = _("Good morning, %(name)s") if hour < 12 else _("Good afternoon, %(name)s")
    if hour >= 18 or hour < 4:
        words = _("Good evening, %(name)s")
    return words % {"name": name}
