"""Folding and order: what counts as the same text, and what comes first."""

import threading
import time
import uuid

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernel.lib import ids
from kernel.lib.ids import uuid7
from kernel.lib.text import ALPHABET, ascii_digits, fold, persian_digits, sort_key

pytestmark = pytest.mark.nodb
few = settings(max_examples=150, derandomize=True, deadline=None, database=None)

persian_or_latin = st.text(
    st.sampled_from("ابپيىیكکةهۀأإآٱؤئءًٌَـ \u200c\u200b\u200f\u00a0۱٢3٫٬aAéÉßİøÆﻻ﷼ﷲ½²ｱé\u0301\u0654\ud7b0.,\u0000\n")
    | st.characters(),
    max_size=20,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("شركت ايراني", "شرکت ایرانی"),
        ("موسى", "موسی"),
        ("فاطمة", "فاطمه"),
        ("نامهٔ", "نامۀ"),
        ("نامۀ", "نامه"),
        ("أحمد إسلام آرا ٱلله", "احمد اسلام ارا الله"),
        ("مسؤول", "مسوول"),
        ("مسئول", "مسیول"),
        ("مُحَمَّد", "محمد"),
        ("شـــرکت", "شرکت"),
        ("می‌رود", "می رود"),
        ("می \u200c\u200f رود", "می رود"),
        ("علی\u00a0رضا\t\n کیا", "علی رضا کیا"),
        ("۱۲۳", "123"),
        ("١٢٣", "123"),
        ("۱٬۲۳۴٫۵", "1234.5"),
        ("ﻻله", "لاله"),
        ("Café Ærø ŁÓDŹ", "cafe aero lodz"),
        ("STRASSE", "straße"),
        ("ＡＣＭＥ", "acme"),
        ("\u202bAcme\u202c\ufeff", "acme"),
        ("  Acme  ", "acme"),
        ("a\u0000b", "ab"),
    ],
)
def test_spellings_a_person_calls_the_same_fold_together(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("میرود", "می رود"), ("کار", "گار"), ("حسن", "هسن"), ("12", "1 2")])
def test_different_texts_stay_different(one, other):
    assert fold(one) != fold(other)


@few
@given(persian_or_latin)
@example("\u0345")
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@few
@given(persian_or_latin)
def test_a_folded_text_can_be_stored_by_postgresql(text):
    assert "\x00" not in fold(text)
    fold(text).encode()


def test_the_persian_alphabet_sorts_in_dictionary_order():
    by_code_point = sorted(ALPHABET)
    assert "".join(sorted(by_code_point, key=sort_key)) == "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"


def test_persian_words_sort_as_in_a_dictionary():
    words = ["آب", "پارس", "چای", "ژاله", "شرکت", "كتاب", "کرج", "گل", "لاله", "ميز", "نان", "وام", "هنر", "یار"]
    shuffled = sorted(words, key=len)
    assert sorted(shuffled, key=sort_key) == words


def test_digits_come_before_latin_and_latin_before_persian():
    assert sorted(["آب", "Zebra", "۹", "acme", "1"], key=sort_key) == ["1", "۹", "acme", "Zebra", "آب"]


def test_a_shorter_name_comes_before_its_continuation():
    assert sorted(["پارس جنوبی", "پارسا", "پارس"], key=sort_key) == ["پارس", "پارس جنوبی", "پارسا"]


@few
@given(persian_or_latin, persian_or_latin)
def test_sort_keys_are_equal_exactly_when_folds_are(one, other):
    assert (sort_key(one) == sort_key(other)) == (fold(one) == fold(other))


def test_the_order_of_keys_is_the_order_of_their_bytes():
    keys = [sort_key(word) for word in ("acme", "آب", "یار", "کرج", "1")]
    assert sorted(keys) == sorted(keys, key=str.encode)


def test_digits_change_script_and_nothing_else_does():
    assert ascii_digits("ش ۱۲٣4") == "ش 1234"
    assert persian_digits("ش 12٣۴ a") == "ش ۱۲۳۴ a"


def test_an_id_is_a_uuid_of_version_seven_with_the_time_in_front():
    before = time.time_ns() // 1_000_000
    made = uuid7()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_ascend_in_the_order_they_are_made():
    made = [uuid7() for _ in range(5000)]
    assert made == sorted(set(made))


def test_ids_ascend_even_when_the_clock_steps_back(monkeypatch):
    first = uuid7()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    assert uuid7() > first


def test_threads_never_share_an_id():
    made: list[uuid.UUID] = []
    threads = [threading.Thread(target=lambda: made.extend([uuid7() for _ in range(500)])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4000
