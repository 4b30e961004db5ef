"""Members: who works here, as what, and how they come in."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.access.actor import Access, Actor
from kernel.access.models import Member, Role
from kernel.accounts import factors
from kernel.accounts.forms import AddressField
from kernel.accounts.models import Identity
from kernel.lib.text import fold
from kernel.records.change import create
from kernel.records.types import registry
from kernel.ui.polling import polled
from kernel.web.pages import go
from kernel.web.settings import people
from kernel.web.settings.forms import ChecksField, NameField, SelectField, SettingsForm, SwitchField, save
from kernel.web.settings.sections import page, part_of
from kernel.web.viewing_as import begin, end, may_view_as

PER_PAGE = 100
CRUMB = {"label": gettext_lazy("Members"), "url": "/settings/members"}


class MemberForm(SettingsForm):
    name = NameField(label=gettext_lazy("Name"), max_length=150)
    email = AddressField(required=False, autocomplete="off")
    roles = ChecksField(label=gettext_lazy("Roles"), required=False)
    teams = ChecksField(label=gettext_lazy("Teams"), required=False)
    manager = SelectField(label=gettext_lazy("Manager"), required=False)
    invite = SwitchField(
        label=gettext_lazy("Send an invitation by mail"),
        required=False,
        help_text=gettext_lazy("Without it the member owns records but cannot sign in. You can invite them later."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, member: Member | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor, self.member = actor, member
        self.fields["roles"].choices = options(actor, "roles")  # type: ignore[attr-defined]
        self.fields["teams"].choices = options(actor, "teams")  # type: ignore[attr-defined]
        if not self.fields["teams"].choices:  # type: ignore[attr-defined]
            del self.fields["teams"]
        self.fields["manager"].choices = colleagues(actor, but=member)  # type: ignore[attr-defined]
        if member is not None:
            del self.fields["invite"]
            if member.identity is not None:  # they sign in with another address by changing that of their account
                del self.fields["email"]

    def clean_roles(self) -> list[UUID]:
        return sorted(UUID(pk) for pk in self.cleaned_data["roles"])

    def clean_teams(self) -> list[UUID]:
        return sorted(UUID(pk) for pk in self.cleaned_data["teams"])

    def clean_manager(self) -> UUID | None:
        return UUID(self.cleaned_data["manager"]) if self.cleaned_data["manager"] else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("invite") and not given.get("email") and "email" not in self.errors:
            self.add_error("email", _("Type the e-mail address that the invitation goes to."))
        if given.get("invite") and not given.get("roles") and "roles" not in self.errors:
            self.add_error("roles", _("Choose what they may do here."))
        return given

    @property
    def values(self) -> dict[str, Any]:
        names = ("name", "email", "roles", "teams", "manager")
        return {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}


class SuccessorForm(SettingsForm):
    successor = SelectField(
        label=gettext_lazy("Who takes over?"),
        required=False,
        help_text=gettext_lazy(
            "Everything the member owns moves to this person, and so do the teams and people they lead."
        ),
    )

    def __init__(self, *args: Any, actor: Actor, member: Member, is_needed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["successor"]
        field.choices = colleagues(actor, but=member)
        field.required = is_needed
        field.error_messages["required"] = _("Choose who takes over, so that nothing is left without an owner.")

    @property
    def heir(self) -> Member | None:
        pk = self.cleaned_data["successor"]
        return Member.objects.alive().filter(active=True, pk=pk).first() if pk else None


def options(actor: Actor, slug: str) -> list[tuple[str, str]]:
    rows = actor.access(registry[slug]).records().order_by("label_key", "pk")
    return [(str(pk), label) for pk, label in rows.values_list("pk", "label")]


def colleagues(actor: Actor, but: Member | None = None) -> list[tuple[str, str]]:
    rows = actor.access(registry["members"]).records().filter(active=True).order_by("label_key", "pk")
    rows = rows.exclude(pk=but.pk) if but else rows
    return [("", "–"), *((str(pk), label) for pk, label in rows.values_list("pk", "label"))]


@part_of("members")
@require_GET
def members(request: Any) -> HttpResponse:
    access = _access(request)
    q = request.GET.get("q", "").strip()
    rows = access.records().prefetch_related("roles", "teams").order_by("-active", "label_key", "pk")
    if q:
        rows = rows.filter(search__contains=fold(q))
    paginator = Paginator(rows, PER_PAGE)
    shown = paginator.get_page(request.GET.get("page"))
    found = list(shown.object_list)
    status = people.statuses(found)
    context = {
        "rows": [{"member": member, "status": status[member.pk]} for member in found],
        "page": shown,
        "q": q,
        "total": paginator.count,
    }
    return page(request, "settings/members.html", context)


@part_of("members")
@require_http_methods(["GET", "POST"])
def new(request: Any) -> HttpResponse:
    access = _access(request)
    access.check("create")
    rep = Role.objects.alive().filter(code="rep").values_list("pk", flat=True)
    initial = {"invite": True, "roles": [str(pk) for pk in rep]}
    form = MemberForm(request.POST if request.method == "POST" else None, actor=request.actor, initial=initial)
    if form.is_valid():
        try:
            member = create(access, form.values)
            if form.cleaned_data["invite"]:
                people.send_invitation(request.actor, member)
        except ValidationError as error:
            form.take(error)
        else:
            if form.cleaned_data["invite"]:
                text = _("%(name)s is invited. The mail is on its way.") % {"name": member.name}
            else:
                text = _("%(name)s is a member now.") % {"name": member.name}
            return go(request, "/settings/members", text, tone="good")
    context = {"form": form, "heading": _("New member"), "crumbs": [CRUMB]}
    return page(request, "settings/member_new.html", context, form.status)


@part_of("members")
@require_http_methods(["GET", "POST"])
def member(request: Any, pk: UUID) -> HttpResponse:
    access, person = _access(request), _member(request, pk)
    form = None
    if request.method == "POST":
        form = MemberForm(request.POST, actor=request.actor, member=person)
        if form.is_valid() and save(form, access, person):
            return go(request, f"/settings/members/{pk}", _("Saved."), tone="good")
        person = _member(request, pk)
    return _show(request, person, form=form)


def _show(request: Any, person: Member, form: Any = None, handover: Any = None) -> HttpResponse:
    """A member's page: what they are, their way in, and their leaving."""
    actor = request.actor
    initial = {
        "name": person.name,
        "email": person.email,
        "roles": [str(pk) for pk in person.roles.values_list("pk", flat=True)],
        "teams": [str(pk) for pk in person.teams.values_list("pk", flat=True)],
        "manager": person.manager_id or "",
    }
    status_code = (form or handover).status if form or handover else 200
    held = [] if person.active else people.holdings(actor, person)
    context: dict[str, Any] = {
        "form": form or MemberForm(actor=actor, member=person, initial=initial),
        "person": person,
        "status": people.statuses([person])[person.pk],
        "is_me": person.pk == actor.member.pk,
        "may_reset_factor": _may_reset_factor(actor, person),
        "may_forget_account": people.may_forget_account(actor, person),
        "may_view_as": may_view_as(actor, person),
        "held": held,
        "run": people.current_handover(person),
        "poll_url": f"/settings/members/{person.pk}/handover",
        "handover": handover or SuccessorForm(actor=actor, member=person, is_needed=True),
        "heading": person.name,
        "crumbs": [CRUMB],
    }
    return page(request, "settings/member.html", context, status_code)


