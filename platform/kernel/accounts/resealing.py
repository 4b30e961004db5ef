"""Bringing what is sealed under today's SECRET_KEY, before an earlier one is thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django_tenants.utils import get_tenant_model

from kernel.accounts.sealing import Secret, Unreadable, sealed_fields
from kernel.tenancy.context import in_tenant
from kernel.tenancy.router import PLATFORM, side

AT_ONCE = 200


@dataclass
class Count:
    """What there is in one field, on the platform's side or in one workspace."""

    where: str
    field: str
    current: int = 0
    earlier: int = 0
    unreadable: int = 0


def look(*, reseal: bool) -> list[Count]:
    """Count what is sealed by today's key, by earlier ones and by unknown ones; with `reseal` what earlier ones sealed
    is brought under today's. Each piece is a transaction of its own, so that what was done stays when it is cut off."""
    counts = []
    for model, field in sealed_fields():
        for where, place in _places(model):
            counts.append(_walk(model, field, where, place, reseal=reseal))
    return counts


def _places(model: type[models.Model]) -> Iterator[tuple[str, Any]]:
    if side(model._meta.app_label) == PLATFORM:
        yield "", None
        return
    for tenant in get_tenant_model().objects.exclude(status__in=["provisioning", "deleting"]).order_by("pk"):
        yield tenant.subdomain, tenant


def _walk(model: type[models.Model], field: str, where: str, tenant: Any, *, reseal: bool) -> Count:
    count, last, rows = Count(where, f"{model._meta.label}.{field}"), None, None
    while rows is None or len(rows) == AT_ONCE:
        with _work(tenant):
            found = model._default_manager.exclude(**{field: None}).order_by("pk")
            found = found if last is None else found.filter(pk__gt=last)
            rows = list(found.values_list("pk", field)[:AT_ONCE])
            for pk, secret in rows:
                _take(model, field, pk, secret, count, reseal=reseal)
        last = rows[-1][0] if rows else None
    return count


def _take(model: type[models.Model], field: str, pk: Any, secret: Secret, count: Count, *, reseal: bool) -> None:
    if secret.is_current:
        count.current += 1
        return
    try:
        renewed = secret.renewed()
    except Unreadable:
        count.unreadable += 1
        return
    # As it was read: what somebody changed meanwhile is under today's key already.
    if reseal:
        model._default_manager.filter(**{"pk": pk, field: secret}).update(**{field: renewed})
    count.earlier += 1


def _work(tenant: Any) -> AbstractContextManager[Any]:
    return transaction.atomic(using=PLATFORM) if tenant is None else in_tenant(tenant)
