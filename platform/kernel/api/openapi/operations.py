"""A record type in OpenAPI: its schemas and its operations, as far as one caller may use them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.api import bulk, conflicts
from kernel.api.openapi import filters
from kernel.api.openapi.common import EXAMPLE_ID, ID, errors, json_of, object_of, parameter, path_parameter
from kernel.api.openapi.examples import input_example, output_example
from kernel.api.openapi.merging import merge_operation, unmerge_operation
from kernel.api.openapi.sharing import list_operation, share_operation, unshare_operation
from kernel.api.shapes import CUSTOM
from kernel.records.merge import can_merge
from kernel.records.specs import FieldSpec
from kernel.records.types import Verb

LOCATION = {"Location": {"$ref": "#/components/headers/Location"}}


def name_of(access: Access) -> str:
    return access.rtype.model.__name__


def schemas(access: Access) -> dict[str, Any]:
    name, shown, editable = name_of(access), access.shown(), access.editable(access.rtype.model())
    own = {"id": ID | {"readOnly": True}, "version": {"type": "integer", "minimum": 1, "readOnly": True}}
    fields = {n: _described(spec, spec.kind.schema(spec), n not in editable) for n, spec in shown.items()}
    taken = {n: _described(spec, spec.kind.input_schema(spec)) for n, spec in editable.items()}
    fields, taken = nested(access, fields), nested(access, taken)
    required = [n for n, spec in editable.items() if spec.required and not spec.code]
    asked = [spec.code for spec in editable.values() if spec.required and spec.code and spec.default is None]
    made = {**taken, CUSTOM: {**taken[CUSTOM], "required": asked}} if asked else taken
    page = {
        "results": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
        "next": {"type": ["string", "null"]},
        "count": {"type": ["integer", "null"]},
    }
    return {
        name: object_of({**own, **fields}, ["id", "version"], title=str(access.rtype.label)),
        f"{name}Page": object_of(page),
        f"{name}Create": object_of(made, required + [CUSTOM][: len(asked)], additionalProperties=False),
        f"{name}Update": object_of(
            {**taken, "version": {"type": "integer", "minimum": 1}}, [], additionalProperties=False
        ),
    }


def nested(access: Access, fields: dict[str, Any]) -> dict[str, Any]:
    """Schemas by field, with those of the tenant's own fields in an object of their own."""
    if not access.rtype.takes_fields:
        return fields
    own = {spec.code: fields[name] for name, spec in access.shown().items() if spec.code and name in fields}
    plain = {name: schema for name, schema in fields.items() if not name.startswith(f"{CUSTOM}.")}
    return {**plain, CUSTOM: object_of(own, [], additionalProperties=False)}


def _described(spec: FieldSpec, schema: dict[str, Any], is_read_only: bool = False) -> dict[str, Any]:
    more: dict[str, Any] = {"title": str(spec.label)}
    if spec.help:
        more["description"] = str(spec.help)
    if is_read_only:
        more["readOnly"] = True
    if spec.related:
        more["x-related"] = spec.related
    return {**schema, **more}


