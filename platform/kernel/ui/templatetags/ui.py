"""The tags of our templates: `{% load ui %}`. `docs/ui.md` shows each in use."""

import datetime as dt
import zlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.http import QueryDict
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.lib.format import Format
from kernel.lib.text import written
from kernel.ui.charts import Chart
from kernel.ui.fields import Field, attributes

register = template.Library()

# Icons that point along the line of reading; all others look the same in both directions.
DIRECTIONAL = frozenset(
    {
        *("arrow-left", "arrow-right", "arrow-back-up", "chevron-left", "chevron-right"),
        *("send", "login", "logout", "list-details", "external-link"),
    }
)
AVATAR_HUES = 5


@register.simple_tag
def icon(name: str, classes: str = "", label: str = "") -> SafeString:
    """`{% icon "plus" %}`: an icon of `assets/icons.txt`, silent unless it has a label."""
    flip = " flip" if name in DIRECTIONAL else ""
    extra = f" {classes}" if classes else ""
    voice = format_html(' role="img" aria-label="{}"', label) if label else SafeString(' aria-hidden="true"')
    return format_html(
        '<svg class="icon{}{}"{}><use href="{}#{}"/></svg>', flip, extra, voice, static("icons.svg"), name
    )


@register.simple_tag
def avatar(name: str, key: Any = "", size: str = "", silent: bool = False) -> SafeString:
    """Initials in a colour that stays the same for one key; silent beside the written name."""
    words = [word for word in str(name).replace("\u200c", " ").split() if word[:1].isalnum()]
    letters = "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words))
    if any("\u0600" <= letter <= "\u06ff" for letter in letters):
        letters = "\u200c".join(letters)
    hue = zlib.crc32(str(key or name).encode()) % AVATAR_HUES
    voice = (
        SafeString(' aria-hidden="true"') if silent else format_html(' role="img" aria-label="{0}" title="{0}"', name)
    )
    return format_html('<span class="avatar a{} {}"{}>{}</span>', hue, size, voice, letters.upper())


@register.simple_tag
def badge(text: Any, tone: str = "") -> SafeString:
    """A word about state; tones are good, warn, bad and accent."""
    return format_html('<span class="badge {}">{}</span>', tone, text)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: Any) -> str:
    """The page's query string with changes; None takes a key away: `{% query sort="-amount" cursor=None %}`."""
    request = context.get("request")
    params = request.GET.copy() if request else QueryDict(mutable=True)
    for key, value in changes.items():
        if value is None or value == "":
            params.pop(key, None)
        elif isinstance(value, list | tuple):
            params.setlist(key, [str(item) for item in value])
        else:
            params[key] = str(value)
    return f"?{params.urlencode()}" if params else "?"


@register.inclusion_tag("ui/sort_header.html", takes_context=True)
def sort_header(context: template.Context, name: str, label: str, classes: str = "") -> dict[str, Any]:
    """A column's head that sorts by it: up, then down, then as before."""
    request = context.get("request")
    current = context.get("sort") or (request.GET.get("sort", "") if request else "")
    state = {name: "ascending", f"-{name}": "descending"}.get(current, "")
    following = {"": name, "ascending": f"-{name}", "descending": None}[state]
    return {
        "label": label,
        "classes": classes,
        "state": state,
        "url": query(context, sort=following, cursor=None),
        "hx": context.get("hx_list"),
    }


@register.simple_tag(name="field", takes_context=True)
def field_tag(context: template.Context, told: Field | None = None, **changes: Any) -> SafeString:
    """`{% field f %}` or `{% field name="email" label=… widget="email" %}`, drawn with label, help and errors."""
    field = told.but(**changes) if told and changes else told or Field(**changes)
    fmt = viewer_format(context)
    inner = {
        "field": field,
        "shown": field.shown(fmt),
        "iso": _local_iso(field, fmt),
        "format": fmt,
        "extra": attributes(field.attrs),
        "widget": f"ui/widgets/{WIDGET_FILES.get(field.widget, 'input')}.html",
    }
    return SafeString(render_to_string("ui/field.html", inner))


WIDGET_FILES = {
    "textarea": "textarea",
    "money": "number",
    "number": "number",
    "percent": "number",
    "date": "date",
    "datetime": "date",
    "checkbox": "checkbox",
    "switch": "checkbox",
    "checks": "choices",
    "radio": "choices",
    "select": "select",
    "combobox": "combobox",
    "file": "file",
    "attached": "attached",
    "hidden": "hidden",
    "password": "password",
}


def _local_iso(field: Field, fmt: Format) -> str:
    if isinstance(field.value, dt.datetime) and timezone.is_aware(field.value):
        return field.but(value=fmt.local(field.value)).iso()
    return field.iso()


def viewer_format(context: Mapping[str, Any] | template.Context) -> Format:
    """The Format of the page, or a plain one where a template stands alone."""
    return context.get("format") or Format()


@register.simple_tag(takes_context=True)
def part(context: template.Context, name: str, **told: Any) -> SafeString:
    """`{% part "empty" heading=… %}`: a component of `templates/ui/`, which sees only what it is told."""
    page = {key: context.get(key) for key in ("lang", "dir", "theme", "density", "csrf_token")}
    return SafeString(render_to_string(f"ui/{name}.html", page | {"format": viewer_format(context)} | told))


@register.inclusion_tag("ui/errors.html")
def errors(fields: Iterable[Field], general: Iterable[str] = (), quiet: bool = False) -> dict[str, Any]:
    """The summary above a form: general sentences, then a link to each field that needs something. It takes the
    focus when the page opens unless it is quiet."""
    wrong = [(field.control_id, field.label, message) for field in fields for message in field.messages]
    said = [str(sentence) for sentence in general if sentence]
    return {"wrong": wrong, "shown": written(len(wrong)), "general": said, "quiet": quiet}


