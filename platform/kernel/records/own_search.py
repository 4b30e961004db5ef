"""What search finds of records, brought in line when a custom field begins or ceases to be looked through."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel.records import vocabulary
from kernel.records.deriving import derive_texts
from kernel.records.models import CustomField
from kernel.records.types import registry
from kernel.tenancy.context import get_tenant, in_tenant

CHUNK = 200


def search_again(pk: UUID) -> None:
    """Chunk by chunk, each in its own transaction; a record that somebody changes meanwhile is theirs to bring."""
    tenant, after = get_tenant(), None
    while True:
        with in_tenant(tenant):
            field = CustomField.objects.filter(pk=pk).first()
            rtype = registry.get(field.record_type) if field else None
            if field is None or rtype is None:
                return
            rows: Any = rtype.model.objects.filter(custom__has_key=field.code).order_by("pk")
            rows = rows.filter(pk__gt=after) if after else rows
            records = list(rows.select_for_update(of=("self",))[:CHUNK])
            for record in records:
                derive_texts(rtype, record)
            rtype.model.objects.bulk_update(records, ["text_keys", "search"])
            vocabulary.learn(record.search for record in records)
        if len(records) < CHUNK:
            return
        after = records[-1].pk
