"""From an address to what it names, if the one who asks may see it: else 404, the same for "none" and "not yours"."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records.find import get
from kernel.records.types import registry


def access_to(request: HttpRequest, slug: str, verb: str = "view") -> Access:
    """Raises Http404 for an unknown type, PermissionDenied for one the actor may not use so."""
    if slug not in registry:
        raise Http404
    access: Access = request.actor.access(registry[slug])  # type: ignore[attr-defined]
    access.check("view")
    if verb != "view":
        access.check(verb)
    return access


def record_of(access: Access, pk: UUID, *, deleted: bool = False) -> Any:
    record = get(access, pk, deleted=deleted)
    if record is None:
        raise Http404
    return record


def editable_of(access: Access, pk: UUID, *, deleted: bool = False) -> Any:
    """The record, if it is one that may be edited. Raises PermissionDenied for one that may only be seen."""
    record = access.records("edit", deleted=deleted).filter(pk=pk).first()
    if record is None:
        record_of(access, pk, deleted=deleted)
        raise PermissionDenied(_("Your role does not allow this."))
    return record


def list_url(slug: str) -> str:
    return f"/r/{slug}"


def record_url(slug: str, pk: Any) -> str:
    return f"/r/{slug}/{pk}"


def way_back(request: HttpRequest, default: str) -> str:
    """Where a form was opened from, told by its `next` field: a path on this host and nothing else."""
    path = str(request.POST.get("next") or request.GET.get("next") or "")
    if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return path
    return default


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")