def paths(access: Access) -> dict[str, Any]:
    root = f"/{access.rtype.slug}"
    one = f"{root}/{{id}}"
    found: dict[str, dict[str, Any]] = {
        root: {"get": _list(access)},
        f"{root}/aggregate": {"get": _aggregate(access)},
        one: {"get": _get(access)},
        f"{one}/timeline": {"get": _timeline(access)},
    }
    if access.may("create"):
        found[root]["post"] = _create(access)
    if access.actor.may_system("bulk"):
        found[f"{root}/batch"] = {"post": _batch(access)}
        found[f"{root}/bulk"] = {"post": _bulk(access)}
    if access.may("edit"):
        found[one]["patch"] = _update(access)
    if access.may("delete"):
        found[one]["delete"] = _delete(access)
        found[f"{one}/restore"] = {"post": _verb(access, "restore", _("Bring back out of the trash"), None)}
    if can_merge(access.rtype):
        moved = {"description": _("It was merged into another, which is at Location"), "headers": LOCATION}
        found[one]["get"]["responses"]["301"] = moved
        if access.may("edit") and access.may("delete"):
            kept = _record(access, _("As it is now"))
            found[f"{one}/merge"] = {"post": _operation(access, "merge", **merge_operation(kept))}
            found[f"{one}/unmerge"] = {"post": _operation(access, "unmerge", **unmerge_operation())}
    if access.rtype.can_share:
        found[f"{one}/shares"] = {"get": _operation(access, "shares_of", **list_operation())}
        if access.may("edit"):
            found[f"{one}/shares"]["post"] = _operation(access, "share", **share_operation())
            found[f"{one}/shares/{{share_id}}"] = {
                "delete": _operation(access, "unshare", **unshare_operation()),
                "parameters": [path_parameter("share_id")],
            }  # fmt: skip
    for verb in access.rtype.verbs:
        if access.may(verb.permission or verb.name):
            found[f"{one}/{verb.name}"] = {"post": _verb(access, verb.name, str(verb.label), verb)}
    for path, item in found.items():
        if "{id}" in path:
            item["parameters"] = [path_parameter("id"), *item.get("parameters", [])]
    return found


def _operation(access: Access, act: str, summary: str, *, many: bool = False, **more: Any) -> dict[str, Any]:
    noun = access.rtype.slug.replace("-", "_") if many else access.rtype.name
    return {"operationId": f"{act}_{noun}", "summary": summary, "tags": [access.rtype.slug], **more}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _record(access: Access, description: str, **headers: str) -> dict[str, Any]:
    headers = {"ETag": "ETag", **headers}
    return {
        "description": description,
        "headers": {name: {"$ref": f"#/components/headers/{header}"} for name, header in headers.items()},
        "content": json_of(_ref(name_of(access)), output_example(access)),
    }


def _list(access: Access) -> dict[str, Any]:
    example = {"results": [output_example(access)], "next": None, "count": 1}
    page = {"description": _("A page"), "content": json_of(_ref(f"{name_of(access)}Page"), example)}
    return _operation(
        access,
        "list",
        str(access.rtype.label_plural),
        many=True,
        parameters=[
            *(parameter(name) for name in ("limit", "cursor", "q", "fields", "count")),
            filters.sort(access),
            filters.nested(),
            *filters.filters(access),
        ],
        responses={"200": page, **errors()},
    )


def _aggregate(access: Access) -> dict[str, Any]:
    example = {
        "measures": ["count"],
        "group": "owner",
        "results": [{"key": EXAMPLE_ID, "label": "Sara", "figures": {"count": 3}, "filters": {"owner": EXAMPLE_ID}}],
        "totals": {"count": 3},
    }
    figures = {"description": _("Figures"), "content": json_of(_ref("Figures"), example)}
    return _operation(
        access,
        "aggregate",
        _("Counts and sums, grouped"),
        many=True,
        parameters=[
            filters.measure(access),
            filters.group(access),
            filters.CALENDAR,
            parameter("q"),
            filters.nested(),
            *filters.filters(access),
        ],
        responses={"200": figures, **errors()},
    )


def _get(access: Access) -> dict[str, Any]:
    return _operation(
        access,
        "get",
        str(access.rtype.label),
        parameters=[parameter("fields")],
        responses={"200": _record(access, str(access.rtype.label)), **errors(404)},
    )


def _timeline(access: Access) -> dict[str, Any]:
    page = object_of(
        {
            "results": {"type": "array", "items": _ref("Event")},
            "next": {"type": ["string", "null"]},
            "count": {"type": "null"},
        }
    )
    return _operation(
        access,
        "timeline_of",
        _("What happened to it, last first"),
        parameters=[parameter("limit"), parameter("cursor")],
        responses={"200": {"description": _("Events"), "content": json_of(page)}, **errors(404)},
    )


