"""What forms were sent, as it was sent: kept for half a year beside the lead, without what may be a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from crm_core.leads.forms.door import ASKED
from crm_core.leads.models import Lead, LeadForm, Submission
from kernel.access.actor import Access
from kernel.records.models import Redirect
from kernel.records.show import Labels
from kernel.tenancy.pending import sweeper

KEPT = timedelta(days=180)
AT_ONCE = 1_000
SHOWN = 20
MOST_SITE = 300
HIDDEN = "•••"
# What nobody should send to a form, and some do: never kept, whatever it stands under.
_SECRET = re.compile(
    r"passw|passcode|secret(?!ar)|token|api[_-]?key|authorization|card.?(no|num)|credit|cvv|cvc|iban|\b(pin|otp|ssn)\b|رمز",
    re.IGNORECASE,
)
# What the form itself adds, which says nothing about the sender.
_OWN = {"idempotency_key", "csrfmiddlewaretoken", "homepage"}


@dataclass(frozen=True)
class Told:
    """One submission for one reader."""

    pk: UUID
    at: datetime
    form: tuple[UUID, str] | None
    source: tuple[UUID, str] | None
    site: str
    sent: Mapping[str, str]


def keep(lead: Lead, form: LeadForm, sent: Mapping[str, Any], site: str) -> None:
    """In the transaction of the lead: there is no lead of a form without what was sent."""
    plain = {_text(name)[:200]: _plain(name, value) for name, value in sent.items() if name not in _OWN}
    Submission.objects.create(
        lead=lead, form=form, source_id=form.source_id, site=_text(site)[:MOST_SITE],
        sent={name: text for name, text in plain.items() if text},
    )  # fmt: skip


def _plain(name: str, value: Any) -> str:
    if _SECRET.search(str(name)):
        return HIDDEN if value else ""
    if isinstance(value, Mapping | list):
        return _text(json.dumps(_hidden(value), ensure_ascii=False))
    return "" if value is None else _text(value)


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: HIDDEN if _SECRET.search(str(name)) else _hidden(inner) for name, inner in value.items()}
    return [_hidden(inner) for inner in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    # Half a character, which JSON can spell, can't be stored.
    return str(value).replace("\x00", "").encode(errors="replace").decode().strip()


def may_read(access: Access, lead: Lead) -> bool:
    """Whoever reads all that a form writes in full: what was sent may say any of it, under any name."""
    return {*ASKED, "origin"} <= access.readable(lead).keys()


def submissions_of(access: Access, lead: Lead) -> list[Told]:
    """The newest first, with those of leads that were merged into this one."""
    if not may_read(access, lead):
        return []
    merged = Redirect.objects.filter(new=lead.pk).values("old")
    rows = list(Submission.objects.filter(Q(lead=lead.pk) | Q(lead__in=merged)).order_by("-at", "-pk")[:SHOWN])
    labels = Labels(access.actor)
    wanted = {
        "lead-forms": {r.form_id for r in rows if r.form_id},
        "sources": {r.source_id for r in rows if r.source_id},
    }
    labels.load({slug: ids for slug, ids in wanted.items() if ids})
    return [
        Told(
            row.pk, row.at, _named(labels, "lead-forms", row.form_id), _named(labels, "sources", row.source_id),
            row.site, row.sent,
        )
        for row in rows
    ]  # fmt: skip


def _named(labels: Labels, slug: str, pk: UUID | None) -> tuple[UUID, str] | None:
    label = labels.get(slug, pk) if pk else None
    return (pk, str(label)) if pk and label else None


@sweeper
def forget_submissions() -> bool:
    """What was sent longer ago than it is kept, some of it at a time. True while more is to go."""
    old = Submission.objects.filter(at__lt=timezone.now() - KEPT).order_by("at").values("pk")[:AT_ONCE]
    gone, _by_table = Submission.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    return gone == AT_ONCE
