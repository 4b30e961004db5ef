"""Every shortcut, once: the keys that pages listen to, the sheet behind `?`, and the hints beside what they do.

Keys are those of the keyboard (`event.code`), so that they work under a Persian layout as under an English one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kernel.access.actor import Actor
from kernel.records.types import RecordType, registry
from kernel.web.nav import places
from kernel.web.pages import page

ANYWHERE, GO, CREATE = gettext_lazy("Anywhere"), gettext_lazy("Go to"), gettext_lazy("Create")
LISTS, RECORD = gettext_lazy("In lists"), gettext_lazy("On a record")


@dataclass(frozen=True)
class Shortcut:
    """`keys` as pages hear them: "Control+KeyK", or one after the other: "KeyG KeyD". What is named here acts on the
    element marked `data-shortcut="NAME"`, else it leads to `url`. `is_heard` elsewhere: its own element listens."""

    name: str
    keys: str
    label: Any
    group: Any
    url: str = ""
    is_heard: bool = False

    @property
    def is_plain(self) -> bool:
        """Made of letters alone: what may be turned off."""
        return not any(
            key.startswith(("Control+", "Alt+")) or key in ("Escape", "Enter", "Space") for key in self.keys.split()
        )

    @property
    def aria(self) -> str:
        """For `aria-keyshortcuts`, which knows no keys one after the other."""
        return (
            ""
            if " " in self.keys
            else "+".join(_ARIA.get(part, part.removeprefix("Key")) for part in self.keys.split("+"))
        )

    @property
    def hint(self) -> SafeString:
        """The keys in the order in which they are pressed, whatever way the text around them runs."""
        keys = format_html_join(" ", "{}", ((_drawn(key),) for key in self.keys.split()))
        return format_html('<span class="keys-of" dir="ltr">{}</span>', keys)


_ARIA = {"Slash": "/", "BracketLeft": "[", "BracketRight": "]"}
_SHOWN = {
    "Control": "Ctrl", "Slash": "/", "BracketLeft": "[", "BracketRight": "]", "Escape": "Esc", "Arrows": "← →",
    "Shift+Slash": "?", "Space": gettext_lazy("Space"), "Enter": "Enter",
}  # fmt: skip

FIXED = (
    Shortcut("palette", "Control+KeyK", gettext_lazy("Search and commands"), ANYWHERE, is_heard=True),
    Shortcut("search", "Slash", gettext_lazy("Search in this list, or everywhere"), ANYWHERE),
    Shortcut("sheet", "Shift+Slash", gettext_lazy("All shortcuts"), ANYWHERE, url="/shortcuts"),
    Shortcut("submit", "Control+Enter", gettext_lazy("Send the form"), ANYWHERE, is_heard=True),
    Shortcut("undo", "Control+KeyZ", gettext_lazy("Undo, while a notice offers it"), ANYWHERE, is_heard=True),
    Shortcut("close", "Escape", gettext_lazy("Close what is on top"), ANYWHERE, is_heard=True),
    Shortcut("row-next", "KeyJ", gettext_lazy("Next row"), LISTS),
    Shortcut("row-previous", "KeyK", gettext_lazy("Previous row"), LISTS),
    Shortcut("select", "KeyX", gettext_lazy("Select the row"), LISTS),
    Shortcut("select-range", "Shift+KeyX", gettext_lazy("Select all rows up to this one"), LISTS),
    Shortcut("open", "Enter", gettext_lazy("Open the row"), LISTS, is_heard=True),
    Shortcut("peek", "Space", gettext_lazy("Look at the row beside the list"), LISTS, is_heard=True),
    Shortcut("move", "Alt+Arrows", gettext_lazy("Move a card to another stage"), LISTS, is_heard=True),
    Shortcut("move-tab", "Alt+Arrows", gettext_lazy("Move the tab of a view to another place"), LISTS, is_heard=True),
    Shortcut("edit", "KeyE", gettext_lazy("Edit"), RECORD),
    Shortcut("previous", "BracketLeft", gettext_lazy("Previous record"), RECORD),
    Shortcut("next", "BracketRight", gettext_lazy("Next record"), RECORD),
)
BY_NAME = {shortcut.name: shortcut for shortcut in FIXED}
KEY_OF_TYPE = {
    "deals": "KeyD", "contacts": "KeyC", "companies": "KeyI", "tasks": "KeyT", "leads": "KeyL", "notes": "KeyN",
}  # fmt: skip


def shortcuts_of(request: HttpRequest) -> Iterator[Shortcut]:
    """Those that lead somewhere for whoever asks."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    yield from FIXED
    yield Shortcut("go-home", "KeyG KeyH", gettext_lazy("Home"), GO, url="/")
    urls = {place["url"]: place["label"] for place in places(request, actor)}
    for slug, key in KEY_OF_TYPE.items():
        rtype = registry.get(slug)
        if rtype is None:
            continue
        access = actor.access(rtype)
        url = next((url for url in (f"/{slug}", f"/r/{slug}") if url in urls), "")
        if url:
            yield Shortcut(f"go-{slug}", f"KeyG {key}", urls[url], GO, url=url)
        if access.may("view") and access.may("create"):
            yield Shortcut(f"create-{slug}", f"KeyC {key}", rtype.label, CREATE, url=new_url(rtype))


