"""Roles: what there are, what each allows, and how two differ."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.access.actor import Access
from kernel.access.models import Role
from kernel.access.rules import Rules
from kernel.events.models import Event
from kernel.records.change import create, delete
from kernel.records.people import may_grant
from kernel.records.records import RULES_CHANGED
from kernel.records.roles import differences
from kernel.records.show import Labels
from kernel.records.types import registry
from kernel.web.pages import go
from kernel.web.reach import record_of
from kernel.web.settings import role_sign_in
from kernel.web.settings import role_words as words
from kernel.web.settings.forms import NamedForm, SelectField, SettingsForm, bound, save
from kernel.web.settings.matrix import COLUMNS, fields_like, found_fields, groups_of, rights, types
from kernel.web.settings.sections import page, part_of

HERE = "/settings/roles"
CRUMB = {"label": gettext_lazy("Roles"), "url": HERE}
TOLD, SHOWN = 10, 50  # changes, members


@part_of("roles")
@require_GET
def roles(request: Any) -> HttpResponse:
    rows = access_of(request).records().order_by("label_key", "pk")
    rows = rows.annotate(size=Count("members", filter=Q(members__deleted_at=None, members__active=True)))
    told = [{"role": role, "summary": _summary(role)} for role in rows]
    return page(request, "settings/roles.html", {"rows": told, "may_create": access_of(request).may("create")})


def _summary(role: Role) -> str:
    if "*" in role.rules.get("system", ()):
        return _("Everything")
    rules = Rules([role.rules])
    seen = [r for r in types() if not r.is_setting and rules.scope(r.slug, r.group, "view") != "none"]
    labels = [str(rtype.label_plural) for rtype in seen if rtype.in_menu]
    return _(", ").join(labels) or _("Nothing yet")


# -- one role


@part_of("roles")
@require_GET
def role(request: Any, pk: UUID) -> HttpResponse:
    access, found = access_of(request), role_of(request, pk)
    rules, q = Rules([found.rules]), request.GET.get("q", "").strip()
    people = found.members.filter(deleted_at=None, active=True).order_by("label_key")[:SHOWN]
    context = {
        "role": found, "q": q, "heading": found.name, "crumbs": [CRUMB], "form": NameForm.of(request, found),
        "columns": [words.verb_text(verb) for verb in COLUMNS], "groups": groups_of(rules, q, request.actor.format),
        "rights": rights(found), "is_admin": "*" in found.rules.get("system", ()), "may": may_change(request, found),
        "door": role_sign_in.SignInForm.of(found), "may_sign_in": role_sign_in.may_say(request, found),
        "people": people, "history": _history(request, found),
        "may_delete": access.may("delete", found) and may_change(request, found),
        "found": [found_fields(rules, rtype, q) for rtype in types() if q and fields_like(rtype, q)],
    }  # fmt: skip
    return page(request, "settings/role.html", context)


def _history(request: Any, found: Role) -> list[dict[str, Any]]:
    """The last changes of what it says: who, when, and what became of it."""
    events = list(
        Event.objects.filter(record_type="roles", record_id=found.pk, name=RULES_CHANGED).order_by("-pk")[:TOLD]
    )
    labels = Labels(request.actor)
    labels.load({"members": {event.member_id for event in events if event.member_id}})
    told = []
    for event in events:
        said = [rules or {} for rules in event.changes.get("rules", [{}, {}])]
        before, after = (Rules([rules]) for rules in said)
        rows = words.gathered(words.difference_texts(one, request.actor.format) for one in differences(before, after))
        rows += role_sign_in.differences(*said)
        told.append({"at": event.at, "who": labels.get("members", event.member_id) or "", "rows": rows})
    return told


class NameForm(NamedForm):
    taken = gettext_lazy("There is a role of this name already.")

    @classmethod
    def of(cls, request: Any, role: Role) -> NameForm:
        siblings = Role.objects.alive().exclude(pk=role.pk)
        initial = {"name": role.name, "version": role.version}
        return cls(request.POST if request.method == "POST" else None, siblings=siblings, initial=initial)


class NewForm(NamedForm):
    base = SelectField(
        label=gettext_lazy("Start from"),
        required=False,
        help_text=gettext_lazy("The new role begins with what that one allows. You change it on the next page."),
    )
    taken = gettext_lazy("There is a role of this name already.")

    def __init__(self, *args: Any, bases: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, siblings=Role.objects.alive(), **kwargs)
        self.bases = {str(role.pk): role for role in bases}
        choices = [("", _("Nothing: it may do nothing yet")), *((pk, role.name) for pk, role in self.bases.items())]
        self.fields["base"].choices = choices  # type: ignore[attr-defined]


@part_of("roles")
@require_http_methods(["GET", "POST"])
def new(request: Any) -> HttpResponse:
    access = access_of(request)
    access.check("create")
    bases = [role for role in access.records().order_by("label_key", "pk") if may_grant(request.actor, role.rules)]
    base = next((role for role in bases if str(role.pk) == request.GET.get("base")), None)
    name = _("Copy of %(role)s") % {"role": base.name} if base else ""
    form = bound(NewForm, request, bases=bases, initial={"name": name[:100], "base": str(base.pk) if base else ""})
    if form.is_valid():
        source = form.bases.get(form.cleaned_data["base"])
        rules = copy.deepcopy(source.rules) if source else {"types": {}, "system": []}
        try:
            made = create(access, {**form.values, "code": _code(form.values["name"]), "rules": rules})
        except ValidationError as error:
            form.take(error)
        else:
            return go(request, f"{HERE}/{made.pk}", _("The role is made. Give it members on their pages."), tone="good")
    return page(
        request, "settings/role_new.html", {"form": form, "heading": _("New role"), "crumbs": [CRUMB]}, form.status
    )


def _code(name: str) -> str:
    """A code that no role has, of the name where it has Latin letters."""
    base = slugify(name)[:40] or "role"
    taken = set(Role.objects.filter(code__startswith=base).values_list("code", flat=True))
    return next(code for code in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if code not in taken)


@part_of("roles")
@require_POST
def rename(request: Any, pk: UUID) -> HttpResponse:
    access, found = access_of(request), role_of(request, pk)
    access.check("edit", found)
    form = NameForm.of(request, found)
    if form.is_valid() and save(form, access, found):
        return go(request, f"{HERE}/{pk}", _("Saved."), tone="good")
    return go(
        request, f"{HERE}/{pk}", " ".join(str(text) for texts in form.errors.values() for text in texts), tone="bad"
    )


@part_of("roles")
@require_POST
def remove(request: Any, pk: UUID) -> HttpResponse:
    try:
        delete(access_of(request), role_of(request, pk))
    except ValidationError as error:
        return go(request, f"{HERE}/{pk}", " ".join(error.messages), tone="bad")
    return go(request, HERE, _("The role is deleted."))


# -- comparing two


class CompareForm(SettingsForm):
    a = SelectField(label=gettext_lazy("One role"), required=False)
    b = SelectField(label=gettext_lazy("Another role"), required=False)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("a", "b"):
            self.fields[name].choices = [("", "–"), *choices]  # type: ignore[attr-defined]


@part_of("roles")
@require_GET
def compare(request: Any) -> HttpResponse:
    all_roles = {str(role.pk): role for role in access_of(request).records().order_by("label_key", "pk")}
    chosen = [all_roles.get(request.GET.get(name, "")) for name in ("a", "b")]
    initial = {name: request.GET.get(name, "") for name in ("a", "b")}
    form = CompareForm(choices=[(pk, role.name) for pk, role in all_roles.items()], initial=initial)
    rows = None
    if chosen[0] and chosen[1]:
        found = differences(Rules([chosen[0].rules]), Rules([chosen[1].rules]))
        rows = words.gathered(words.difference_texts(one, request.actor.format) for one in found)
    context = {"form": form, "chosen": chosen, "rows": rows, "heading": _("Compare roles"), "crumbs": [CRUMB]}
    return page(request, "settings/role_compare.html", context)


def may_change(request: Any, found: Role) -> bool:
    return access_of(request).may("edit", found) and may_grant(request.actor, found.rules)


def role_of(request: Any, pk: UUID) -> Role:
    found: Role = record_of(access_of(request), pk)
    return found


def access_of(request: Any) -> Access:
    access: Access = request.actor.access(registry["roles"])
    return access