def _create(access: Access) -> dict[str, Any]:
    return _operation(
        access,
        "create",
        _("Create"),
        parameters=[parameter("idempotency_key"), *_insisting(access)],
        requestBody={"required": True, "content": json_of(_ref(f"{name_of(access)}Create"), input_example(access))},
        responses={"201": _record(access, _("Created"), Location="Location"), **errors(409, 413, 415)},
    )


def _insisting(access: Access) -> list[dict[str, Any]]:
    return [parameter("duplicates")] if access.rtype.duplicate_keys else []


def _update(access: Access) -> dict[str, Any]:
    return _operation(
        access,
        "update",
        _("Change some fields"),
        parameters=[parameter("if_match")],
        requestBody={"required": True, "content": json_of(_ref(f"{name_of(access)}Update"), input_example(access))},
        responses={"200": _record(access, _("As it is now")), **errors(404, 412, 413, 415)},
    )


def _delete(access: Access) -> dict[str, Any]:
    return _operation(
        access,
        "delete",
        _("Move to the trash"),
        parameters=[parameter("if_match")],
        responses={"204": {"description": _("In the trash")}, **errors(404, 412)},
    )


def _verb(access: Access, name: str, summary: str, verb: Verb | None) -> dict[str, Any]:
    specs = verb.asked(access) if verb else []
    properties = {spec.name: _described(spec, spec.kind.input_schema(spec)) for spec in specs}
    if verb:
        properties["version"] = {"type": "integer", "minimum": 1}
    body = object_of(properties, [], additionalProperties=False)
    done = _record(access, _("As it is now"))
    if verb and verb.tells_conflicts:
        both = {"allOf": [_ref(name_of(access)), object_of({"conflicts": conflicts.SCHEMA}, ["conflicts"])]}
        done = {**done, "content": json_of(both)}
    return _operation(
        access,
        name,
        summary,
        parameters=[parameter("if_match"), parameter("idempotency_key")],
        requestBody={"required": False, "content": json_of(body)},
        responses={"200": done, **errors(404, 409, 412, 413, 415)},
    )


def _bulk(access: Access) -> dict[str, Any]:
    return _operation(
        access,
        "bulk",
        _("One change to every record of a selection, as a run"),
        many=True,
        parameters=[parameter("idempotency_key")],
        requestBody={"required": True, "content": json_of(bulk.REQUEST, bulk.EXAMPLE)},
        responses={
            "202": {"description": _("The run"), "content": json_of(_ref("Run"))},
            **errors(404, 409, 413, 415),
        },
    )


def _batch(access: Access) -> dict[str, Any]:
    values = {"anyOf": [_ref(f"{name_of(access)}Create"), _ref(f"{name_of(access)}Update")]}
    operation = object_of(
        {
            "op": {"enum": ["create", "update", "delete"]},
            "id": ID,
            "version": {"type": "integer", "minimum": 1},
            "values": values,
        },
        ["op"],
        additionalProperties=False,
    )
    body = object_of(
        {
            "operations": {"type": "array", "items": operation, "minItems": 1, "maxItems": 1000},
            "mode": {"enum": ["all", "each"], "default": "all"},
        },
        ["operations"],
    )
    results = {"type": "array", "items": {"type": "object"}}
    done = object_of({"results": results, "done": {"type": "integer"}, "refused": {"type": "integer"}})
    example = {"operations": [{"op": "create", "values": input_example(access)}], "mode": "all"}
    return _operation(
        access,
        "batch",
        _("Up to a thousand writes, all or nothing or each by itself"),
        many=True,
        parameters=[parameter("idempotency_key"), *_insisting(access)],
        requestBody={"required": True, "content": json_of(body, example)},
        responses={
            "200": {"description": _("What became of each"), "content": json_of(done)},
            **errors(404, 409, 412, 413, 415),
        },
    )