def new_url(rtype: RecordType) -> str:
    """Where one is made from anywhere; what must hang on a record is made on that record's page."""
    hangs = any(spec.kind.name == "about" and spec.required for spec in rtype.specs().values())
    return "" if hangs or not rtype.has_form else f"/r/{rtype.slug}/new"


def has_single_keys(request: HttpRequest) -> bool:
    """Whoever talks to the computer, or types where nothing listens, may turn single keys off in the profile."""
    member = getattr(request, "member", None)
    return member is not None and member.shortcuts


def context(request: HttpRequest) -> dict[str, Any]:
    """What templates know: `keys` for the page to listen to, {keys: [name, url]}, and by the shortcut's name its
    `shortcut` (attributes of the element that it acts on) and its `hint` (the keys, to stand beside)."""
    if getattr(request, "member", None) is None:
        return {}
    is_on = has_single_keys(request)
    known = {name: shortcut for name, shortcut in BY_NAME.items() if is_on or not shortcut.is_plain}
    return {
        "keys": SimpleLazyObject(lambda: keys_json(request)),
        "shortcut": {
            name: format_html(' data-shortcut="{}" aria-keyshortcuts="{}"', name, shortcut.aria)
            for name, shortcut in known.items()
        },
        "hint": {name: shortcut.hint for name, shortcut in known.items()},
    }


def keys_json(request: HttpRequest) -> str:
    if not has_single_keys(request):
        return ""
    heard = {s.keys: [s.name, s.url] for s in shortcuts_of(request) if not s.is_heard}
    return json.dumps(heard, separators=(",", ":"))


@require_safe
def sheet(request: HttpRequest) -> HttpResponse:
    """All shortcuts: in the dialog behind `?`, and as a page."""
    is_on = has_single_keys(request)
    groups: dict[str, list[Shortcut]] = {}
    for shortcut in shortcuts_of(request):
        if is_on or not shortcut.is_plain:
            groups.setdefault(str(shortcut.group), []).append(shortcut)
    in_dialog = request.headers.get("HX-Target") == "dialog-content"
    template = "web/_shortcuts.html" if in_dialog else "web/shortcuts.html"
    return page(request, template, {"heading": _("Shortcuts"), "groups": groups, "is_on": is_on})


def _drawn(key: str) -> SafeString:
    if key in _SHOWN:
        return format_html("<kbd>{}</kbd>", _SHOWN[key])
    parts = ((_SHOWN.get(part, part.removeprefix("Key")),) for part in key.split("+"))
    return format_html_join("", "<kbd>{}</kbd>", parts)
