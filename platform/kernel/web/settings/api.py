"""The API told to whoever may hold a key: from the same document that programs read, for this workspace and this
member. What is hidden from them is not in it."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kernel.lib.text import fold
from kernel.records.describing import described
from kernel.web.settings.reading import Part, keys_of, operations, part_of
from kernel.web.settings.sections import page
from kernel.web.settings.sections import part_of as section
from kernel.web.settings.snippets import LANGUAGES, snippet

MOST_HITS = 60
TONES = {"get": "", "post": "good", "patch": "warn", "put": "warn", "delete": "bad"}


@section("api")
@require_GET
def api(request: Any) -> HttpResponse:
    document = described(request.actor)
    words = fold(request.GET.get("q", "")).split()
    parts = [Part(key, document) for key in keys_of(document)]
    hits = [
        {"url": f"{_address(part.key)}#{anchor}", "name": name, "label": label}
        for part in (parts if words else ())
        for anchor, name, label in part.matches(words)
    ]
    started = next((one for one in operations(document) if one.path == "/me"), None)
    context = {
        "heading": _("API"),
        "base": _base(request),
        "types": [_line(part) for part in parts if part.label],
        "others": [_line(part) for part in parts if not part.label],
        "q": request.GET.get("q", ""),
        "hits": hits[:MOST_HITS],
        "more_hits": len(hits[MOST_HITS:]),
        "problems": [
            {"status": status, "title": answer["description"]}
            for status, answer in sorted(document["components"]["responses"].items())
        ],
        "limit": request.actor.format.number(settings.API_REQUESTS_PER_MINUTE),
        "first": snippet(_language(request), _base(request), started) if started else "",
        **_languages(request),
    }
    return page(request, "settings/api.html", context)


@section("api")
@require_GET
def group(request: Any, group: str) -> HttpResponse:
    document = described(request.actor)
    if not any(part_of(path) == group for path in document["paths"]):
        raise Http404
    part = Part(group, document)
    base, language = _base(request), _language(request)
    shown = [
        {
            "key": operation.key,
            "method": operation.method.upper(),
            "tone": TONES[operation.method],
            "path": operation.path,
            "summary": operation.summary,
            "headers": operation.headers,
            "code": snippet(language, base, operation),
        }
        for operation in part.operations
    ]
    context = {
        "heading": part.label or part.root,
        "crumbs": [{"label": _("API"), "url": "/settings/api"}],
        "part": part,
        "shown": shown,
        "base": base,
        **_languages(request),
    }
    return page(request, "settings/api_part.html", context)


def _line(part: Part) -> dict[str, str]:
    return {"label": part.label, "root": part.root, "url": _address(part.key)}


def _address(key: str) -> str:
    return f"/settings/api/{key}"


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/api/v1")


def _language(request: HttpRequest) -> str:
    """Of the examples: what the address says."""
    asked = request.GET.get("in", "")
    return asked if asked in LANGUAGES else "curl"


def _languages(request: HttpRequest) -> dict[str, Any]:
    return {"languages_of_code": list(LANGUAGES.items()), "language_of_code": _language(request)}
