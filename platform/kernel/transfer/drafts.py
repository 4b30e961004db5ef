"""Imports that were uploaded and never begun: they wait for their owner, and go after a week. Nothing was written."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.files.models import StoredFile
from kernel.files.storing import delete
from kernel.runs.models import Run
from kernel.tenancy.pending import sweeper

KEPT = timedelta(days=7)
SWEPT_AT_ONCE = 50


def drafts() -> QuerySet[Run]:
    return Run.objects.filter(kind="import", status=Run.Status.WAITING, params__begun__isnull=True)


def discard(run: Run) -> None:
    """Forget a draft and its file. One that somebody began meanwhile is no draft any more."""
    held = drafts().filter(pk=run.pk).select_for_update(of=("self",)).first()
    if held is None:
        raise ValidationError(_("This import has begun already."), code="begun")
    file = StoredFile.objects.filter(pk=held.params["file"]).first()
    held.delete()
    if file is not None:
        delete(file)


@sweeper
def sweep_drafts() -> bool:
    """Discard what was left lying. Each tenant is swept at least once an hour."""
    old = drafts().filter(created_at__lt=timezone.now() - KEPT).order_by("pk")
    for run in old[:SWEPT_AT_ONCE]:
        discard(run)
    return False
