"""What every page of records knows: where it stands, and what its type is called."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from kernel.access.actor import Access
from kernel.records.types import RecordType
from kernel.web.toasts import say


def page(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page, or the part of it that htmx asked for: caches keep the two apart."""
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ("HX-Request", "HX-Target", "Accept"))
    return response


def go(request: HttpRequest, url: str, text: Any = "", /, **more: Any) -> HttpResponse:
    """On to another page, with a toast there. Scripts are told to load it: they would follow a redirect unseen."""
    if request.headers.get("HX-Request") or request.headers.get("X-Requested-With") == "fetch":
        response = HttpResponse(status=200)
        response["HX-Redirect"] = url
    else:
        response = HttpResponseRedirect(url)
        response.status_code = 303
    return say(response, text, **more) if text else response


def reload(text: Any = "", **more: Any) -> HttpResponse:
    """The page at hand once more, with a toast."""
    response = HttpResponse(status=200)
    response["HX-Refresh"] = "true"
    return say(response, text, **more) if text else response


def list_crumb(rtype: RecordType) -> dict[str, Any]:
    return {"label": rtype.label_plural, "url": f"/r/{rtype.slug}"}


def ways_in(access: Access) -> dict[str, Any]:
    """How the first record comes: only what this actor may do."""
    slug = access.rtype.slug
    may_import = access.rtype.can_import and access.actor.may_system("import")
    return {
        "may_create": access.rtype.has_form and access.may("create"), "new_url": f"/r/{slug}/new",
        "import_url": f"/imports/new?type={slug}" if may_import else "",
        "duplicates_url": f"/duplicates/{slug}" if access.rtype.duplicate_keys else "",
        "may_export": access.actor.may_system("export"),
    }  # fmt: skip


def kept(request: HttpRequest) -> list[tuple[str, str]]:
    """What the search box sends along: the filters and the order, but not the page."""
    return [(k, v) for k, vs in request.GET.lists() for v in vs if k not in ("q", "cursor", "before") and v]
