"""Counters with an end, as the rate limit keeps them: in Valkey, and in memory where there is none."""

import pytest
from django.conf import settings

from kernel.tenancy.cache import Memory, Valkey


@pytest.fixture(params=["valkey", "memory"])
def cache(request):
    made = Valkey(settings.REDIS_URL, {}) if request.param == "valkey" else Memory("counts", {})
    made.delete("tests:count")
    yield made
    made.delete("tests:count")


def test_a_counter_begins_at_nothing_and_adds_up(cache):
    assert [cache.count("tests:count", 1, 60) for _ in range(3)] == [1, 2, 3]


def test_a_counter_never_falls_below_nothing(cache):
    assert cache.count("tests:count", -1, 60) == 0
    assert cache.count("tests:count", 1, 60) == 1


def test_a_counter_lapses():
    cache = Valkey(settings.REDIS_URL, {})
    cache.count("tests:count", 1, 60)
    key = cache.make_key("tests:count")
    assert 0 < cache._cache.get_client().ttl(key) <= 60
    cache.delete("tests:count")
