"""The styleguide: every component with believable content, in the reader's language and theme."""

import datetime as dt
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kernel.lib.format import Format
from kernel.ui.charts import BarChart, BigNumber, Chart, Donut, HorizontalBars, LineChart, Series, Slice, Sparkline
from kernel.ui.context import ui
from kernel.ui.fields import Field, Option
from kernel.ui.samples import samples

REVENUE = [62, 71, 58, 84, 49, 77, 92, 88, 101, 96, 118, 126]
TARGET = [60, 65, 70, 75, 75, 80, 85, 90, 95, 100, 105, 110]
KINDS = {"Customer": "good", "مشتری": "good", "Prospect": "accent", "فرصت": "accent"}


@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """One page with all of it; `?q=` answers the sample combobox."""
    language = str(ui(request)["lang"])
    sample = samples(language)
    if "q" in request.GET:
        asked = request.GET["q"].casefold()
        found = [name for name in sample["companies"] if asked in name.casefold()]
        return JsonResponse([{"id": name, "label": name, "detail": sample["city"]} for name in found], safe=False)
    fmt = _format(request, language, sample)
    context = {
        "format": fmt,
        "sample": sample,
        "heading": _("Styleguide"),
        "workspace": {"name": sample["workspace"], "url": "#"},
        "me": {"name": sample["me"], "url": "#", "key": "me"},
        "fields": _fields(sample),
        "wrong": _wrong(sample),
        "charts": _charts(fmt, sample),
        "numbers": _numbers(fmt),
        "columns": _columns(fmt, sample),
        "rows": _rows(sample),
        "stage_options": list(enumerate(sample["stages"])),
        "steps": [
            {"label": _("File"), "done": True, "url": "#parts"},
            {"label": _("Columns"), "done": True, "url": "#parts"},
            {"label": _("Check"), "current": True},
            {"label": _("Import")},
        ],
        "changes": [{"label": _("Stage"), "before": sample["stages"][1], "after": sample["stages"][2]}],
        "now": timezone.now(),
        "today": fmt.today(),
    } | _navigation()
    return render(request, "ui/styleguide.html", context)


# Nothing in it belongs to anybody.
styleguide.is_public = True  # type: ignore[attr-defined]


def _format(request: HttpRequest, language: str, sample: dict[str, Any]) -> Format:
    calendar = "jalali" if language == "fa" else "gregorian"
    unit = "toman" if language == "fa" else ""
    return replace(
        ui(request)["format"], language=language, calendar=calendar, currency=sample["currency"], money_unit=unit
    )


def _navigation() -> dict[str, Any]:
    entries = [
        (_("Home"), "home", "", False),
        (_("Deals"), "layout-kanban", _("Records"), True),
        (_("Contacts"), "users", _("Records"), False),
        (_("Companies"), "building", _("Records"), False),
        (_("Products"), "package", _("Records"), False),
        (_("Reports"), "chart-bar", _("Records"), False),
    ]
    nav = [{"label": a, "url": "#", "icon": b, "group": c, "current": d} for a, b, c, d in entries]
    return {"nav": nav, "nav_end": [{"label": _("Settings"), "url": "#", "icon": "settings"}]}


def _fields(sample: dict[str, Any]) -> list[Field]:
    stages = list(enumerate(sample["stages"]))
    return [
        Field("name", _("Name"), value=sample["deals"][4], required=True),
        Field("company", _("Company"), "combobox", url="?", create_url="#", chosen=[(1, sample["companies"][0])]),
        Field("amount", _("Amount"), "money", value=96_000 * sample["unit"]),
        Field("probability", _("Probability"), "percent", value=40, help=_("The chance that this is won.")),
        Field("stage", _("Stage"), "select", value=2, options=stages),
        Field("close", _("Expected close"), "date", value=dt.date(2026, 11, 29)),
        Field("at", _("Next step"), "datetime", value=timezone.now().replace(hour=10, minute=30)),
        Field("email", _("E-mail"), "email", value="leila.ahmadi@caspian.example"),
        Field("phone", _("Phone"), "phone", value="+98 912 345 6789"),
        Field(
            "owners", _("Followers"), "combobox", url="?", multiple=True, chosen=list(enumerate(sample["people"][:2]))
        ),
        Field("body", _("Note"), "textarea", value=sample["note"]),
        Field("active", _("Shown in lists"), "switch", value=True),
        Field(
            "scope",
            _("Who sees it"),
            "radio",
            value="team",
            options=[Option("own", _("Only me")), Option("team", _("My team"), _("And the teams below it."))],
        ),
        Field("sources", _("Sources"), "checks", value=[0, 1], options=list(enumerate(sample["sources"][:3]))),
    ]


def _wrong(sample: dict[str, Any]) -> list[Field]:
    return [
        Field("w-name", _("Name"), errors=_("Give it a name."), required=True),
        Field("w-mail", _("E-mail"), "email", value="leila@caspian", errors=_("This is not a whole e-mail address.")),
        Field("w-date", _("Expected close"), "date", value="1405/12/30", errors=_("There is no such date.")),
    ]


