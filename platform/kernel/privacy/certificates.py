"""The certificate of an erasing: what its digest is over, and how it is told."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.utils.translation import gettext_lazy as _

from kernel.privacy.models import Erasure
from kernel.records.types import registry

CLASSES = {
    "events": _("Entries of the history emptied of values"),
    "texts": _("Texts elsewhere from which the person was cut"),
    "rows": _("Answers, notifications, form submissions, refused rows and the like"),
    "run_files": _("Kept files of imports, exports and reports"),
}


def told(erasure: Erasure) -> dict[str, Any]:
    """What the certificate says, as JSON. Nothing in it was known of the person."""
    return {
        "id": str(erasure.pk),
        "type": erasure.record_type,
        "record": str(erasure.record_id),
        "asked_by": str(erasure.member_id) if erasure.member_id else None,
        "asked_at": erasure.asked_at.isoformat(),
        "finished_at": erasure.finished_at.isoformat() if erasure.finished_at else None,
        "event": str(erasure.event) if erasure.event else None,
        "removed": erasure.counts,
    }


def digest_of(erasure: Erasure) -> str:
    text = json.dumps(told(erasure), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def class_label(name: str) -> Any:
    """What a class of the counts is called."""
    if name in CLASSES:
        return CLASSES[name]
    return registry[name].label_plural if name in registry else name
