"""Numbers and money, typed and shown in both languages."""

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.lib.errors import ParseError
from kernel.lib.money import amount_input, currency_places, format_money, parse_money, unit_name
from kernel.lib.numbers import compact, format_decimal, parse_decimal

pytestmark = pytest.mark.nodb
few = settings(max_examples=150, derandomize=True, deadline=None, database=None)
languages = st.sampled_from(["en", "fa"])
stored = st.decimals(min_value=-(10**15), max_value=10**15, places=4, allow_nan=False, allow_infinity=False)


def refusal(parse, *args) -> str:
    with pytest.raises(ParseError) as caught:
        parse(*args)
    assert str(caught.value.message).strip().endswith(".")
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234", "1234"),
        ("1,234.56", "1234.56"),
        ("1,234", "1234"),
        ("۱٬۲۳۴٫۵۶", "1234.56"),
        ("١٬٢٣٤٫٥٦", "1234.56"),
        ("۵۲٫۱", "52.1"),
        ("۱،۲۳۴", "1234"),
        ("1 234 567", "1234567"),
        ("1\u202f234\u00a0567", "1234567"),
        ("1\u2009234.5", "1234.5"),
        ("1'234'567", "1234567"),
        ("-5", "-5"),
        ("−5", "-5"),
        ("5-", "-5"),
        ("(5)", "-5"),
        ("\u200e−۵", "-5"),
        ("+5", "5"),
        ("-0", "0"),
        (".5", "0.5"),
        ("5.", "5"),
        ("007", "7"),
        ("  12  ", "12"),
    ],
)
def test_numbers_are_read_in_every_usual_spelling(text, value):
    assert parse_decimal(text) == Decimal(value)


@pytest.mark.parametrize("text", ["1,5", "0,125", "1 234,56", "1.234,56", "12,34,567", "1,2345", "۱۲،۵"])
def test_a_comma_that_may_be_a_decimal_point_is_refused(text):
    assert refusal(parse_decimal, text) in ("ambiguous_number", "number")


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "1e5", "1_000", "0x1f", "5²", "½", "--5", "(-5)", "1.2.3", "1,234'567", "five", "1 2", "-"],
)
def test_what_is_not_a_plain_number_is_refused(text):
    assert refusal(parse_decimal, text) == "number"


def test_an_empty_number_and_an_endless_one_are_refused():
    assert refusal(parse_decimal, " ") == "empty"
    assert refusal(parse_decimal, "9" * 41) == "number_too_long"


def test_a_refusal_quotes_what_was_typed():
    with pytest.raises(ParseError, match="“five” is not a number"):
        parse_decimal("five")


@few
@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20), languages)
def test_a_shown_number_reads_back_exactly(value, language):
    assert parse_decimal(format_decimal(value, language)) == value


@pytest.mark.parametrize(
    ("value", "language", "places", "shown"),
    [
        ("1234.50", "en", None, "1,234.5"),
        ("1234.5", "en", 2, "1,234.50"),
        ("1234.5", "fa", None, "۱٬۲۳۴٫۵"),
        ("2.5", "en", 0, "3"),
        ("-2.5", "en", 0, "−3"),
        ("-1234", "fa", None, "\u200e−۱٬۲۳۴"),
        ("-0.001", "en", 1, "0.0"),
        ("1E+3", "en", None, "1,000"),
    ],
)
def test_numbers_are_shown_in_the_digits_and_marks_of_the_language(value, language, places, shown):
    assert format_decimal(Decimal(value), language, places) == shown


@pytest.mark.parametrize(
    ("value", "english", "persian"),
    [
        ("999", "999", "۹۹۹"),
        ("1200", "1.2k", "۱٫۲ هزار"),
        ("999949", "999.9k", "۹۹۹٫۹ هزار"),
        ("999950", "1M", "۱ میلیون"),
        ("3400000", "3.4M", "۳٫۴ میلیون"),
        ("5000000000", "5B", "۵ میلیارد"),
        ("1200000000000", "1.2T", "۱٫۲ هزار میلیارد"),
        ("-1250", "−1.3k", "\u200e−۱٫۳ هزار"),
        ("0", "0", "۰"),
    ],
)
def test_compact_numbers_keep_one_decimal(value, english, persian):
    assert (compact(Decimal(value), "en"), compact(Decimal(value), "fa")) == (english, persian)