@register.simple_tag(takes_context=True)
def chart(context: template.Context, drawn: Chart) -> SafeString:
    """Draw a chart of `kernel.ui.charts`."""
    return SafeString(render_to_string(drawn.template, {"chart": drawn, "lang": context.get("lang", "en")}))


@register.simple_tag(name="time", takes_context=True)
def time_tag(context: template.Context, value: dt.date | dt.datetime | None, style: str = "medium") -> str:
    """A `<time>` element; styles are short, medium, long, clock and ago."""
    if value is None:
        return ""
    fmt = viewer_format(context)
    full = fmt.datetime(value, "long") if isinstance(value, dt.datetime) else fmt.date(value, "long")
    if style == "clock" and isinstance(value, dt.datetime):
        shown = fmt.time(value)
    elif style == "ago":
        shown = ago(value, fmt)
    else:
        shown = fmt.datetime(value, style) if isinstance(value, dt.datetime) else fmt.date(value, style)
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), full, shown)


@register.simple_tag(takes_context=True)
def due(context: template.Context, day: dt.date | None) -> str:
    """A next step's date in words and colour: overdue, today, tomorrow, or the date."""
    if day is None:
        return ""
    fmt = viewer_format(context)
    moment = fmt.local(day).date() if isinstance(day, dt.datetime) else day
    days = (moment - fmt.today()).days
    tone, words = "", fmt.near_date(moment)
    if days < 0:
        tone, words = "late", _("Overdue")
    elif days == 0:
        tone, words = "today", _("Today")
    elif days == 1:
        words = _("Tomorrow")
    return format_html(
        '<span class="due {}">{}<time datetime="{}" title="{}">{}</time></span>',
        tone,
        icon("calendar-due"),
        moment.isoformat(),
        fmt.date(moment, "long"),
        words,
    )


@register.simple_tag(takes_context=True)
def amount(context: template.Context, value: Decimal | int | None, currency: str = "", compact: bool = True) -> str:
    """Money at a glance with the full amount in its title."""
    if value is None:
        return ""
    fmt = viewer_format(context)
    full = fmt.money(value, currency or None)
    shown = fmt.money(value, currency or None, compact=True) if compact else full
    return format_html('<bdi title="{}">{}</bdi>', full, shown)


def _format(fmt: Any) -> Format:
    return fmt or Format()


@register.filter
def number(value: Decimal | int | None, fmt: Format) -> str:
    """`{{ 1284|number:format }}`"""
    return "" if value is None or value == "" else _format(fmt).number(value)


@register.filter
def file_size(count: int | None, fmt: Format) -> str:
    """Bytes in the largest unit that fits: 60.3 kB."""
    units = (_("%(size)s B"), _("%(size)s kB"), _("%(size)s MB"), _("%(size)s GB"))
    size, step = Decimal(count or 0), 0
    while size >= 1000 and step < len(units) - 1:
        size, step = size / 1000, step + 1
    return units[step] % {"size": _format(fmt).number(round(size, 1) if step else size)}


@register.filter
def money(value: Decimal | int | None, fmt: Format) -> str:
    """An amount in full."""
    return "" if value is None or value == "" else _format(fmt).money(value)


@register.filter
def money_compact(value: Decimal | int | None, fmt: Format) -> str:
    """An amount at a glance."""
    return "" if value is None or value == "" else _format(fmt).money(value, compact=True)


@register.filter
def percent(value: Decimal | int | None, fmt: Format) -> str:
    """25 as 25%."""
    return "" if value is None or value == "" else _format(fmt).percent(value)


@register.filter
def date(value: dt.date | None, fmt: Format) -> str:
    """A date of middle length."""
    return "" if value is None or value == "" else _format(fmt).date(value)


@register.filter
def datetime(value: dt.datetime | None, fmt: Format) -> str:
    """A moment on the viewer's clock."""
    return "" if value is None or value == "" else _format(fmt).datetime(value)


@register.filter
def phone(value: str | None, fmt: Format) -> str:
    """A phone number as the viewer's country writes it, always left to right."""
    return format_html('<bdi dir="ltr">{}</bdi>', _format(fmt).phone(value)) if value else ""


@register.filter
def ltr(value: Any) -> str:
    """An e-mail, address, code or link inside text of any direction."""
    return format_html('<bdi dir="ltr">{}</bdi>', value) if value else ""


@register.filter
def ago(value: dt.date | dt.datetime | None, fmt: Format) -> str:
    """How long ago, in the largest fitting unit; after a week the date."""
    if not value:
        return ""
    fmt = _format(fmt)
    if not isinstance(value, dt.datetime):
        return _days_ago((fmt.today() - value).days, value, fmt)
    seconds = (timezone.now() - value).total_seconds()
    if seconds < 0:
        return fmt.datetime(value)
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        minutes = int(seconds // 60)
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": fmt.number(minutes)}
    days = (fmt.today() - fmt.local(value).date()).days
    if days == 0:
        hours = int(seconds // 3600)
        return ngettext("%(n)s hour ago", "%(n)s hours ago", hours) % {"n": fmt.number(hours)}
    return _days_ago(days, fmt.local(value).date(), fmt)


def _days_ago(days: int, day: dt.date, fmt: Format) -> str:
    if days == 0:
        return _("today")
    if days == 1:
        return _("yesterday")
    if 1 < days < 8:
        return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": fmt.number(days)}
    return fmt.date(day)
