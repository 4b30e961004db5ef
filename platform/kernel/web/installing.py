"""The workspace as an application of its own on a phone: its manifest, its service worker, its page without a network.

All three are public, since browsers ask for them on their own, and none says more than the sign-in page does.
"""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kernel.accounts.doors import public
from kernel.records.types import registry
from kernel.ui.context import ui
from kernel.web.shortcuts import new_url

PAPER = {"light": "#fbfaf7", "dark": "#13191b"}
# The font of each language is asked for by the page itself, so it is worth having from the start.
FONTS = {"fa": "fonts/vazirmatn-arabic-wght-normal.woff2", "en": "fonts/inter-latin-wght-normal.woff2"}
SHORTCUTS = ("tasks", "leads", "deals")


@public
@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    look = ui(request)
    paper = PAPER.get(look["theme"], PAPER["light"])
    name = request.tenant.name
    answer = JsonResponse(
        {
            "id": "/",
            "name": f"{name} · {_('Peyvand')}",
            "short_name": name,
            "lang": look["lang"],
            "dir": look["dir"],
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "theme_color": paper,
            "background_color": paper,
            "categories": ["business", "productivity"],
            "icons": [
                _icon("ui/icon-192.png", 192, "any"),
                _icon("ui/icon-512.png", 512, "any"),
                _icon("ui/icon-maskable-192.png", 192, "maskable"),
                _icon("ui/icon-maskable-512.png", 512, "maskable"),
            ],
            "shortcuts": _shortcuts(request),
        },
        content_type="application/manifest+json",
        json_dumps_params={"ensure_ascii": False},
    )
    answer["Cache-Control"] = "private, no-cache"
    return answer


def _icon(path: str, size: int, purpose: str) -> dict[str, str]:
    return {"src": static(path), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}


def _shortcuts(request: HttpRequest) -> list[dict[str, Any]]:
    """What a long press on the icon offers: only what this member may do."""
    if request.actor is None:
        return []
    offered = []
    for slug in SHORTCUTS:
        rtype = registry[slug]
        access = request.actor.access(rtype)
        if access.may("create") and (url := new_url(rtype)):
            offered.append((_("New %(type)s") % {"type": str(rtype.label).lower()}, url))
    if request.actor.access(registry["contacts"]).may("view"):
        offered.append((_("Call somebody"), "/r/contacts"))
    icons = [_icon("ui/icon-192.png", 192, "any")]
    return [{"name": name, "url": url, "icons": icons} for name, url in offered]


@public
@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The script is the same for everyone but for the names of assets: other bytes make browsers install it anew."""
    look = ui(request)
    assets = [static(path) for path in ("css/app.css", "icons.svg", FONTS[look["lang"]])]
    version = hashlib.sha256(repr((assets, look["theme"])).encode()).hexdigest()[:12]
    answer = render(
        request, "web/sw.js", {"assets": assets, "version": version}, content_type="text/javascript; charset=utf-8"
    )
    answer["Service-Worker-Allowed"] = "/"
    answer["Cache-Control"] = "no-cache"
    return answer


@public
@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    answer = render(request, "web/offline.html", {"workspace": request.tenant})
    patch_vary_headers(answer, ("Cookie",))
    return answer