@pytest.mark.parametrize(
    ("text", "currency", "unit", "amount"),
    [
        ("1,234.50", "USD", "", "1234.50"),
        ("$1.2k", "USD", "", "1200"),
        ("-$5", "USD", "", "-5"),
        ("($5)", "USD", "", "-5"),
        ("5 USD", "USD", "", "5"),
        ("12 million dollars", "USD", "", "12000000"),
        ("۱۲ میلیون و ۵۰۰ هزار دلار", "USD", "", "12500000"),
        ("5 euros", "EUR", "", "5"),
        ("120000", "IRR", "", "120000"),
        ("120000", "IRR", "toman", "1200000"),
        ("۱۲ میلیون تومان", "IRR", "toman", "120000000"),
        ("۱۲ میلیون تومان", "IRR", "", "120000000"),
        ("12 million", "IRR", "toman", "120000000"),
        ("۱٫۲ هزار میلیارد تومان", "IRR", "toman", "12000000000000"),
        ("۱۲۰٬۰۰۰ ریال", "IRR", "toman", "120000"),
        ("﷼ 5000", "IRR", "", "5000"),
        ("۱۲‌میلیون‌تومن", "IRR", "", "120000000"),
    ],
)
def test_amounts_are_read_with_their_scales_and_units(text, currency, unit, amount):
    assert parse_money(text, currency, unit) == Decimal(amount)


def test_an_amount_is_stored_with_four_decimals():
    assert str(parse_money("5", "USD", "")) == "5.0000"


@pytest.mark.parametrize(
    ("text", "currency"),
    [("€5", "USD"), ("5 تومان", "USD"), ("$5", "IRR"), ("5 ریال تومان", "IRR"), ("5 apples", "USD")],
)
def test_another_currency_is_refused(text, currency):
    assert refusal(parse_money, text, currency, "") == "currency"


def test_the_refusal_of_a_currency_names_the_unit_in_the_readers_language():
    with pytest.raises(ParseError) as caught:
        parse_money("$5", "IRR", "toman")
    with translation.override("en"):
        assert "in Toman" in str(caught.value.message)
    with translation.override("fa"):
        assert "تومان" in str(caught.value.message)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("$", "money"),
        ("5 to 6", "money"),
        ("12 k 5", "money"),
        ("1e5", "money"),
        ("1,5", "ambiguous_number"),
        ("1.23456", "money_decimals"),
        ("100000000000000000000", "money_too_large"),
    ],
)
def test_an_amount_that_could_be_wrong_is_refused(text, code):
    assert refusal(parse_money, text, "USD", "") == code


@few
@given(
    stored,
    languages,
    st.sampled_from([("IRR", "toman"), ("IRR", ""), ("USD", ""), ("EUR", ""), ("KWD", ""), ("JPY", ""), ("SEK", "")]),
)
def test_a_shown_amount_reads_back_exactly(amount, language, money):
    currency, unit = money
    assert parse_money(format_money(amount, currency, language, unit), currency, unit) == amount
    assert parse_money(amount_input(amount, currency, unit), currency, unit) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "unit", "english", "persian"),
    [
        ("1200.0000", "USD", "", "$1,200", "۱٬۲۰۰ دلار آمریکا"),
        ("1200.5000", "USD", "", "$1,200.50", "۱٬۲۰۰٫۵۰ دلار آمریکا"),
        ("-1200", "USD", "", "−$1,200", "\u200e−۱٬۲۰۰ دلار آمریکا"),
        ("1200000", "IRR", "toman", "120,000 Toman", "۱۲۰٬۰۰۰ تومان"),
        ("1205", "IRR", "toman", "120.5 Toman", "۱۲۰٫۵ تومان"),
        ("1200000", "IRR", "", "1,200,000 Rial", "۱٬۲۰۰٬۰۰۰ ریال"),
        ("1.5", "KWD", "", "KWD 1.500", "۱٫۵۰۰ دینار کویت"),
        ("1200", "JPY", "", "¥1,200", "۱٬۲۰۰ ین ژاپن"),
    ],
)
def test_amounts_are_shown_with_their_currency_in_its_place(amount, currency, unit, english, persian):
    assert format_money(Decimal(amount), currency, "en", unit) == english
    assert format_money(Decimal(amount), currency, "fa", unit) == persian


def test_compact_amounts_keep_their_currency():
    assert format_money(Decimal("3400000"), "USD", "en", compact=True) == "$3.4M"
    assert format_money(Decimal("34000000"), "IRR", "fa", "toman", compact=True) == "۳٫۴ میلیون تومان"


def test_an_average_is_shown_with_at_most_four_decimals():
    assert format_money(Decimal(2) / 3, "USD", "en") == "$0.6667"


def test_currencies_know_their_decimals():
    assert [currency_places(code) for code in ("IRR", "USD", "EUR", "JPY", "KWD")] == [0, 2, 2, 0, 3]


def test_the_unit_beside_a_field_is_what_is_typed():
    assert unit_name("IRR", "fa", "toman") == "تومان"
    assert unit_name("IRR", "en", "") == "Rial"
    assert unit_name("USD", "en") == "$"
