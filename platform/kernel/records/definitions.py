"""What must hold of a custom field's definition, whoever changes it and through whichever door."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, F, Min
from django.utils.translation import gettext as _
from django.utils.translation import override

from kernel.access.actor import Actor
from kernel.lib.errors import ParseError
from kernel.lib.text import sort_key
from kernel.records.codes import code_of
from kernel.records.kinds import KINDS
from kernel.records.kinds.choices import Choice, Choices
from kernel.records.models import CustomField
from kernel.records.own_fields import spec_from
from kernel.records.people import one_at_a_time
from kernel.records.storage import CODE, Held
from kernel.records.types import RecordType, registry
from kernel.records.uniqueness import compared_by
from kernel.tenancy.context import get_tenant

MOST_FIELDS = 100
CAN_BE_UNIQUE = ("text", "number", "email", "phone", "link")
HAVE_PLACES = ("number", "percent")
FIXED = ("record_type", "code", "kind", "related")


def kinds_offered() -> dict[str, Any]:
    """What a tenant may make fields of: every kind with a title, by name."""
    return {name: kind for name, kind in KINDS.items() if kind.title}


def types_offered() -> dict[str, RecordType]:
    """What a tenant may give fields to, those with a place of their own first."""
    offered = [rtype for rtype in registry.values() if rtype.takes_fields]
    return {rtype.slug: rtype for rtype in sorted(offered, key=lambda rtype: not rtype.in_menu)}


def types_pointed_at() -> dict[str, RecordType]:
    """What a relation may lead to; the people have a kind of their own."""
    return {slug: rtype for slug, rtype in registry.items() if slug not in ("members", "roles", "custom-fields")}


def check_definition(row: CustomField, actor: Actor, changed: set[str]) -> None:
    """Derive what follows from the rest, and refuse what no field can be. Raises ValidationError keyed by field."""
    one_at_a_time()
    before = None if row.is_new else CustomField.objects.get(pk=row.pk)
    if before is not None:
        _stay_fixed(row, before)
        if row.deleted_at is not None:
            return
    rtype = types_offered().get(row.record_type)
    if rtype is None:
        raise _wrong("record_type", _("Choose one of: %(allowed)s."), allowed=", ".join(types_offered()))
    if row.kind not in kinds_offered():
        raise _wrong("kind", _("Choose one of: %(allowed)s."), allowed=", ".join(kinds_offered()))
    siblings = list(CustomField.objects.filter(record_type=row.record_type).exclude(pk=row.pk))
    alive = [other for other in siblings if other.deleted_at is None]
    if (before is None or before.deleted_at is not None) and len(alive) >= MOST_FIELDS:
        raise _wrong("record_type", _("A record type can have %(limit)s fields of yours."), limit=MOST_FIELDS)
    if before is None:
        row.language = row.language or get_tenant().language
        if "position" not in changed:
            row.position = max((other.position for other in siblings), default=0) + 1
        latin = next((name for name in (row.name, row.other_name) if name.isascii()), row.name) or row.name
        row.code = row.code or code_of(latin, {other.code for other in siblings})
    if not CODE.fullmatch(row.code):
        raise _wrong("code", _("Use the letters a to z, digits, and single underscores between them."))
    _check_name(row, rtype, alive)
    _check_kind(row)
    _check_choices(row, before, rtype)
    _check_default(row, actor, rtype)
    if row.unique and not (before and before.unique):
        _check_no_duplicates(row, rtype, actor)


def _stay_fixed(row: CustomField, before: CustomField) -> None:
    for name in FIXED:
        if getattr(row, name) != getattr(before, name):
            problem = _(
                "This is fixed once a field is made, because records already hold values of it. Make a new field and "
                "archive this one."
            )
            raise _wrong(name, problem)


def _check_name(row: CustomField, rtype: RecordType, alive: list[CustomField]) -> None:
    names = {sort_key(name) for name in (row.name, row.other_name) if name}
    taken = {sort_key(name) for other in alive for name in (other.name, other.other_name) if name}
    for language in ("en", "fa"):
        with override(language):
            taken |= {sort_key(str(spec.label)) for spec in rtype.declared().values()}
    if names & taken:
        raise _wrong("name", _("There is a field of this name."))


def _check_kind(row: CustomField) -> None:
    kind = KINDS[row.kind]
    if row.kind == "relation" and row.related not in types_pointed_at():
        raise _wrong("related", _("Choose one of: %(allowed)s."), allowed=", ".join(types_pointed_at()))
    if row.kind != "relation":
        row.related = ""
    row.places = (2 if row.places is None else row.places) if row.kind in HAVE_PLACES else None
    if row.places is not None and row.places > 4:
        raise _wrong("places", _("Use at most %(places)s decimals."), places=4)
    longest = {"text": 255, "long_text": 20_000}.get(row.kind)
    if longest is None:
        row.max_length = None
    elif row.max_length is not None and not 1 <= row.max_length <= longest:
        raise _wrong("max_length", _("Use a number from 1 to %(most)s."), most=longest)
    if row.unique and row.kind not in CAN_BE_UNIQUE:
        raise _wrong("unique", _("Only texts and numbers can be kept from repeating."))
    if row.searchable and not kind.is_searched:
        raise _wrong("searchable", _("Search looks through texts only."))


def _check_choices(row: CustomField, before: CustomField | None, rtype: RecordType) -> None:
    """Codes for those that have none; one that is taken away is archived where records hold it."""
    if not isinstance(KINDS[row.kind], Choice):
        row.choices = []
        return
    taken: set[str] = {item["code"] for item in (before.choices if before else [])}
    made: list[dict[str, Any]] = []
    for item in row.choices:
        code = item.get("code") or code_of(item["label"], taken, otherwise="choice")
        if not CODE.fullmatch(code):
            raise _wrong("choices", _("Use the letters a to z, digits, and single underscores between them."))
        if code in {other["code"] for other in made}:
            raise _wrong("choices", _("Two choices have the code “%(code)s”."), code=code)
        taken.add(code)
        made.append({**item, "code": code})
    held = {item["code"] for item in made}
    for item in before.choices if before else []:
        if item["code"] not in held and _is_used(row, rtype, item["code"]):
            made.append({**item, "archived": True})
    labels = [sort_key(item["label"]) for item in made if not item.get("archived")]
    if len(labels) != len(set(labels)):
        raise _wrong("choices", _("Two choices have the same name."))
    if not labels:
        raise _wrong("choices", _("Give at least one choice."))
    row.choices = made


def _is_used(row: CustomField, rtype: RecordType, code: str) -> bool:
    held = [code] if isinstance(KINDS[row.kind], Choices) else code
    found: bool = rtype.model.objects.filter(custom__contains={row.code: held}).exists()
    return found


def _check_default(row: CustomField, actor: Actor, rtype: RecordType) -> None:
    if row.default in (None, "", []):
        row.default = None
        return
    if not KINDS[row.kind].can_default:
        raise _wrong("default", _("A field of this kind starts empty on every record."))
    if row.unique:
        raise _wrong("default", _("Records that all start the same cannot be kept from repeating."))
    spec = spec_from(CustomField(**{**_columns(row), "default": None}))
    try:
        value = spec.take(row.default, actor.access(rtype))
        spec.kind.allow(spec, value)
    except (ValidationError, ParseError) as error:
        messages = error.messages if isinstance(error, ValidationError) else [error.message]
        raise ValidationError({"default": messages}) from error
    row.default = spec.kind.keep(spec, value)


def _columns(row: CustomField) -> dict[str, Any]:
    return {column.attname: getattr(row, column.attname) for column in row._meta.concrete_fields}


def _check_no_duplicates(row: CustomField, rtype: RecordType, actor: Actor) -> None:
    """Which values repeat is for those who see them all."""
    spec, access = spec_from(row), actor.access(rtype)
    rows = rtype.model.objects.alive().annotate(_key=compared_by(spec)).filter(_key__isnull=False)
    repeated = _repeated(rows, spec)
    if repeated and not (access.scope("view") == "all" and spec.name in access.readable()):
        raise _wrong("unique", _("More than one record has the same value. Change them first."))
    if repeated:
        raise _wrong(
            "unique",
            _("More than one record has: %(values)s. Change them first."),
            values=", ".join(repeated),
        )


def _repeated(rows: Any, spec: Any) -> list[str]:
    held = Held(F("custom"), spec.code)
    groups = rows.values("_key").annotate(n=Count("pk"), example=Min(held)).filter(n__gt=1).order_by("-n")[:5]
    return [f"“{group['example']}”" for group in groups]


def _wrong(name: str, problem: str, **params: Any) -> ValidationError:
    return ValidationError({name: ValidationError(problem, code="invalid", params=params or None)})
