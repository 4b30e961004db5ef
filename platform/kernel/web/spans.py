"""What dates said in words are called: "this season", "since Nowruz"."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.lib.format import Format
from kernel.lib.spans import SPANS

_NAMES: dict[str, Any] = {
    "today": gettext_lazy("today"), "yesterday": gettext_lazy("yesterday"), "tomorrow": gettext_lazy("tomorrow"),
    "this_week": gettext_lazy("this week"), "last_week": gettext_lazy("last week"),
    "next_week": gettext_lazy("next week"), "this_month": gettext_lazy("this month"),
    "last_month": gettext_lazy("last month"), "next_month": gettext_lazy("next month"),
    "this_season": gettext_lazy("this season"), "last_season": gettext_lazy("last season"),
    "next_season": gettext_lazy("next season"), "this_quarter": gettext_lazy("this season"),
    "last_quarter": gettext_lazy("last season"), "next_quarter": gettext_lazy("next season"),
    "this_year": gettext_lazy("this year"), "last_year": gettext_lazy("last year"),
    "next_year": gettext_lazy("next year"), "since_nowruz": gettext_lazy("since Nowruz"),
    "overdue": gettext_lazy("in the past"), "past": gettext_lazy("in the past"),
    "future": gettext_lazy("in the future"),
}  # fmt: skip


def span_name(name: str, fmt: Format) -> str:
    """The words for a span (`kernel.lib.spans`), in the reader's language."""
    if name in _NAMES:
        return str(_NAMES[name])
    which, days, _days = name.split("_")
    pattern = _("last %(days)s days") if which == "last" else _("next %(days)s days")
    return pattern % {"days": fmt.number(int(days))}


def span_options(fmt: Format) -> list[tuple[str, str]]:
    """To choose from."""
    return [(name, span_name(name, fmt)) for name in SPANS]
