"""Ids made by the application."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122

from kernel.lib.ids import uuid7, uuid7_of


def test_an_id_of_a_moment_stands_among_those_made_then():
    moment = datetime(2026, 3, 21, 12, tzinfo=UTC)
    before, there, after = (uuid7_of(moment + timedelta(milliseconds=ms)) for ms in (-1, 0, 1))
    assert before < there < after < uuid7()
    assert (there.version, there.variant) == (7, RFC_4122)
