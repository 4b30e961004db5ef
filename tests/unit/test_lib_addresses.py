"""Phones, e-mail and web addresses, and the Format that a viewer carries."""

import datetime as dt
from decimal import Decimal

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.lib.emails import parse_email
from kernel.lib.errors import ParseError
from kernel.lib.format import Format
from kernel.lib.phones import format_phone, parse_phone
from kernel.lib.urls import parse_url

pytestmark = pytest.mark.nodb
few = settings(max_examples=60, derandomize=True, deadline=None, database=None)
PERSIAN = Format("fa", "jalali", "Asia/Tehran", "IRR", "toman", "IR")


@pytest.mark.parametrize(
    "text",
    [
        "09121234567",
        "۰۹۱۲۱۲۳۴۵۶۷",
        "٠٩١٢١٢٣٤٥٦٧",
        "+98 912 123 4567",
        "0098-912-1234567",
        "9121234567",
        "+98 (0)912 123 4567",
        "\u202a+989121234567\u202c",
        "tel:+98-912-123-4567",
    ],
)
def test_every_spelling_of_an_iranian_mobile_is_one_number(text):
    assert parse_phone(text, "IR") == "+989121234567"


def test_the_00_prefix_means_a_country_code_in_every_region():
    assert parse_phone("0098 912 123 4567", "US") == "+989121234567"


@pytest.mark.parametrize(
    ("text", "region", "code"),
    [
        ("", "IR", "empty"),
        ("88776655", "IR", "phone"),
        ("09121234567", "", "phone"),
        ("09121234567 / 02188776655", "IR", "phone"),
        ("call me", "IR", "phone"),
        ("021 88776655 ext 12", "IR", "phone_extension"),
    ],
)
def test_a_number_that_cannot_be_dialled_is_refused(text, region, code):
    with pytest.raises(ParseError) as caught:
        parse_phone(text, region)
    assert caught.value.code == code


@few
@given(st.sampled_from(["IR", "US", "GB", "DE", "AE", "TR"]), st.sampled_from(["IR", "US", "DE"]))
def test_a_shown_phone_reads_back(country, viewer):
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        number = phonenumbers.example_number_for_type(country, kind)
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert parse_phone(format_phone(e164, viewer), viewer) == e164


def test_a_phone_is_national_at_home_and_international_abroad():
    assert format_phone("+989121234567", "IR") == "0912 123 4567"
    assert format_phone("+989121234567", "US") == "+98 912 123 4567"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (" Sara@Example.COM ", "Sara@example.com"),
        ("mailto:a@b.co", "a@b.co"),
        ("ali۱۲@b.ir", "ali12@b.ir"),
        ("x@پارس.ir", "x@xn--mgbug11a.ir"),
        ("\u200fa@b.co", "a@b.co"),
    ],
)
def test_an_email_is_kept_in_one_form(text, address):
    assert parse_email(text) == address


@pytest.mark.parametrize("text", ["", "x", "a@b", "a b@c.de", "@b.co", "a@b..com", "a@localhost", "a@b.co, c@d.co"])
def test_what_is_not_one_email_is_refused(text):
    with pytest.raises(ParseError):
        parse_email(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("example.com", "https://example.com"),
        ("//example.com/a", "https://example.com/a"),
        ("HTTP://Example.COM/A?b=1#c", "http://example.com/A?b=1#c"),
        ("example.com:8080/x", "https://example.com:8080/x"),
        ("https://پارس.ir/راه", "https://xn--mgbug11a.ir/راه"),
    ],
)
def test_a_web_address_is_made_whole(text, url):
    assert parse_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://x.com",
        "https://bank.com@evil.com",
        "not a url",
        "x",
        "http://[",
    ],
)
def test_an_address_that_must_not_become_a_link_is_refused(text):
    with pytest.raises(ParseError):
        parse_url(text)


def test_a_persian_viewer_reads_and_types_persian():
    moment = dt.datetime(2026, 11, 29, 7, 0, tzinfo=dt.UTC)
    assert PERSIAN.direction == "rtl"
    assert PERSIAN.money(Decimal(1200000)) == "۱۲۰٬۰۰۰ تومان"
    assert PERSIAN.datetime(moment) == "۸ آذر ۱۴۰۵، ۱۰:۳۰"
    assert PERSIAN.time(moment) == "۱۰:۳۰"
    assert PERSIAN.percent(25) == "۲۵٪"
    assert PERSIAN.phone("+989121234567") == "۰۹۱۲ ۱۲۳ ۴۵۶۷"
    assert PERSIAN.parse_money("۱۲ میلیون") == Decimal(120000000)
    assert PERSIAN.parse_date("۱۴۰۵/۹/۸") == dt.date(2026, 11, 29)


def test_another_currency_is_shown_under_its_own_name():
    assert PERSIAN.money(Decimal(5), "USD") == "۵ دلار آمریکا"


def test_the_amount_in_a_field_is_in_the_typed_unit():
    assert PERSIAN.money_input(Decimal("1205.0000")) == "120.5"
    assert PERSIAN.money_unit_name() == "تومان"


def test_equal_formats_share_one_cache_entry():
    assert hash(PERSIAN) == hash(Format("fa", "jalali", "Asia/Tehran", "IRR", "toman", "IR"))
