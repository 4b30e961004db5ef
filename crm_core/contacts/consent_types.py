"""Purposes and consents as types of records: forms, API, history, rights, merging and export are the engine's."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from crm_core.contacts.models import Consent, ConsentPurpose
from kernel.access.actor import Actor
from kernel.events.names import tell
from kernel.records.types import Panel, RecordType, field, register, registry


@register
class Purposes(RecordType):
    slug, model = "consent-purposes", ConsentPurpose
    label, label_plural = _("Consent purpose"), _("Consent purposes")
    icon = "shield"
    fields = ("name", "text_en", "text_fa", "number")
    columns = ("name", "number")
    sort = "name"
    panels = (Panel(_("Consent purpose"), ("name", "text_en", "text_fa", "number")),)
    match_fields = ("name",)
    is_setting = True
    is_owned = False
    in_menu = False

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        """Another wording has another number. The former ones stand in the consents that were given to them."""
        texts = ("text_en", "text_fa")
        before = ConsentPurpose.objects.filter(pk=record.pk).values_list(*texts).first()
        if before != tuple(getattr(record, name) for name in texts):
            record.number += 1


def wording(purpose: ConsentPurpose, language: str) -> str:
    """The text of a purpose in a language, else in the other; its name where nobody wrote any."""
    own, other = (purpose.text_fa, purpose.text_en) if language == "fa" else (purpose.text_en, purpose.text_fa)
    return own or other or purpose.name


@register
class Consents(RecordType):
    """Written once: who changes their mind gets a further one."""

    slug, model = "consents", Consent
    label, label_plural = _("Consent"), _("Consents")
    icon = "circle-check"
    fields = (
        field("label", label=_("Name"), read_only=True, is_label=True),
        field("about_id", kind="about", name="about", label=_("Person"), required=True, extra={"stays": True}),
        "purpose", "channel", "state", "how", "at", "number", "wording",
    )  # fmt: skip
    label_field = "label"
    columns = ("label", "about", "purpose", "channel", "state", "at")
    filters = ("purpose", "channel", "state", "how", "at")
    search = ("label",)
    sort = "-at"
    panels = (Panel(_("Consent"), ("about", "purpose", "channel", "state", "how", "at", "number", "wording")),)
    parent = True
    is_written_once = True
    is_tagged = False
    in_menu = False
    can_import = False

    def parent_types(self) -> list[RecordType]:
        return [rtype for rtype in registry.values() if rtype.is_person]

    def label_of(self, record: Any) -> str:
        return str(record.purpose.name)

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        if not record.is_new:
            if "about" in changed:
                record.moved_at = timezone.now()
            return
        record.subject = record.about_id
        record.at = record.at or timezone.now()
        if record.at > timezone.now():
            raise ValidationError({"at": ValidationError(now("This lies in the future."), code="future")})
        if record.purpose_id and not record.wording:
            record.number, record.wording = record.purpose.number, wording(record.purpose, actor.format.language)


tell("consent.created", _("%(who)s wrote down what this person agrees to"))
