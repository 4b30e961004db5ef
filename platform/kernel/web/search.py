"""The search page and the palette: what may be found, opened, made and done, from anywhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kernel.access.actor import Actor
from kernel.records.types import RecordType
from kernel.records.words import Word
from kernel.search.finding import Hit, Results, search, searched_types
from kernel.search.marks import pieces
from kernel.search.recent import recent
from kernel.web.controls import label_of
from kernel.web.nav import places
from kernel.web.pages import page
from kernel.web.reach import list_url, record_url
from kernel.web.settings.sections import sections
from kernel.web.shortcuts import has_single_keys, new_url, shortcuts_of

IN_PALETTE, ON_PAGE, OF_ONE_TYPE = 5, 8, 50
BEST = 10


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """Everything that was found, by type. `?type=deals` shows more of one."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    q = request.GET.get("q", "").strip()
    types = searched_types(actor)
    one = next((rtype for rtype in types if rtype.slug == request.GET.get("type")), None)
    found = search(actor, q, types={one.slug} if one else None, each=OF_ONE_TYPE if one else ON_PAGE)
    groups = [
        {
            "rtype": group.rtype,
            "hits": [drawn(hit, found.words) for hit in group.hits],
            "all_url": _all_url(group.rtype, q) if group.has_more and not found.is_similar else "",
        }
        for group in found.groups
    ]
    context = {
        "heading": _("Search"), "q": q, "groups": groups, "one": one, "is_similar": found.is_similar,
        "recent": [] if q else [drawn(hit, []) for hit in recent(actor)],
        "types": [rtype.label_plural for rtype in types],
        "everywhere_url": f"/search?{urlencode({'q': q})}",
        "ways": [] if groups or not q else list(_creations(request)),
    }  # fmt: skip
    template = "web/_search.html" if request.headers.get("HX-Target") == "found" else "web/search.html"
    return page(request, template, context)


def _all_url(rtype: RecordType, q: str) -> str:
    """The list with the same words, which can be filtered and exported; members have none of their own."""
    if rtype.is_setting:
        return f"/search?{urlencode({'q': q, 'type': rtype.slug})}"
    query = {"q": q, "layout": "table", "view": "list"} if rtype.board else {"q": q}
    return f"{list_url(rtype.slug)}?{urlencode(query)}"


@require_safe
def palette(request: HttpRequest) -> HttpResponse:
    """What the palette shows: with `?q=` what was found, without what is always there."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    q = request.GET.get("q", "").strip()
    if q:
        found = search(actor, q, each=IN_PALETTE)
        context: dict[str, Any] = {"groups": [_group(_("Found"), _best(found))], "q": q}
    else:
        opened = [option(drawn(hit, [])) for hit in recent(actor)]
        groups = (
            _group(_("Opened last"), opened, place="before"), _group(_("Create"), list(_creations(request))),
            _group(_("Go to"), list(_destinations(request))),
        )  # fmt: skip
        context = {"groups": groups}
    response = page(request, "web/_palette_options.html", {**context, "q": q})
    response["Cache-Control"] = "no-store"
    return response


def _group(label: str, options: list[dict[str, Any]], place: str = "") -> dict[str, Any]:
    return {"label": label, "options": options, "place": place}


def _best(found: Results) -> list[dict[str, Any]]:
    return [option(drawn(hit, found.words)) for hit in found.hits[:BEST]]


def option(hit: dict[str, Any]) -> dict[str, Any]:
    """A record found, as a line of the palette."""
    return {**hit, "detail": hit["type"]}


def _creations(request: HttpRequest) -> list[dict[str, Any]]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    keys = _hints(request, "create-")
    made = []
    for rtype in searched_types(actor):
        if not rtype.is_setting and actor.access(rtype).may("create") and (url := new_url(rtype)):
            label = _("New %(type)s") % {"type": str(rtype.label).lower()}
            find = f"new create {rtype.slug}"
            made.append({"label": label, "url": url, "icon": "plus", "hint": keys.get(url, ""), "find": find})
    return made


def _destinations(request: HttpRequest) -> list[dict[str, Any]]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    keys = _hints(request, "go-")
    found = []
    for place in places(request, actor):
        hint = keys.get(place["url"], "")
        find = place["url"].strip("/").replace("/", " ")
        found.append({"label": place["label"], "url": place["url"], "icon": place["icon"], "hint": hint, "find": find})
    for section in sorted(sections.values(), key=lambda section: section.order):
        if section.allowed(actor):
            label = _("Settings: %(section)s") % {"section": section.label}
            find = f"settings {section.name}"
            found.append({"label": label, "url": section.url, "icon": section.icon, "hint": "", "find": find})
    found.append(
        {"label": _("Shortcuts"), "url": "/shortcuts", "icon": "language", "hint": "", "find": "shortcuts keys"}
    )
    return found


def _hints(request: HttpRequest, prefix: str) -> dict[str, SafeString]:
    """The keys that lead to an address."""
    if not has_single_keys(request):
        return {}
    return {shortcut.url: shortcut.hint for shortcut in shortcuts_of(request) if shortcut.name.startswith(prefix)}


def drawn(hit: Hit, words: list[Word]) -> dict[str, Any]:
    """A hit ready for a template, the words in it marked."""
    return {
        "url": record_url(hit.rtype.slug, hit.pk), "icon": hit.rtype.icon, "type": hit.rtype.label,
        "label": marked(hit.label, words) if hit.label else _("(no name)"), "facts": hit.facts,
        "where": label_of(hit.spec) if hit.spec else "", "text": marked(hit.text, words),
        "is_ltr": hit.spec is not None and hit.spec.kind.name in ("email", "phone", "link"),
    }  # fmt: skip


def marked(text: str, words: list[Word]) -> SafeString:
    return format_html_join(
        "",
        "{}",
        ((format_html("<mark>{}</mark>", piece) if is_word else piece,) for piece, is_word in pieces(text, words)),
    )
