"""Fields, tags and the styleguide say what pages rely on."""

import datetime as dt
from decimal import Decimal

import pytest
from django.http import HttpRequest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from kernel.lib.format import Format
from kernel.ui.context import ui
from kernel.ui.fields import Field
from kernel.ui.views import styleguide

RIAL = Format("fa", "jalali", "Asia/Tehran", "IRR", "toman", "IR")


def render(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context({"format": Format(), **context}))


def get(path: str) -> HttpRequest:
    return RequestFactory().get(path)


def test_a_field_ties_label_help_and_error_to_its_control() -> None:
    drawn = render(
        "{% field f %}", f=Field("name", "Name", help="As on paper", errors="Give it a name.", required=True)
    )
    assert '<label for="f-name">Name</label>' in drawn
    assert 'aria-describedby="f-name-help f-name-error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'id="f-name-error"' in drawn


def test_what_somebody_typed_stays_as_typed_and_escaped() -> None:
    drawn = render("{% field f %}", f=Field("amount", "Amount", "money", value='12,x"><script>'))
    assert 'value="12,x&quot;&gt;&lt;script&gt;"' in drawn


def test_money_is_shown_in_the_unit_it_is_typed_in() -> None:
    drawn = render("{% field f %}", f=Field("amount", "مبلغ", "money", value=Decimal(5000)), format=RIAL)
    assert 'value="500"' in drawn
    assert "تومان" in drawn


def test_a_date_carries_its_text_and_its_iso_form() -> None:
    drawn = render("{% field f %}", f=Field("due", "مهلت", "date", value=dt.date(2026, 11, 29)), format=RIAL)
    assert 'data-value="2026-11-29"' in drawn
    assert 'value="۱۴۰۵/۰۹/۰۸"' in drawn
    assert 'data-calendar="jalali"' in drawn


def test_a_moment_is_put_on_the_viewers_clock() -> None:
    at = dt.datetime(2026, 11, 29, 20, 45, tzinfo=dt.UTC)
    drawn = render("{% field f %}", f=Field("at", "زمان", "datetime", value=at), format=RIAL)
    assert 'data-value="2026-11-30T00:15"' in drawn


def test_choices_hold_numbers_booleans_and_none_by_their_text() -> None:
    assert [held for _option, held in Field("a", "A", "select", value=2, options=[(1, "x"), ("2", "y")]).choices] == [
        False,
        True,
    ]
    assert [held for _option, held in Field("a", "A", "radio", value=True, options=[("true", "x")]).choices] == [True]
    assert [held for _option, held in Field("a", "A", "select", value=None, options=[("", "x")]).choices] == [True]


def test_a_control_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="No widget 'slider'"):
        Field("a", widget="slider")


def test_the_error_summary_links_to_each_field() -> None:
    drawn = render("{% errors fields general %}", fields=[Field("a", "Age", errors="Too young.")], general=["Closed."])
    assert '<a href="#f-a">Age</a>: Too young.' in drawn
    assert "Closed." in drawn
    assert not render("{% errors fields %}", fields=[Field("a", "Age")]).strip()


def test_query_changes_some_keys_and_keeps_the_rest() -> None:
    drawn = render('{% query sort="-amount" cursor=None %}', request=get("/r/deals?stage=1&stage=2&cursor=x"))
    assert drawn == "?stage=1&amp;stage=2&amp;sort=-amount"


def test_a_column_sorts_up_then_down_then_not() -> None:
    head = '{% sort_header "amount" "Amount" %}'
    assert 'href="?sort=amount"' in render(head, request=get("/"))
    up = render(head, request=get("/?sort=amount"))
    assert 'aria-sort="ascending"' in up
    assert 'href="?sort=-amount"' in up
    down = render(head, request=get("/?sort=-amount"))
    assert 'aria-sort="descending"' in down
    assert 'href="?"' in down


def test_a_part_sees_only_what_it_is_told() -> None:
    assert "Leaked" not in render('{% part "notice" text="Saved" %}', lead="Leaked", tone="bad")


def test_initials_of_persian_names_are_not_joined() -> None:
    assert "ل\u200cا" in render('{% avatar "لیلا احمدی" %}')
    assert ">SM<" in render('{% avatar "Sara Mohammadi" %}')
    assert render('{% avatar "A B" "7" %}').split('"')[1] == render('{% avatar "Other" "7" %}').split('"')[1]


def test_a_next_step_is_worded_and_not_only_coloured() -> None:
    today = Format().today()
    assert "Overdue" in render("{% due d %}", d=today - dt.timedelta(days=1))
    assert "Today" in render("{% due d %}", d=today)
    assert "Tomorrow" in render("{% due d %}", d=today + dt.timedelta(days=1))
    assert render("{% due d %}", d=None) == ""


def test_addresses_read_left_to_right_in_every_language() -> None:
    assert render("{{ m|ltr }}", m="a@b.example") == '<bdi dir="ltr">a@b.example</bdi>'
    assert render("{{ m|ltr }}", m="") == ""


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "dark"), ("light", "light"), ("system", ""), ('"><script>', "")]
)
def test_only_known_themes_reach_the_page(cookie: str, theme: str) -> None:
    request = get("/")
    request.COOKIES["theme"] = cookie
    assert ui(request)["theme"] == theme


def test_the_styleguide_shows_every_component_in_both_languages() -> None:
    for language in ("en", "fa"):
        with translation.override(language):
            page = styleguide(get("/styleguide")).content.decode()
        assert f'lang="{language}"' in page
        for element in ("board", "date", "combobox", "rows", "inline", "select-rows", "upload", "theme", "toasts"):
            assert f"<crm-{element}" in page
