"""However long the text, a parser answers at once: nobody stops a worker by what they type."""

import time
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from kernel.lib.dates import parse_date, parse_datetime
from kernel.lib.emails import parse_email
from kernel.lib.errors import ParseError
from kernel.lib.money import parse_money
from kernel.lib.numbers import parse_decimal
from kernel.lib.phones import parse_phone
from kernel.lib.urls import parse_url

LENGTH = 20_000
PARSERS: dict[str, Callable[[str], Any]] = {
    "date": lambda text: parse_date(text, "jalali"),
    "datetime": lambda text: parse_datetime(text, "gregorian", "UTC"),
    "decimal": parse_decimal,
    "email": parse_email,
    "money": lambda text: parse_money(text, "IRR", "toman"),
    "phone": lambda text: parse_phone(text, "IR"),
    "url": parse_url,
}
TEXTS = (
    ",", ", ", "1", "1,", "1 ", "1.", "a@", "a.", "(", "-", ":", "12:34 ", "هزار ", "1 million ", "\ufdfa", "a\u0301",
    "\u200c", "http://a.", " ساعت ",
)  # fmt: skip


@pytest.mark.parametrize(("parser", "text"), list(product(PARSERS, TEXTS)))
def test_endless_text_is_refused_at_once(parser: str, text: str) -> None:
    started = time.process_time()  # its own work alone: a busy machine changes nothing
    with pytest.raises(ParseError):
        PARSERS[parser](text * LENGTH + "x")
    assert time.process_time() - started < 5
