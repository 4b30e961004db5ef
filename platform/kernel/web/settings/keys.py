"""API keys: a program's way in, with its maker's rights or fewer."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kernel.access.actor import Actor
from kernel.access.models import ApiKey
from kernel.events.keys import note_made
from kernel.events.keys import revoke as end
from kernel.lib.ids import uuid7
from kernel.records.people import grantable
from kernel.web.pages import go
from kernel.web.settings.forms import NameField, SelectField, SettingsForm
from kernel.web.settings.role_sign_in import NetworksField
from kernel.web.settings.sections import page, part_of

HERE = "/settings/keys"


class KeyForm(SettingsForm):
    name = NameField(
        label=gettext_lazy("What is it for?"),
        error_messages={"required": gettext_lazy("Say what the key is for, so that you know later which to revoke.")},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    role = SelectField(label=gettext_lazy("What may it do?"), required=False)
    days = SelectField(
        label=gettext_lazy("How long does it last?"),
        required=False,
        choices=[
            ("30", gettext_lazy("30 days")), ("90", gettext_lazy("90 days")), ("365", gettext_lazy("A year")),
            ("", gettext_lazy("Until it is revoked")),
        ],
    )  # fmt: skip
    networks = NetworksField()
    id = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.roles = {str(role.pk): role for role in grantable(actor)}
        named = [(pk, _("Only as the role “%(role)s”") % {"role": role.name}) for pk, role in self.roles.items()]
        self.fields["role"].choices = [("", _("Everything I may do")), *named]  # type: ignore[attr-defined]


def reachable(actor: Actor) -> QuerySet[ApiKey]:
    keys = ApiKey.objects.filter(revoked_at=None).select_related("member", "role").order_by("-created_at")
    return keys if actor.may_system("keys") else keys.filter(member=actor.member)


@never_cache
@part_of("keys")
@require_http_methods(["GET", "POST"])
def keys(request: Any) -> HttpResponse:
    actor: Actor = request.actor
    assert actor.member is not None
    form = KeyForm(request.POST if request.method == "POST" else None, actor=actor, initial={"id": uuid7()})
    secret = ""
    if form.is_valid():
        given = form.cleaned_data
        if ApiKey.objects.filter(pk=given["id"]).exists():  # sent twice, or loaded again: the secret is gone
            return go(request, HERE, _("This key was made already. Its secret is shown only once."), tone="warn")
        role = form.roles.get(given["role"])
        expires_at = timezone.now() + timedelta(days=int(given["days"])) if given["days"] else None
        key, secret = ApiKey.issue(
            name=given["name"], member=actor.member, role=role, id=given["id"], expires_at=expires_at,
            networks=given["networks"],
        )  # fmt: skip
        note_made(key, actor)
        form = KeyForm(actor=actor, initial={"id": uuid7()})
    context = {
        "form": form,
        "secret": secret,
        "keys": reachable(actor),
        "now": timezone.now(),
        "sees_all": actor.may_system("keys"),
        "heading": _("API keys"),
    }
    return page(request, "settings/keys.html", context, form.status)


@part_of("keys")
@require_POST
def revoke(request: Any, pk: UUID) -> HttpResponse:
    actor: Actor = request.actor
    key = reachable(actor).filter(pk=pk).first()
    if key is None:
        # Revoked a moment ago by the same button, or never ours: only the first is worth a word.
        mine = (
            ApiKey.objects.filter(pk=pk)
            if actor.may_system("keys")
            else ApiKey.objects.filter(pk=pk, member=actor.member)
        )
        if not mine.exists():
            raise Http404
        return go(request, HERE, _("The key was revoked already."))
    end(ApiKey.objects.filter(pk=key.pk), actor)
    return go(request, HERE, _("The key “%(name)s” no longer works.") % {"name": key.name})
