"""The fields that a tenant gave to its record types, as specs beside the declared ones.

Read from the tenant once, and again when its stamp (kernel.access.stamp) is another one: a change of fields holds from
the next request on, in every process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, cast

from django.db import connections
from django.utils.functional import lazystr
from django.utils.translation import get_language

from kernel.access import stamp
from kernel.records.kinds import KINDS
from kernel.records.models import CustomField
from kernel.records.specs import FieldSpec
from kernel.tenancy.context import current_tenant, in_tenant

Specs = Mapping[str, FieldSpec]
MOST_TENANTS = 500
PREFIX = "custom."


@dataclass(frozen=True)
class OwnFields:
    """One tenant's fields as of one stamp: by type, its specs by name, in order."""

    stamp: str
    by_type: Mapping[str, Specs]
    _merged: dict[str, Specs] = field(default_factory=dict)

    def with_declared(self, slug: str, declared: Specs) -> Specs:
        """The declared fields of a type, then the tenant's own: one mapping for as long as the stamp stays."""
        own = self.by_type.get(slug)
        if own is None:
            return declared
        if slug not in self._merged:
            self._merged[slug] = MappingProxyType({**declared, **own})
        return self._merged[slug]


NONE = OwnFields("", {})
_known: OrderedDict[str, OwnFields] = OrderedDict()


def own_fields() -> OwnFields:
    """The current tenant's; none where no tenant is set."""
    tenant = current_tenant.get()
    if tenant is None:
        return NONE
    connection = cast(Any, connections["default"])
    if connection.in_session:
        return NONE  # migrations and checks, which may come before the table
    key = ("own_fields", tenant.schema_name)
    found = connection.memo.get(key)
    if found is None:
        if not connection.in_real_transaction():
            with in_tenant(tenant):
                return _load(tenant.schema_name)
        found = connection.memo[key] = _load(tenant.schema_name)
    return cast(OwnFields, found)


def _load(schema_name: str) -> OwnFields:
    now = stamp.stamp()
    found = _known.get(schema_name)
    if found is None or found.stamp != now:
        found = _known[schema_name] = _read(now)
        while len(_known) > MOST_TENANTS:
            _known.popitem(last=False)
    return found


def _read(now: str) -> OwnFields:
    by_type: dict[str, dict[str, FieldSpec]] = {}
    if now != "0":
        rows = CustomField.objects.alive().order_by("record_type", "position", "created_at", "pk")
        for row in rows:
            if row.kind in KINDS:
                spec = spec_from(row)
                by_type.setdefault(row.record_type, {})[spec.name] = spec
    return OwnFields(now, {slug: MappingProxyType(specs) for slug, specs in by_type.items()})


def spec_from(row: CustomField) -> FieldSpec:
    """The spec that a row describes."""
    kind = KINDS[row.kind]
    choices = [(item["code"], _named(item.get("label", ""), item.get("other_label", ""), row.language), item)
               for item in row.choices]  # fmt: skip
    spec = FieldSpec(
        name=f"{PREFIX}{row.code}",
        label=_named(row.name, row.other_name, row.language),
        kind=kind,
        path="custom",
        code=row.code,
        required=row.required,
        related={"member": "members", "file": "files"}.get(row.kind, row.related),
        choices=tuple((code, label) for code, label, item in choices if not item.get("archived")),
        max_length=row.max_length or LENGTHS.get(row.kind),
        places=row.places,
        help=row.help,
        sensitive=row.sensitive,
        extra={
            "field": row.pk,
            "unique": row.unique,
            "searchable": row.searchable and kind.is_searched,
            "panel": row.panel,
            "in_list": row.in_list,
            "on_card": row.on_card,
            "former": tuple((code, label) for code, label, item in choices if item.get("archived")),
            "tones": {code: TONES.get(item.get("color", ""), "") for code, _label, item in choices},
            "index": row.index_state,
        },
    )
    return spec if row.default in EMPTY else replace(spec, default=kind.restore(spec, row.default))


EMPTY: tuple[Any, ...] = (None, "", [])
LENGTHS = {"text": 255, "long_text": 20_000, "email": 254, "link": 500}
TONES = {"grey": "", "blue": "accent", "green": "good", "amber": "warn", "red": "bad"}


def _named(name: str, other: str, language: str) -> Any:
    """A name in the reader's language, where the tenant gave it one."""
    return lazystr(_Name(name, other, language)) if other else name


@dataclass(frozen=True)
class _Name:
    name: str
    other: str
    language: str

    def __str__(self) -> str:
        return self.name if (get_language() or "").split("-")[0] == self.language else self.other


def forget() -> None:
    """The fields were changed in this transaction: what it looks up from here on is as they are now."""
    stamp.forget()
