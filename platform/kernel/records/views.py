"""Views: lists that have a name. Some come with every type, some with one, and members save their own.

    /r/deals?view=open            one that comes with the type
    /r/deals?view=ID&sort=name    a saved one, asked a little differently

A view is a question and no right: whoever opens it gets the answer that is theirs. What it asks of fields they may not
read, or that are no longer there, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.access.actor import Access, Actor
from kernel.access.models import Role
from kernel.events.names import tell_settings
from kernel.events.noting import note_settings
from kernel.records.models import RoleView, SavedView, ViewMark
from kernel.records.questions import LAYOUTS, asked, usable
from kernel.records.types import BuiltIn, RecordType

MOST_VIEWS, MOST_LENGTH = 100, 10_000

# What may stand before the name of a saved view.
ICONS = ("star", "flag", "target", "trophy", "clock", "calendar", "coin", "users", "building", "phone")

ALL = BuiltIn("all", gettext_lazy("All"))
MINE = BuiltIn("mine", pgettext_lazy("records of mine", "Mine"), {"owner": "me"})
RECENT = BuiltIn("recent", gettext_lazy("Recently changed"), {"sort": "-updated_at"})


@dataclass(frozen=True)
class View:
    """One view of a type for one member. `key` is what stands in an address."""

    key: str
    name: str
    params: Mapping[str, str]
    saved: SavedView | None = None
    mark: ViewMark | None = None

    @property
    def is_favourite(self) -> bool:
        return bool(self.mark and self.mark.is_favourite)

    @property
    def is_default(self) -> bool:
        return bool(self.mark and self.mark.is_default)

    @property
    def is_shared(self) -> bool:
        return bool(self.saved and self.saved.audience != SavedView.Audience.ME)


VIEW_CHANGED = tell_settings(
    "view.changed",
    gettext_lazy("%(who)s changed a view that others use"),
    {"name": gettext_lazy("View"), "audience": gettext_lazy("Who sees it")},
    lambda actor, name, value: str(dict(SavedView.Audience.choices).get(value, value)),
)


ROLES_VIEW = tell_settings(
    "view.of_role_changed",
    gettext_lazy("%(who)s chose the roles whose list opens with a view"),
    {"roles": gettext_lazy("Roles")},
    lambda actor, name, value: _(", ").join(value),
)


def _told(row: SavedView | None) -> dict[str, Any]:
    """Of a view that others use. What it asks is left out: it may name values."""
    if row is None or row.audience == SavedView.Audience.ME:
        return {}
    return {"name": row.name, "audience": row.audience, "updated_at": row.updated_at.isoformat()}


class Views:
    """The views of one type that an actor may open."""

    def __init__(self, access: Access) -> None:
        self.access, self.actor, self.slug = access, access.actor, access.rtype.slug

    # -- which there are

    @cached_property
    def all(self) -> list[View]:
        """In the order of the member's tabs: as they put them, else those of the type first."""
        views = [View(b.code, str(b.name), b.params, None, self._marks.get(b.code)) for b in self._built_in()]
        for row in self._saved():
            views.append(View(str(row.pk), row.name, row.params, row, self._marks.get(str(row.pk))))
        placed = {v.key: v.mark.position for v in views if v.mark and v.mark.position is not None}
        return sorted(views, key=lambda view: placed.get(view.key, MOST_VIEWS))

    def get(self, key: str) -> View | None:
        return next((view for view in self.all if view.key == key), None)

    def first(self) -> View:
        """The view that the list opens with: the member's own choice, else their role's, else everything."""
        own = next((view for view in self.all if view.is_default), None)
        return own or self._of_role() or self.get(ALL.code) or self.all[0]

    def _built_in(self) -> Iterable[BuiltIn]:
        readable = self.access.readable()
        yield ALL
        if "owner" in readable and self.actor.member:
            yield MINE
        yield from (view for view in self.access.rtype.views if usable(self.access, view.params)[1])
        if "updated_at" in readable:
            yield RECENT

    def _saved(self) -> list[SavedView]:
        shared = Q(audience=SavedView.Audience.EVERYONE)
        if self.actor.member:
            shared |= Q(owner=self.actor.member)
            shared |= Q(audience=SavedView.Audience.TEAM, team__in=self.actor.team_ids)
        rows = SavedView.objects.filter(shared, record_type=self.slug, deleted_at=None).select_related("owner")
        return list(rows.order_by("position", "pk")[:MOST_VIEWS])

    @cached_property
    def _marks(self) -> dict[str, ViewMark]:
        return {mark_key(mark): mark for mark in marks_of(self.actor) if mark.record_type == self.slug}

    def _of_role(self) -> View | None:
        if self.actor.member is None:
            return None
        rows = RoleView.objects.filter(role__members=self.actor.member, role__deleted_at=None, record_type=self.slug)
        keys = [mark_key(row) for row in rows.order_by("role__label_key", "pk")]
        return next((view for key in keys if (view := self.get(key))), None)

    # -- what one asks

    # -- changing them

    def may_change(self, view: View) -> bool:
        """Its owner may; so may, of what is shared, whoever sets up the workspace."""
        if view.saved is None:
            return False
        is_mine = self.actor.member is not None and view.saved.owner_id == self.actor.member.pk
        return is_mine or (view.is_shared and may_set_up(self.access))

    def save(self, *, name: str, params: Mapping[str, Any], audience: str = "me", icon: str = "") -> SavedView:
        """A new view of the member's. Raises ValidationError keyed by parameter."""
        if self.actor.member is None:
            raise PermissionDenied(_("Your role does not allow this."))
        if (
            SavedView.objects.filter(owner=self.actor.member, record_type=self.slug, deleted_at=None).count()
            >= MOST_VIEWS
        ):
            problem = _("You have %(limit)s views of this list. Delete one first.") % {"limit": MOST_VIEWS}
            raise ValidationError({"name": ValidationError(problem, code="too_many")})
        row = SavedView(record_type=self.slug, owner=self.actor.member, params=self.question(params))
        return self._write(row, {"name": name, "audience": audience, "icon": icon})

    def change(self, view: View, values: Mapping[str, Any]) -> SavedView:
        """`values`: any of name, icon, audience, params, position."""
        if view.saved is None or not self.may_change(view):
            raise PermissionDenied(_("This view is not yours to change. Save it as a new one."))
        row = view.saved
        if "params" in values:
            row.params = self.question(values["params"])
        return self._write(row, values)

    def _write(self, row: SavedView, values: Mapping[str, Any]) -> SavedView:
        for name in ("name", "icon", "audience", "position"):
            if name in values:
                value = values[name]
                setattr(row, name, value.strip() if isinstance(value, str) else value)
        if row.icon and "icon" in values and row.icon not in ICONS:
            problem = _("Choose one of: %(allowed)s.") % {"allowed": ", ".join(ICONS)}
            raise ValidationError({"icon": ValidationError(problem, code="choice")})
        if row.audience == SavedView.Audience.TEAM:
            team = row.team_id if row.team_id in self.actor.team_ids else min(self.actor.team_ids, default=None)
            if team is None:
                problem = _("You are in no team that could see it.")
                raise ValidationError({"audience": ValidationError(problem, code="no_team")})
            row.team_id = team
        row.updated_at = timezone.now()
        row.clean_fields(exclude=["owner", "team"])
        held = SavedView.objects.filter(pk=row.pk).first()
        row.save()
        self._note(held, row)
        return row

    def _note(self, held: SavedView | None, row: SavedView | None) -> None:
        """What others see of views is told in the history; what is one's own is not."""
        before, after = _told(held), _told(row)
        if before or after:
            keys = dict.fromkeys([*before, *after])
            note_settings(self.actor, VIEW_CHANGED, before, {key: after.get(key) for key in keys}, self.slug)

    def delete(self, view: View) -> SavedView:
        if view.saved is None or not self.may_change(view):
            raise PermissionDenied(_("This view is not yours to delete."))
        view.saved.deleted_at = timezone.now()
        view.saved.save(update_fields=["deleted_at"])
        self._note(view.saved, None)
        return view.saved

    def restore(self, pk: UUID) -> SavedView | None:
        """Take a deletion back, by who could delete it."""
        row = SavedView.objects.filter(pk=pk, record_type=self.slug).exclude(deleted_at=None).first()
        if row is None or not self.may_change(View(str(row.pk), row.name, row.params, row)):
            return None
        row.deleted_at = None
        row.save(update_fields=["deleted_at"])
        self._note(None, row)
        return row

    def question(self, params: Mapping[str, Any]) -> dict[str, str]:
        """What a view keeps of an address, checked. Raises ValidationError keyed by parameter."""
        from kernel.records.find import Found  # which asks here what a view means

        if not isinstance(params, Mapping):
            raise ValidationError({"params": ValidationError(_("Send an object."), code="type")})
        kept = asked(params)
        if sum(len(key) + len(value) for key, value in kept.items()) > MOST_LENGTH:
            raise ValidationError({"params": ValidationError(_("This view asks for too much."), code="max_length")})
        Found(self.access, kept)
        left, is_whole = usable(self.access, kept)
        if not is_whole:
            wrong = next(key for key in kept if left.get(key) != kept[key])
            raise ValidationError({wrong: ValidationError(_("This cannot be part of a view."), code="unknown")})
        return kept

    # -- what a member made of them

    def mark(self, view: View, **values: Any) -> None:
        """Make it a favourite, the view that the list opens with, or put it at a place among the tabs."""
        member = self.actor.member
        if member is None:
            raise PermissionDenied(_("Your role does not allow this."))
        if values.get("is_default"):
            ViewMark.objects.filter(member=member, record_type=self.slug).update(is_default=False)
        names: dict[str, Any] = {"code": "" if view.saved else view.key, "view": view.saved}
        ViewMark.objects.update_or_create(member=member, record_type=self.slug, **names, defaults=values)
        self._forget()

    def put_in_order(self, keys: Iterable[str]) -> None:
        """The tabs in this order; those that are not named follow."""
        known = {view.key: view for view in self.all}
        for position, key in enumerate(dict.fromkeys(keys)):
            if key in known and (known[key].mark is None or known[key].mark.position != position):  # type: ignore[union-attr]
                self.mark(known[key], position=position)

    def open_for_roles(self, view: View, roles: Iterable[Any]) -> None:
        """The list opens with this view for whoever has these roles; for other roles it no longer does."""
        if not may_set_up(self.access):
            raise PermissionDenied(_("Your role does not allow this."))
        roles = list(roles)
        if roles and view.saved and not view.is_shared:
            problem = _("Share this view with everyone first: others cannot open it.")
            raise ValidationError({"roles": ValidationError(problem, code="private")})
        names: dict[str, Any] = {"code": "" if view.saved else view.key, "view": view.saved}
        before = self._role_names(view)
        RoleView.objects.filter(record_type=self.slug, **names).exclude(role__in=roles).delete()
        for role in roles:
            RoleView.objects.update_or_create(role=role, record_type=self.slug, defaults=names)
        after = self._role_names(view)
        note_settings(self.actor, ROLES_VIEW, {"roles": before}, {"roles": after}, self.slug)

    def _role_names(self, view: View) -> list[str]:
        return sorted(Role.objects.filter(pk__in=self.roles_of(view)).values_list("name", flat=True))

    def roles_of(self, view: View) -> set[UUID]:
        rows = RoleView.objects.filter(record_type=self.slug, code="" if view.saved else view.key, view=view.saved)
        return set(rows.values_list("role_id", flat=True))

    def _forget(self) -> None:
        self.actor.memo.pop("view_marks", None)
        for name in ("all", "_marks"):
            self.__dict__.pop(name, None)


