"""My own settings: who I am called, how I read and type."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kernel.access.models import Member
from kernel.lib.places import zones
from kernel.web.accounts.actions import rename
from kernel.web.pages import go
from kernel.web.settings.forms import NameField, SelectField, SettingsForm, SwitchField, bound, with_held
from kernel.web.settings.sections import page, part_of

OWN = ("language", "calendar", "timezone", "theme", "shortcuts")
YEAR = 365 * 24 * 60 * 60

_listeners: list[Callable[[Member], object]] = []


def when_saved(listener: Callable[[Member], object]) -> None:
    """Have a function called with each member who chose their language, calendar or zone anew, as they were before."""
    if listener not in _listeners:
        _listeners.append(listener)


class ProfileForm(SettingsForm):
    name = NameField(label=gettext_lazy("Your name"), max_length=150)
    language = SelectField(label=gettext_lazy("Language"), required=False)
    calendar = SelectField(label=gettext_lazy("Calendar"), required=False)
    timezone = SelectField(label=gettext_lazy("Time zone"), required=False)
    theme = SelectField(
        label=gettext_lazy("Theme"),
        required=False,
        choices=[
            ("", gettext_lazy("As the device")),
            ("light", gettext_lazy("Light")),
            ("dark", gettext_lazy("Dark")),
        ],
    )

    shortcuts = SwitchField(
        label=gettext_lazy("Shortcuts of single keys"),
        help_text=gettext_lazy("Such as j for the next row. Ctrl+K works either way."),
        required=False,
    )

    def __init__(self, *args: Any, tenant: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {
            name: dict(getattr(Member._meta.get_field(name), "choices", None) or ())
            for name in ("language", "calendar")
        }
        held = self.initial.get("timezone") or tenant.timezone
        all_zones = with_held(zones(get_language() or "en"), held)
        usual = {
            "language": own["language"].get(tenant.language, tenant.language),
            "calendar": own["calendar"].get(tenant.calendar, tenant.calendar),
            "timezone": dict(all_zones).get(tenant.timezone, tenant.timezone),
        }
        offered = {"language": own["language"].items(), "calendar": own["calendar"].items(), "timezone": all_zones}
        for name, choices in offered.items():
            first = _("As the company (%(choice)s)") % {"choice": usual[name]}
            self.fields[name].choices = [("", first), *choices]  # type: ignore[attr-defined]


@part_of("profile")
@require_http_methods(["GET", "POST"])
def profile(request: Any) -> HttpResponse:
    member: Member = request.member
    initial = {name: getattr(member, name) for name in (*OWN, "name")}
    form = bound(ProfileForm, request, initial=initial, tenant=request.tenant)
    if form.is_valid():
        try:
            return _save(request, form.cleaned_data)
        except ValidationError as error:
            form.take(error)
    return _page(request, form=form, status=form.status)


def _save(request: Any, given: dict[str, Any]) -> HttpResponse:
    member: Member = request.member
    if given["name"] != member.name:
        rename(member, given["name"])
    # How I read is not a fact about me that others need a history of.
    own = {name: given[name] for name in OWN}
    Member.objects.filter(pk=member.pk).update(**own)
    for listener in _listeners:
        listener(member)
    with translation.override(given["language"] or request.tenant.language):
        response = go(request, "/settings/profile", _("Your profile is saved."), tone="good")
    response.set_cookie(
        "theme", given["theme"] or "system", max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    return response


def _page(request: Any, *, form: Any = None, status: int = 200) -> HttpResponse:
    member = request.member
    initial = {name: getattr(member, name) for name in (*OWN, "name")}
    context = {
        "form": form or ProfileForm(initial=initial, tenant=request.tenant),
        "email": request.identity.email,
        "roles": ", ".join(member.roles.filter(deleted_at=None).values_list("name", flat=True)),
    }
    return page(request, "settings/profile.html", context, status)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/settings/profile")
