"""My day: what is overdue, due today and to come, of all sorts of things to do."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Actor
from kernel.records.agenda import LATE, LATER, SOMETIME, SOON, TODAY, agenda
from kernel.records.kinds.relations import read_id
from kernel.records.steps import planned_types
from kernel.records.types import registry
from kernel.ui.fields import Option
from kernel.web.pages import page
from kernel.web.todo import todos_of

EVERYBODY = "all"
MOST_MEMBERS = 200
AT_A_GLANCE = 10


def may_see(actor: Actor) -> bool:
    return actor.access(registry["tasks"]).may("view")


@require_safe
def my_day(request: HttpRequest) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access = actor.access(registry["tasks"])
    access.check("view")
    members = members_of(actor)
    whose = _whose(request, actor, members)
    owner = {"me": "me", EVERYBODY: ""}.get(whose, whose)
    spans = spans_of(actor, owner)
    lists = [rtype for rtype in planned_types() if actor.access(rtype).may("view")]
    context = {
        "heading": _("My day"), "spans": spans, "members": members, "whose": whose, "lists": lists,
        "may_create": access.may("create"), "here": request.get_full_path(),
        "today": actor.format.date(actor.format.today(), "long"),
        "add_url": f"/r/tasks/new?next={request.path}",
    }  # fmt: skip
    return page(request, "activities/my_day.html", context)


def spans_of(actor: Actor, owner: str) -> list[dict[str, Any]]:
    """Each span with its name, its tone and its lines, drawn together."""
    found = agenda(actor, owner)
    names = {
        LATE: (_("Overdue"), "bad"), TODAY: (_("Today"), ""), SOON: (_("Next 7 days"), ""),
        LATER: (_("Later"), ""), SOMETIME: (_("Without a date"), ""),
    }  # fmt: skip
    drawn = iter(todos_of(actor, [entry for name in names for entry in found.get(name, [])]))
    return [
        {
            "name": name, "label": label, "tone": tone, "count": actor.format.number(len(found[name])),
            "todos": [next(drawn) for _entry in found[name]],
        }
        for name, (label, tone) in names.items()
        if name in found
    ]  # fmt: skip


def first_of(spans: list[dict[str, Any]], most: int = AT_A_GLANCE) -> list[dict[str, Any]]:
    """The first lines of them all, for a page that has other things to say too."""
    shown = []
    for span in spans:
        if most > 0:
            shown.append({**span, "todos": span["todos"][:most]})
            most -= len(span["todos"])
    return shown


def members_of(actor: Actor) -> list[Option]:
    """Whose day may be looked at by somebody who may change more than what is their own."""
    scope = actor.access(registry["tasks"]).scope("edit")
    members = actor.access(registry["members"])
    if scope in ("none", "own") or not members.may("view"):
        return []
    rows = members.records().filter(active=True)
    if scope != "all":
        rows = rows.filter(pk__in=actor.teammate_ids if scope == "team" else actor.subtree_member_ids)
    if actor.member:
        rows = rows.exclude(pk=actor.member.pk)
    return [
        Option(str(pk), label) for pk, label in rows.order_by("label_key").values_list("pk", "label")[:MOST_MEMBERS]
    ]


def _whose(request: HttpRequest, actor: Actor, members: list[Option]) -> str:
    asked = request.GET.get("member", "")
    if members and (asked == EVERYBODY or (read_id(asked) and asked in {option.value for option in members})):
        return asked
    return "me" if actor.member else EVERYBODY
