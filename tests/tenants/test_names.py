"""What may be an address, and what is said about one that may not."""

import pytest
from django.core.exceptions import ValidationError

from tenants.names import RESERVED, clean_subdomain, lookalike_key

pytestmark = pytest.mark.nodb


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("acme", "acme"), ("ACME", "acme"), (" acme ", "acme"), ("a-1", "a-1"), ("99x", "99x"), ("x" * 32, "x" * 32)],
)
def test_a_good_address_is_kept_in_lower_case(typed, kept):
    assert clean_subdomain(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "letters"),
        ("ab", "length"),
        ("x" * 33, "length"),
        ("-acme", "letters"),
        ("acme-", "letters"),
        ("ac--me", "letters"),
        ("ac_me", "letters"),
        ("ac.me", "letters"),
        ("my company", "letters"),
        ("xn--80ak6aa92e", "letters"),
        ("acme\x00", "letters"),
        ("پیوند", "letters"),
        ("www", "reserved"),
        ("WWW", "reserved"),
        ("admin", "reserved"),
        ("console", "reserved"),
        ("adm1n", "reserved"),
        ("adrnin", "reserved"),
        ("l0gin", "reserved"),
        ("bi11ing", "reserved"),
        ("pey-vand", "reserved"),
        ("аcme", "lookalike"),
        ("аᴄmе", "letters"),
        ("ａｃｍｅ", "lookalike"),
        ("acmé", "lookalike"),
        ("acme۱", "lookalike"),
        ("ac–me", "lookalike"),
    ],
)
def test_a_bad_address_is_refused(typed, code):
    with pytest.raises(ValidationError) as refused:
        clean_subdomain(typed)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("аcme", "acme"), ("acmé", "acme"), ("ＡＣＭＥ", "acme"), ("my company", "my-company"), ("ac--me", "ac-me")],
)
def test_the_refusal_says_what_would_do(typed, hint):
    with pytest.raises(ValidationError) as refused:
        clean_subdomain(typed)
    assert refused.value.messages[0].endswith(f"Did you mean {hint}?")
    assert clean_subdomain(hint) == hint


@pytest.mark.parametrize(("one", "other"), [("paypal", "paypa1"), ("google", "g00gle"), ("bill", "bi11")])
def test_lookalikes_have_one_key(one, other):
    assert lookalike_key(one) == lookalike_key(other)


@pytest.mark.parametrize(("one", "other"), [("modern", "modem"), ("mail", "mall"), ("ac-me", "acme")])
def test_words_that_differ_have_two(one, other):
    assert lookalike_key(one) != lookalike_key(other)


def test_our_own_hosts_are_reserved():
    assert {"www", "api", "console", "app", "mail", "static", "admin", "status"} <= RESERVED