@part_of("members")
@require_POST
def invite(request: Any, pk: UUID) -> HttpResponse:
    person = _member(request, pk, lock=True)
    try:
        people.send_invitation(request.actor, person)
    except ValidationError as error:
        return go(request, f"/settings/members/{pk}", " ".join(error.messages), tone="bad")
    return go(request, f"/settings/members/{pk}", _("The invitation is on its way."), tone="good")


@part_of("members")
@require_POST
def withdraw(request: Any, pk: UUID) -> HttpResponse:
    person = _member(request, pk, lock=True)
    people.withdraw_invitation(request.actor, person)
    return go(request, f"/settings/members/{pk}", _("The invitation no longer works."))


def _may_reset_factor(actor: Actor, person: Member) -> bool:
    if not people.may_reset_factor(actor, person):
        return False
    identity = Identity.objects.filter(pk=person.identity).first() if person.identity else None
    return identity is not None and factors.has_second(identity)


@part_of("members")
@require_POST
def reset_factor(request: Any, pk: UUID) -> HttpResponse:
    person = _member(request, pk, lock=True)
    if not _may_reset_factor(request.actor, person):
        raise PermissionDenied(_("Your role does not allow this."))
    people.reset_factor(request.actor, person)
    text = _("A letter is on its way to %(name)s: its link and their password let them in.") % {"name": person.name}
    return go(request, f"/settings/members/{pk}", text, tone="good")


