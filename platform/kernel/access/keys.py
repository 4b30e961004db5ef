"""Who stands behind an API key: one statement, because every request of every program begins with it."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connections
from django.utils import timezone

from kernel.access import stamp
from kernel.access.actor import Actor, format_for
from kernel.access.models import ANY_SHARES, ApiKey, Member, Role, digest
from kernel.access.rules import united
from kernel.access.sign_in import is_within, refusal
from kernel.tenancy.context import get_tenant

# What requests ask of a member; the rest is read if somebody does ask.
_ASKED = {"id", "name", "email", "identity", "active", "language", "calendar", "timezone", "theme", "label"}
# `from_db` takes values in the order of the model's fields, whatever names it is given beside them.
_COLUMNS = [field.attname for field in Member._meta.concrete_fields if field.attname in _ASKED]


@dataclass(frozen=True)
class KeyHolder:
    """A valid key, and the actor it lets in."""

    key_id: UUID
    last_used_at: datetime | None
    actor: Actor


def holder_of(secret: str, ip: str) -> KeyHolder | None:
    """None for a key that is not of this tenant, was revoked or ran out, whose member or role is gone, and for one that
    is not to be used from this address or at this hour: by itself, by its role, or by those of its member."""
    now = timezone.now()
    rows = cast(Any, connections["default"]).rows_of(_statement(), [digest(secret), now])
    if not rows:
        return None
    key_id, last_used_at, networks, role_id, role_rules, member_rules, fields, shares, *values = rows[0]
    stamp.tell(fields)
    member = Member.from_db("default", _COLUMNS, values)
    member.shares = shares  # type: ignore[attr-defined]
    role = Role.from_db("default", ["id", "rules"], [role_id, json.loads(role_rules)]) if role_id else None
    tenant = get_tenant()
    rules = theirs = united(tenant.pk, member_rules)
    if role_id:
        rules = united(tenant.pk, f"[{role_rules}]")
    asked = [*theirs.sign_in, *(rules.sign_in if role_id else ())]
    if networks and not is_within(ip, networks):
        return None
    if asked and refusal(asked, ip, now.astimezone(ZoneInfo(tenant.timezone))):
        return None
    return KeyHolder(key_id, last_used_at, Actor(member, rules, "api", format_for(member), role))


@cache
def _statement() -> str:
    tables: dict[str, Any] = {
        "key": ApiKey._meta.db_table,
        "member": Member._meta.db_table,
        "role": Role._meta.db_table,
        "holds": Member.roles.through._meta.db_table,
        "fields": stamp.SQL,
        "shares": ANY_SHARES,
        "columns": ", ".join(f"m.{name}" for name in _COLUMNS),
    }
    return """
        SELECT k.id, k.last_used_at, k.networks, r.id, r.rules,
               (SELECT coalesce(jsonb_agg(own.rules), '[]') FROM {holds} h JOIN {role} own ON own.id = h.role_id
                WHERE h.member_id = m.id AND own.deleted_at IS NULL),
               {fields}, {shares}, {columns}
        FROM {key} k
        JOIN {member} m ON m.id = k.member_id AND m.active AND m.deleted_at IS NULL
        LEFT JOIN {role} r ON r.id = k.role_id
        WHERE k.key_hash = %s AND k.revoked_at IS NULL AND r.deleted_at IS NULL
          AND (k.expires_at IS NULL OR k.expires_at > %s)
    """.format(**tables)  # noqa: S608 - names of our own tables, no value
