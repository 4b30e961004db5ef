"""Records in and out of JSON, through the field kinds and the caller's rights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.api.problems import Problem, errors_of, unknown
from kernel.events.models import Event
from kernel.records.change import Stale, refuse_read_only
from kernel.records.own_fields import PREFIX
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.records.types import Verb

# The tenant's own fields stand in an object of their own.
CUSTOM = PREFIX.rstrip(".")
# What the engine keeps about every record: sent out, never taken in.
OWN: dict[str, Callable[[Any], Any]] = {"id": lambda record: str(record.pk), "version": lambda record: record.version}


def records_json(access: Access, rows: Sequence[Any], names: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Rows as JSON, in a constant number of queries."""
    specs = access.shown()
    wanted = [*OWN, *specs] if names is None else list(names)
    shown = Shown(access, rows, [specs[name] for name in wanted if name in specs])
    plain = [name for name in wanted if name in OWN or (name in specs and not specs[name].code)]
    columns = [list(map(OWN[name], rows)) if name in OWN else shown.column(specs[name]) for name in plain]
    own = [spec for spec in shown.specs if spec.code]
    if own or CUSTOM in wanted or (names is None and access.rtype.takes_fields):
        plain.append(CUSTOM)
        columns.append(_together([spec.code for spec in own], [shown.column(spec) for spec in own], len(rows)))
    return _together(plain, columns, len(rows))


def _together(names: list[str], columns: list[list[Any]], many: int) -> list[dict[str, Any]]:
    """So many rows, of their columns."""
    if not columns:
        return [{} for _row in range(many)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def record_json(access: Access, record: Any) -> dict[str, Any]:
    return records_json(access, [record])[0]


def read_names(access: Access, text: str) -> list[str] | None:
    """?fields=id,name: only these, in this order."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if CUSTOM in names and access.rtype.takes_fields:
        names += [name for name, spec in access.shown().items() if spec.code]
    known = {*OWN, *access.shown(), *([CUSTOM] if access.rtype.takes_fields else ())}
    wrong = [name for name in names if name not in known]
    if wrong:
        raise Problem(400, errors=[unknown(name) for name in wrong])
    return list(dict.fromkeys(names)) or None


def take_values(
    access: Access, raw: Mapping[str, Any], specs: Mapping[str, FieldSpec] | None = None, record: Any = None
) -> dict[str, Any]:
    """The values that a program sent, of the kinds' own types: all that is wrong with them is told at once.

    Without `specs` these are the record's own fields: an unknown or hidden one is refused first, then one that may
    only be read.
    """
    given = access.shown(record) if specs is None else specs
    raw = flat(access, raw) if specs is None else raw
    wrong = [unknown(name) for name in raw if name not in given and (name not in OWN or specs is not None)]
    if wrong:
        raise Problem(400, errors=wrong)
    if specs is None:
        refused = [name for name in raw if name not in access.editable(record)]
        if refused:
            message = _("This field can only be read.")
            errors = [{"field": name, "code": "read_only", "message": message} for name in refused]
            raise Problem(403, errors=errors)
    values: dict[str, Any] = {}
    errors = []
    for name, value in raw.items():
        try:
            values[name] = given[name].take(value, access)
        except ValidationError as error:
            errors += errors_of(error)
    if errors:
        raise Problem(400, errors=errors)
    return values


def take_asked(access: Access, raw: Mapping[str, Any], verb: Verb) -> dict[str, Any]:
    """The values that a verb asks for."""
    asked = {spec.name: spec for spec in verb.asked(access)}
    refuse_read_only(access, [spec.name for spec in verb.fields if spec.name in raw and spec.name not in asked])
    return take_values(access, raw, asked)


def flat(access: Access, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """{"custom": {"code": …}} as the fields that it names; nobody names them so beside it."""
    if not access.rtype.takes_fields:
        return raw
    wrong = [unknown(name) for name in raw if name.startswith(PREFIX)]
    own = raw.get(CUSTOM, {})
    if not isinstance(own, Mapping):
        wrong.append({"field": CUSTOM, "code": "type", "message": _("Send an object of codes and values.")})
    if wrong:
        raise Problem(400, errors=wrong)
    plain = {name: value for name, value in raw.items() if name != CUSTOM}
    return {**plain, **{f"{PREFIX}{code}": value for code, value in own.items()}}


def etag(record: Any) -> str:
    return f'"{record.version}"'


def version_of(text: str, access: Access, record: Any, raw: Mapping[str, Any]) -> int | None:
    """The version that `If-Match` insists on; None where any will do. Raises Problem 412 for another than this one."""
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in text.split(",") if tag.strip()]
    if not tags or "*" in tags:
        return None
    if str(record.version) in tags:
        return int(record.version)
    seen = max((int(tag) for tag in tags if tag.isascii() and tag.isdigit() and len(tag) < 10), default=None)
    raise stale(access, record, seen, raw)


def read_version(value: Any) -> int | None:
    """A `version` sent in a body."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**31):
        return value
    message = _("Send the version as a whole number.")
    raise Problem(400, errors=[{"field": "version", "code": "invalid", "message": message}])


def stale(access: Access, record: Any, seen: int | None, raw: Mapping[str, Any]) -> Problem:
    """412 with the fields that differ from what the caller saw, and their current values."""
    readable = access.shown(record)
    changed: dict[str, None] = {}
    if seen is not None and 0 < seen < record.version:
        # Each write is one version and one event.
        events = Event.objects.filter(record_type=access.rtype.slug, record_id=record.pk).order_by("-pk")
        for changes in events.values_list("changes", flat=True)[: min(record.version - seen, 200)]:
            changed |= dict.fromkeys(name for name in changes if name in readable)
    current = record_json(access, record)
    current |= {f"{PREFIX}{code}": value for code, value in current.pop(CUSTOM, {}).items()}
    changed = changed or dict.fromkeys(name for name in flat(access, raw) if name in readable)
    message = _("This was changed meanwhile.")
    errors = [{"field": name, "code": "stale", "message": message, "current": current[name]} for name in changed]
    return Problem(
        412,
        _("Somebody changed this record after you read it. Look at what differs, then send your change again."),
        errors=errors,
        headers={"ETag": etag(record)},
        current={"version": record.version, **{name: current[name] for name in changed}},
    )


def stale_of(error: Stale, access: Access, seen: int | None, raw: Mapping[str, Any]) -> Problem:
    if not access.records().filter(pk=error.record.pk).exists():
        return Problem(404)
    return stale(access, error.record, seen, raw)