@part_of("members")
@require_POST
def forget_account(request: Any, pk: UUID) -> HttpResponse:
    person = _member(request, pk, lock=True)
    if not people.may_forget_account(request.actor, person):
        raise PermissionDenied(_("Your role does not allow this."))
    people.forget_account(request.actor, person)
    text = _("The next account of the provider with their address is theirs.")
    return go(request, f"/settings/members/{pk}", text, tone="good")


@part_of("members")
@require_POST
def view_as(request: Any, pk: UUID) -> HttpResponse:
    person = _member(request, pk)
    if not may_view_as(request.actor, person):
        raise PermissionDenied(_("Your role does not allow this."))
    people.note(request.actor, people.VIEWED_AS, person)
    response = HttpResponseRedirect("/")
    begin(response, request, person)
    return response


@require_POST
def leave_view(request: Any) -> HttpResponse:
    back = f"/settings/members/{request.member.pk}" if request.actor.viewer else "/settings/members"
    response = HttpResponseRedirect(back)
    end(response)
    return response


@part_of("members")
@require_http_methods(["GET", "POST"])
def deactivate(request: Any, pk: UUID) -> HttpResponse:
    actor, person = request.actor, _member(request, pk, lock=request.method == "POST")
    here = f"/settings/members/{pk}"
    if not person.active:
        return HttpResponseRedirect(here)
    held = people.holdings(actor, person)
    data = request.POST if request.method == "POST" else None
    form = SuccessorForm(data, actor=actor, member=person, is_needed=bool(held))
    if form.is_valid():
        try:
            people.deactivate(actor, person, form.heir)
        except ValidationError as error:
            form.take(error)
            person = _member(request, pk)
        else:
            text = _("%(name)s is deactivated and signed out.") % {"name": person.name}
            return go(request, here, text, tone="good")
    context = {
        "form": form,
        "person": person,
        "held": held,
        "is_me": person.pk == actor.member.pk,
        "heading": _("Deactivate %(name)s") % {"name": person.name},
        "crumbs": [CRUMB, {"label": person.name, "url": here}],
    }
    return page(request, "settings/deactivate.html", context, form.status)


@part_of("members")
@require_POST
def activate(request: Any, pk: UUID) -> HttpResponse:
    person = _member(request, pk, lock=True)
    if not person.active:
        people.bring_back(request.actor, person)
    return go(request, f"/settings/members/{pk}", _("%(name)s is active again.") % {"name": person.name}, tone="good")


@part_of("members")
@require_POST
def hand_over(request: Any, pk: UUID) -> HttpResponse:
    """What is still theirs after they left: a run that failed, or records that came later."""
    person = _member(request, pk, lock=True)
    form = SuccessorForm(request.POST, actor=request.actor, member=person, is_needed=True)
    if person.active:
        raise PermissionDenied(_("Records are handed over when a member is deactivated."))
    if form.is_valid() and form.heir:
        people.hand_over(request.actor, person, form.heir)
        return go(request, f"/settings/members/{pk}", _("The handover has begun."), tone="good")
    return _show(request, person, handover=form)


@part_of("members")
@require_GET
def handover(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress bar, asked for each second; the whole page once there is an end."""
    run = people.current_handover(_member(request, pk))
    if run is None:
        raise Http404
    return polled(render(request, "settings/_handover.html", {"run": run, "poll_url": request.path}), run)


def _access(request: Any) -> Access:
    access: Access = request.actor.access(registry["members"])
    return access


def _member(request: Any, pk: UUID, *, lock: bool = False) -> Member:
    rows = _access(request).records("edit").filter(pk=pk)
    person = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if person is None:
        raise Http404
    return person  # type: ignore[no-any-return]
