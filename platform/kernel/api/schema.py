"""GET /api/v1/schema: OpenAPI 3.1 of this API as this caller may use it. What is hidden from them is not in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from kernel.access.actor import Actor
from kernel.api import audit, search
from kernel.api.endpoint import Endpoint, reply
from kernel.api.openapi import common, operations, runs
from kernel.api.resources import paths, run_resources
from kernel.records.describing import describes
from kernel.records.types import registry
from kernel.tenancy.context import get_tenant


class Schema(Endpoint):
    def get(self, request: Any) -> HttpResponse:
        return reply(document(self.actor))


@describes
def document(actor: Actor) -> dict[str, Any]:
    accesses = [access for rtype in registry.values() if (access := actor.access(rtype)).scope("view") != "none"]
    components: dict[str, Any] = {
        "schemas": common.schemas(actor),
        "responses": common.responses(),
        "parameters": common.parameters(),
        "headers": common.HEADERS,
        "securitySchemes": common.security_schemes(),
    }
    found: dict[str, Any] = {**common.paths(), **search.openapi(actor), **audit.openapi(actor)}
    for access in accesses:
        components["schemas"] |= operations.schemas(access)
        found |= operations.paths(access)
    for resource in run_resources.values():
        found |= runs.paths(resource)
    for path in paths.values():
        found[f"/{path.path}"] = {**found.get(f"/{path.path}", {}), **_with_parameters(path.path, path.openapi)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": _("The API of %(name)s") % {"name": get_tenant().name},
            "version": "1",
            "description": _(
                "Records, their history and figures, and long-running work. Ids are UUIDs, times are UTC, dates are "
                "Gregorian, and money is in the stored currency, whatever the pages show."
            ),
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}, {"session": [], "csrf": []}],
        "tags": [{"name": access.rtype.slug, "description": str(access.rtype.label_plural)} for access in accesses],
        "paths": found,
        "components": components,
    }


def _with_parameters(path: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """A path's {names} as parameters, where whoever registered it has not said more about them."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    given = list(item.get("parameters", []))
    known = {parameter.get("name") for parameter in given}
    given += [common.path_parameter(name) for name in names if name not in known]
    return {**item, **({"parameters": given} if given else {})}