def may_set_up(access: Access) -> bool:
    return access.actor.may_system("company")


def marks_of(actor: Actor) -> list[ViewMark]:
    """What the member made of views of all types, read once."""
    if actor.member is None:
        return []
    if "view_marks" not in actor.memo:
        rows = ViewMark.objects.filter(member=actor.member).select_related("view").order_by("position", "pk")
        actor.memo["view_marks"] = list(rows)
    found: list[ViewMark] = actor.memo["view_marks"]
    return found


def favourite_name(actor: Actor, rtype: RecordType, mark: ViewMark) -> str:
    """What the sidebar calls it; nothing where the view is gone or no longer shared."""
    row = mark.view
    if row is None:
        built_in = next((view for view in (ALL, MINE, RECENT, *rtype.views) if view.code == mark.code), None)
        return f"{rtype.label_plural} · {built_in.name}" if built_in else ""
    is_mine = actor.member is not None and row.owner_id == actor.member.pk
    is_shared = row.audience == "everyone" or (row.audience == "team" and row.team_id in actor.team_ids)
    return row.name if row.deleted_at is None and (is_mine or is_shared) else ""


def mark_key(mark: ViewMark | RoleView) -> str:
    return str(mark.view_id) if mark.view_id else mark.code


def meant(access: Access, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters with those of the view that they name; one given beside it takes the view's place."""
    key = params.get("view")
    if isinstance(key, list):
        key = key[-1] if key else None
    if not key or key in LAYOUTS:
        return params
    views = Views(access)
    view = views.get(str(key))
    if view is None:
        raise ValidationError(
            {"view": ValidationError(_("There is no such view, or it is not yours."), code="unknown")}
        )
    own = dict(params.lists()) if hasattr(params, "lists") else dict(params)
    own.pop("view")
    return {**usable(views.access, view.params)[0], **own}
