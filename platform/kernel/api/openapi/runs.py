"""A kind of run in OpenAPI."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kernel.api.openapi.common import errors, json_of, object_of, parameter, path_parameter
from kernel.api.resources import Runs

RUN = {"$ref": "#/components/schemas/Run"}


def paths(resource: Runs) -> dict[str, Any]:
    root, one = f"/{resource.slug}", f"/{resource.slug}/{{id}}"
    name = resource.slug.replace("-", "_")
    page = object_of(
        {"results": {"type": "array", "items": RUN}, "next": {"type": ["string", "null"]}, "count": {"type": "null"}}
    )

    def operation(act: str, summary: str, answers: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "operationId": f"{act}_{name}",
            "summary": summary,
            "tags": [resource.slug],
            "responses": answers,
            **more,
        }

    def told(status: int, *problems: int) -> dict[str, Any]:
        return {str(status): {"description": _("The run"), "content": json_of(RUN)}, **errors(*problems)}

    found: dict[str, Any] = {
        root: {
            "get": operation(
                "list",
                _("Runs, last first"),
                {"200": {"description": _("A page"), "content": json_of(page)}, **errors()},
                parameters=[parameter("limit"), parameter("cursor")],
            ),
            "post": operation(
                "start",
                resource.summary or _("Start"),
                told(202, 404, 409, 413, 415),
                parameters=[parameter("idempotency_key")],
                requestBody={"required": True, "content": {resource.media: {"schema": dict(resource.request)}}},
            ),
        },
        one: {"get": operation("get", _("How far it is"), told(200, 404))},
    }
    for verb in ("cancel", *resource.verbs):
        found[f"{one}/{verb}"] = {
            "post": operation(
                verb,
                verb.capitalize(),
                told(200, 404, 409),
                requestBody={
                    "required": verb in resource.bodies,
                    "content": json_of(dict(resource.bodies.get(verb, {"type": "object"}))),
                },
            )
        }
    for file in resource.files:
        given = {"description": _("The file"), "content": {"application/octet-stream": {}}}
        answers = {"200": given, **errors(404)}
        found[f"{one}/{file}"] = {"get": operation(f"{file}_of", file.capitalize(), answers)}
    for path, item in found.items():
        if "{id}" in path:
            item["parameters"] = [path_parameter("id")]
    return found
