"""Teams: a tree of groups, each with its lead."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.access.actor import Actor
from kernel.access.models import Team
from kernel.records.change import create, delete
from kernel.records.people import one_at_a_time
from kernel.records.types import registry
from kernel.web.pages import go
from kernel.web.reach import editable_of
from kernel.web.settings.forms import NamedForm, SelectField, bound, save
from kernel.web.settings.members import colleagues
from kernel.web.settings.sections import page, part_of

HERE = "/settings/teams"
CRUMB = {"label": gettext_lazy("Teams"), "url": HERE}


class TeamForm(NamedForm):
    parent = SelectField(label=gettext_lazy("Parent team"), required=False)
    lead = SelectField(
        label=gettext_lazy("Team lead"), required=False, help_text=gettext_lazy("A lead sees what the team owns.")
    )
    taken = gettext_lazy("There is a team of this name already.")

    def __init__(self, *args: Any, actor: Actor, team: Team | None = None, **kwargs: Any) -> None:
        siblings = Team.objects.alive().exclude(pk=team.pk) if team else Team.objects.alive()
        super().__init__(*args, siblings=siblings, **kwargs)
        rows = actor.access(registry["teams"]).records().order_by("label_key", "pk").values_list("pk", "label")
        teams = [(str(pk), label) for pk, label in rows if team is None or pk != team.pk]
        self.fields["parent"].choices = [("", "–"), *teams]  # type: ignore[attr-defined]
        self.fields["lead"].choices = colleagues(actor)  # type: ignore[attr-defined]

    def clean_parent(self) -> UUID | None:
        return UUID(self.cleaned_data["parent"]) if self.cleaned_data["parent"] else None

    def clean_lead(self) -> UUID | None:
        return UUID(self.cleaned_data["lead"]) if self.cleaned_data["lead"] else None

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "parent", "lead")}


@part_of("teams")
@require_GET
def teams(request: Any) -> HttpResponse:
    rows = _access(request).records().select_related("lead").order_by("label_key", "pk")
    rows = list(rows.annotate(size=Count("members", filter=Q(members__deleted_at=None, members__active=True))))
    return page(request, "settings/teams.html", {"tree": _tree(rows)})


def _tree(rows: list[Any]) -> list[dict[str, Any]]:
    """Each team with those below it; one whose parent is gone stands at the top."""
    known = {team.pk for team in rows}
    below: dict[UUID | None, list[Any]] = defaultdict(list)
    for team in rows:
        below[team.parent_id if team.parent_id in known else None].append(team)

    def branch(parent: UUID | None) -> list[dict[str, Any]]:
        return [{"team": team, "below": branch(team.pk)} for team in below[parent]]

    return branch(None)


@part_of("teams")
@require_http_methods(["GET", "POST"])
def new(request: Any) -> HttpResponse:
    access = _access(request)
    access.check("create")
    if request.method == "POST":
        one_at_a_time()
    initial = {"parent": request.GET.get("parent", "")}
    form = bound(TeamForm, request, actor=request.actor, initial=initial)
    if form.is_valid():
        try:
            create(access, form.values)
        except ValidationError as error:
            form.take(error)
        else:
            return go(request, HERE, _("The team is made."), tone="good")
    return page(request, "settings/team.html", {"form": form, "heading": _("New team"), "crumbs": [CRUMB]}, form.status)


@part_of("teams")
@require_http_methods(["GET", "POST"])
def team(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    found = editable_of(access, pk)
    initial = {"name": found.name, "parent": found.parent_id or "", "lead": found.lead_id or ""}
    if request.method == "POST":
        one_at_a_time()
    form = bound(TeamForm, request, actor=request.actor, team=found, initial=initial)
    if form.is_valid():
        if save(form, access, found):
            return go(request, HERE, _("Saved."), tone="good")
        found = editable_of(access, pk)
    context = {"form": form, "team": found, "heading": found.name, "crumbs": [CRUMB]}
    context["people"] = found.members.filter(deleted_at=None).order_by("-active", "label_key")
    return page(request, "settings/team.html", context, form.status)


@part_of("teams")
@require_POST
def remove(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    try:
        delete(access, editable_of(access, pk))
    except ValidationError as error:
        return go(request, f"{HERE}/{pk}", " ".join(error.messages), tone="bad")
    return go(request, HERE, _("The team is deleted."))


def _access(request: Any) -> Any:
    return request.actor.access(registry["teams"])
