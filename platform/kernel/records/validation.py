"""What is wrong with a record, each problem on the field it is about, before the database refuses it and after."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError
from django.db.models import Model
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType

EMPTY: tuple[Any, ...] = (None, "", [])

ENGINE_COLUMNS = frozenset(
    (
        "id",
        "version",
        "created_at",
        "updated_at",
        "deleted_at",
        "label",
        "label_key",
        "search",
        "text_keys",
        "custom",
        "tags",
        "about_type",  # goes with about_id
    )
)


def validate(access: Access, record: Any, before: Mapping[str, Any]) -> None:
    """What can be told without asking the database; constraints speak when the row is saved.

    A tenant's own field may have become required after the record was made: it is asked for where somebody empties it.
    """
    rtype = access.rtype
    problems: dict[str, Any] = {}
    for name, spec in rtype.specs().items():
        if spec.required and spec.value(record) in EMPTY and not _may_stay_empty(access, spec, record, before):
            problems[name] = ValidationError(_("Fill this in."), code="required")
    problems |= _row_problems(rtype, record)
    model: type[Model] = type(record)
    relations = _relations(model)
    told = {spec.path for name, spec in rtype.specs().items() if name in problems}
    try:
        record.clean_fields(exclude={*relations, *problems, *told, *ENGINE_COLUMNS})
    except ValidationError as error:
        problems |= error.update_error_dict({})
    try:
        record.clean()
    except ValidationError as error:
        problems = error.update_error_dict(problems)
    if problems:
        raise ValidationError(problems)


def as_known(access: Access, record: Any, error: ValidationError) -> ValidationError:
    """A refusal that names no field which is hidden from this actor: of these it says that there is something."""
    if not hasattr(error, "error_dict"):
        return error
    shown = access.shown(record)
    hidden = [name for name in error.error_dict if name in access.rtype.specs() and name not in shown]
    if not hidden:
        return error
    told: dict[str, Any] = {name: problems for name, problems in error.error_dict.items() if name not in hidden}
    unseen = _("Something is missing or wrong that your role does not show you. Ask somebody who sees all of it.")
    told[NON_FIELD_ERRORS] = [*told.get(NON_FIELD_ERRORS, ()), ValidationError(unseen, code="unseen")]
    return ValidationError(told)


@cache
def _relations(model: type[Model]) -> frozenset[str]:
    return frozenset(field.name for field in model._meta.fields if field.is_relation)


def _may_stay_empty(access: Access, spec: FieldSpec, record: Any, before: Mapping[str, Any]) -> bool:
    if not spec.code:
        return False
    return before.get(spec.name) in EMPTY and not (record.is_new and spec.name in access.editable())


def _row_problems(rtype: RecordType, record: Any) -> dict[str, Any]:
    """What is wrong with child rows that were assigned: what their columns cannot hold."""
    problems: dict[str, Any] = {}
    for name in record.__dict__.get("_before", {}):
        spec = rtype.specs()[name]
        for number, row in enumerate(spec.kind.build(spec, record) if spec.rows else (), 1):  # type: ignore[attr-defined]
            columns = row._meta.fields
            try:
                row.clean_fields({c.name for c in columns if c.is_relation or getattr(row, c.attname) in (None, "")})
            except ValidationError as error:
                text = _("Row %(number)s: %(problem)s") % {"number": number, "problem": " ".join(error.messages)}
                problems[name] = ValidationError(text, code="row")
                break
    return problems


def explain(error: IntegrityError, rtype: RecordType) -> ValidationError:
    """The constraint's own sentence, on the field it is about; of a child row's, on the field that holds the rows."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or ""
    for spec in rtype.own_specs().values():
        if spec.extra["field"].hex in name:
            return ValidationError(
                {spec.name: ValidationError(_("Another record has this value already."), code="unique")}
            )
    rows = [(spec.extra["model"], spec.name) for spec in rtype.specs().values() if spec.rows]
    for model, rows_field in [(rtype.model, ""), *rows]:
        for constraint in model._meta.constraints:
            if constraint.name != name:
                continue
            field = rows_field or next(iter(getattr(constraint, "fields", ())), None) or "__all__"
            return ValidationError(
                {field: ValidationError(constraint.get_violation_error_message(), code=constraint.violation_error_code)}
            )
    raise error