def _charts(fmt: Format, sample: dict[str, Any]) -> dict[str, Chart]:
    unit = sample["unit"] * 1000
    first = fmt.month_start(dt.date(2026, 11, 21), -11)
    months = [fmt.month_label(fmt.month_start(first, i)).split()[0] for i in range(12)]
    months = months if fmt.language == "fa" else [month[:3] for month in months]
    people = [name.split()[0] for name in sample["people"]]

    def money(value: Any) -> str:
        return fmt.money(value, compact=True)

    stages = [
        Slice(name, value * unit, "#charts", fmt.number(count))
        for name, value, count in zip(sample["stages"], (412, 286, 315, 81, 60), (38, 24, 17, 9, 6), strict=True)
    ]
    calls, mails, meetings = [42, 55, 31, 24], [65, 40, 72, 38], [12, 9, 15, 6]
    return {
        "line": LineChart(
            _("Won against target"),
            labels=months,
            series=[
                Series(_("Won"), [value * unit for value in REVENUE]),
                Series(_("Target"), [value * unit for value in TARGET], muted=True),
            ],
            urls=["#charts"] * 12,
            show=money,
            heading=_("Month"),
        ),
        "stages": HorizontalBars(_("Pipeline by stage"), stages, show=money),
        "bars": BarChart(
            _("Activities by person"),
            labels=people,
            series=[Series(_("Calls"), calls), Series(_("E-mails"), mails), Series(_("Meetings"), meetings)],
            urls=["#charts"] * 4,
            show=fmt.number,
            heading=_("Person"),
        ),
        "donut": Donut(
            _("Deals by source"),
            [Slice(name, value, "#charts") for name, value in zip(sample["sources"], (34, 27, 18, 12, 9), strict=True)],
            show=fmt.number,
            percent=fmt.percent,
            centre=fmt.number(146),
            centre_label=_("won deals"),
        ),
        "grouped": BarChart(
            _("This month against last"),
            labels=people,
            series=[Series(_("This month"), calls), Series(_("Last month"), [36, 58, 28, 30], muted=True)],
            stacked=False,
            show=fmt.number,
            heading=_("Person"),
        ),
    }


def _numbers(fmt: Format) -> list[Chart]:
    note = _("than last month")
    won = 126_000 * (600_000 if fmt.language == "fa" else 1)
    up, down = f"▲ {fmt.percent(9)}", f"▼ {fmt.percent(2)}"
    return [
        BigNumber(_("Won this month"), fmt.money(won, compact=True), fmt.money(won), up, "good", note, "#",
                  Sparkline(REVENUE)),
        BigNumber(_("Deals won"), fmt.number(146), change=up, tone="good", note=note, spark=Sparkline(TARGET)),
        BigNumber(_("Win rate"), fmt.percent(34), change=down, tone="bad", note=note, spark=Sparkline(REVENUE[::-1])),
        BigNumber(_("Open deals"), fmt.number(1284), note=_("in all pipelines")),
    ]  # fmt: skip


def _columns(fmt: Format, sample: dict[str, Any]) -> list[dict[str, Any]]:
    today, unit = fmt.today(), sample["unit"]
    amounts = [18_400, 42_000, 64_000, 128_000, 96_000, 9_400, 54_000, 27_300, 38_200]
    steps = [2, -3, 0, 4, 1, 12, 0, 3, -2]
    cards = [
        {
            "id": f"d{i}",
            "version": 1,
            "url": "#board",
            "title": title,
            "sub": sample["companies"][i % 6],
            "value": fmt.money(amounts[i] * unit, compact=True),
            "full": fmt.money(amounts[i] * unit),
            "due": today + dt.timedelta(days=steps[i]),
            "owner": sample["people"][i % 4],
            "owner_key": i % 4,
        }
        for i, title in enumerate(sample["deals"])
    ]
    spans = [(0, 2), (2, 4), (4, 6), (6, 8), (8, 9)]
    return [
        {
            "id": f"s{i}",
            "label": label,
            "tone": "k-won" if i == 4 else f"k{i}",
            "count": fmt.number(spans[i][1] - spans[i][0]),
            "sum": fmt.money(sum(amounts[slice(*spans[i])]) * unit, compact=True),
            "cards": cards[slice(*spans[i])],
        }
        for i, label in enumerate(sample["stages"])
    ]


def _rows(sample: dict[str, Any]) -> list[dict[str, Any]]:
    mails = ["leila.ahmadi@caspian.example", "daniel@blueharbor.example", "mina.t@mehr.example", "r.shams@aria.example",
             "grace@lumen.example", "hamed@kavir.example"]  # fmt: skip
    values = [96_000, 18_400, 210_000, 64_000, 12_800, 150_000]
    now = timezone.now()
    return [
        {
            "id": f"c{i}",
            "name": name,
            "company": sample["companies"][i],
            "job": sample["jobs"][i],
            "email": mails[i],
            "kind": sample["kinds"][i],
            "tone": KINDS.get(sample["kinds"][i], "warn"),
            "value": values[i] * sample["unit"],
            "owner": sample["people"][i % 4],
            "owner_key": i % 4,
            "seen": now - dt.timedelta(hours=(1, 20, 50, 90, 3, 400)[i]),
            "picked": i in (1, 2),
        }
        for i, name in enumerate(sample["contacts"])
    ]
