"""The sections of the settings: each is one entry of the side navigation, shown to those who may use it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.records.types import registry
from kernel.web.pages import page as plain_page


def everybody(actor: Actor) -> bool:
    return True


def may_set_up(actor: Actor, *slugs: str) -> bool:
    """Whether these types may be changed on a page that is made for them: with all their fields, which it draws."""
    accesses = [actor.access(registry[slug]) for slug in slugs]
    return all(
        a.may("edit") and all(n in a.editable() for n, spec in a.rtype.declared().items() if not spec.read_only)
        for a in accesses
    )


@dataclass(frozen=True)
class Section:
    name: str
    label: Any
    icon: str
    group: Any
    order: int
    allowed: Callable[[Actor], bool] = everybody

    @property
    def url(self) -> str:
        return f"/settings/{self.name}"


sections: dict[str, Section] = {}


def add_section(section: Section) -> None:
    sections[section.name] = section


def part_of(name: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Only for those who may use the section; the page knows where it stands."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if not sections[name].allowed(request.actor):
                raise PermissionDenied(_("Your role does not allow this."))
            request.settings_section = name
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of the settings, with its navigation beside it."""
    here: str = request.settings_section  # type: ignore[attr-defined]
    actor: Actor = request.actor  # type: ignore[attr-defined]
    entries = [
        {
            "label": section.label,
            "url": section.url,
            "icon": section.icon,
            "group": section.group,
            "current": section.name == here,
        }
        for section in sorted(sections.values(), key=lambda section: section.order)
        if section.allowed(actor)
    ]
    section = sections[here]
    context = {"heading": section.label, "settings_nav": entries, "section": section, **context}
    response = plain_page(request, template, context, status)
    response["Cache-Control"] = "no-store"
    return response
