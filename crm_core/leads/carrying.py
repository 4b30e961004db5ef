"""What goes along when a lead is converted: its values, its tags, and everything that hangs on it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from crm_core.leads.models import Lead
from kernel.access.actor import Actor, with_all_rights
from kernel.attachments.keeping import copy_for
from kernel.records.change import change, create, edit
from kernel.records.types import RecordType, registry


def make(actor: Actor, slug: str, lead: Lead, values: dict[str, Any], marks: dict[str, Any]) -> Any:
    """A new record for the lead's owner, with all that the lead says: what is hidden from whoever converts it is not
    lost on the way. What is wrong with it is told with its type's name."""
    rtype = registry[slug]
    whose = {"owner": lead.owner_id} if lead.owner_id else {"team": lead.team_id} if lead.team_id else {}
    try:
        values = {**values, **whose, **_brought(actor, rtype, _shared(rtype, lead))}
        return create(with_all_rights(actor).access(rtype), values, **marks)
    except ValidationError as error:
        raise _of_type(rtype, error) from error


def _of_type(rtype: RecordType, error: ValidationError) -> ValidationError:
    if not hasattr(error, "error_dict"):
        return error
    specs, told = rtype.specs(), []
    for name, problems in error.error_dict.items():
        label = f"{rtype.label}, {specs[name].label}" if name in specs else str(rtype.label)
        for problem in problems:
            told += [ValidationError(f"{label}: {message}", code=problem.code) for message in problem.messages]
    return ValidationError({rtype.name: told})


def take_along(actor: Actor, slug: str, lead: Lead, record: Any, marks: dict[str, Any]) -> None:
    """Fill in on an existing record what it has no value for, as far as this person may: what they read on the lead and
    may write there."""
    rtype = registry[slug]
    access, readable = actor.access(rtype), actor.access(registry["leads"]).readable(lead)
    if not access.may("edit", record):
        return
    specs, editable = rtype.specs(), access.editable(record)
    values = {}
    for name, value in _shared(rtype, lead).items():
        if name not in editable or name not in readable:
            continue
        held = specs[name].value(record)
        if specs[name].kind.name == "tags":
            value = [*held, *(tag for tag in value if tag not in held)]
        elif held not in (None, "", []):
            continue
        values[name] = value
    if values:
        # Of what the lead points at, some may be out of their reach.
        edit(with_all_rights(actor).access(rtype), record, _brought(actor, rtype, values), **marks)


def _shared(rtype: RecordType, lead: Lead) -> dict[str, Any]:
    """The lead's tags, and its values of the tenant's own fields that the other type has too."""
    mine, theirs = registry["leads"].specs(), rtype.specs()
    names = [n for n in mine if n in theirs and (n == "tags" or n.startswith("custom."))]
    same = [name for name in names if mine[name].kind.name == theirs[name].kind.name]
    return {name: value for name in same if (value := mine[name].value(lead)) not in (None, "", [])}


def _brought(actor: Actor, rtype: RecordType, values: dict[str, Any]) -> dict[str, Any]:
    """No file is in two places: of one in a field the other record gets a copy, and the lead's stays with it."""
    specs, able = rtype.specs(), with_all_rights(actor)
    return {
        name: copy_for(able, value, specs[name].extra["field"]) if specs[name].kind.name == "file" else value
        for name, value in values.items()
    }


def carry(actor: Actor, lead: Lead, homes: dict[str, Any], marks: dict[str, Any]) -> None:
    """What the visitor wrote becomes a note, and whatever hangs on the lead hangs on the first of these records, by
    their types, that it may hang on: what they agreed to on the person."""
    able = with_all_rights(actor)
    for rtype in registry.values():
        known = {of.slug for of in rtype.parent_types()} if rtype.parent else set()
        slug = next((slug for slug in homes if slug in known), None)
        if slug is None:
            continue
        about = {"type": slug, "id": str(homes[slug].pk)}
        spec = rtype.specs()["about"]
        model: Any = rtype.model
        rows = model.objects.alive().filter(about_type="leads", about_id=lead.pk)
        if rtype.slug == "files":
            rows = rows.filter(field=None)
        for row in rows.order_by("pk"):
            with change(row, f"{rtype.name}.updated", able.access(rtype), given={"about"}, **marks):
                spec.assign(row, about)
    if lead.message:
        slug = next(iter(homes))
        about = {"type": slug, "id": str(homes[slug].pk)}
        create(able.access(registry["notes"]), {"body": lead.message, "about": about}, **marks)
