"""Where tags are in use, and putting one in the place of another, over every type and in bounded pieces."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.events.subscribers import publish
from kernel.records.change import delete, event_row
from kernel.records.models import Tag
from kernel.records.types import RecordType, registry
from kernel.runs.models import Run
from kernel.runs.work import Work, start

KIND = "retag"
COUNTED = 1000
BATCH = 500


def tagged_types() -> list[RecordType]:
    return [rtype for rtype in registry.values() if "tags" in rtype.specs()]


def uses(tags: Iterable[UUID], actor: Actor) -> dict[UUID, int]:
    """On how many records in reach each of these stands, of types whose tags one may read: one statement, which stops
    counting a type at COUNTED."""
    counts, params = ["0"], list[Any]()
    for rtype in tagged_types():
        access = actor.access(rtype)
        if "tags" in access.readable():
            with suppress(EmptyResultSet):
                sql, values = _carrying(access).query.sql_with_params()
                counts.append(f"(SELECT count(*) FROM ({sql}) AS counted)")  # noqa: S608 - own names
                params += values
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, {' + '.join(counts)} FROM unnest(%s::uuid[]) AS t(id)",  # noqa: S608 - own names
            [*params, list(tags)],
        )
        return dict(cursor.fetchall())


def _carrying(access: Access) -> QuerySet[Any]:
    """The records in reach that carry the tag `t.id` of the statement around this."""
    rows = access.records().order_by()
    return rows.extra(where=[f"{_table(access.rtype)}.tags @> ARRAY[t.id]"]).values("pk")[:COUNTED]  # noqa: S610 - own names


def _table(rtype: RecordType) -> str:
    return connection.ops.quote_name(rtype.model._meta.db_table)


def merge(actor: Actor, tag: Tag, into: Tag) -> Run:
    """Every record of `tag` carries `into` instead. The tag is archived at once, so that nobody chooses it meanwhile.

    What is written is which word records carry, not something that happened to each: they get no event of it.
    """
    access = actor.access(registry["tags"])
    if tag.pk == into.pk:
        raise ValidationError({"into": ValidationError(_("Choose another tag."), code="same")})
    delete(access, tag)
    event = event_row("tag.merged", tag, access, {"name": [tag.name, into.name]})
    event.save(force_insert=True)
    publish([event])
    title = _("Merging the tag %(tag)s into %(into)s") % {"tag": tag.name, "into": into.name}
    return start(KIND, actor, title[:200], {"from": str(tag.pk), "to": str(into.pk)})


def strip(actor: Actor, tag: UUID, name: str) -> Run:
    """Take a tag that is gone off every record."""
    title = _("Removing the tag %(tag)s") % {"tag": name}
    return start(KIND, actor, title[:200], {"from": str(tag), "to": None})


def retag(work: Work) -> None:
    old, new = UUID(work.params["from"]), work.params.get("to")
    for rtype in tagged_types():
        while True:
            with work.chunk() as run:
                done = _replace_some(rtype, old, UUID(new) if new else None)
                run.done += done
            if done < BATCH:
                break


def _replace_some(rtype: RecordType, old: UUID, new: UUID | None) -> int:
    """Those in the trash too. A record gets a new version: what was read of it before is no longer so."""
    table = _table(rtype)
    kept = "array_remove(tags, %(old)s)" if new is None else "array_append(array_remove(tags, %(old)s), %(new)s)"
    some = f"SELECT id FROM {table} WHERE tags @> ARRAY[%(old)s] ORDER BY id LIMIT {BATCH} FOR UPDATE"  # noqa: S608
    statement = (
        f"UPDATE {table} SET tags = ARRAY(SELECT DISTINCT unnest({kept}) ORDER BY 1), version = version + 1"  # noqa: S608
        f" WHERE id IN ({some})"
    )
    given: dict[str, Any] = {"old": old, "new": new}
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.rowcount
