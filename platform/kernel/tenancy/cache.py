"""Cache keys: those of the `default` cache carry the tenant, those of the `platform` cache belong to all.

And counters, for limits: one trip to Valkey for each.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import zip_longest
from typing import Any

from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient

from kernel.tenancy.context import get_tenant


def key(key: str, key_prefix: str, version: int) -> str:
    """KEY_FUNCTION of the cache alias `default`: NoTenant where no tenant is set."""
    return f"{key_prefix}:t:{get_tenant().pk}:{version}:{key}"


def platform_key(key: str, key_prefix: str, version: int) -> str:
    """KEY_FUNCTION of the cache alias `platform`."""
    return f"{key_prefix}:p:{version}:{key}"


def host_key() -> str:
    return f"hosts:{settings.BASE_DOMAIN}"


# Never below nothing: a try taken back after its window ended must not allow one more in the next.
_COUNT = """
local counts = {}
for number, key in ipairs(KEYS) do
  local count = redis.call('INCRBY', key, ARGV[1])
  if count < 0 then count = redis.call('INCRBY', key, -count) end
  if redis.call('TTL', key) < 0 then redis.call('EXPIRE', key, ARGV[2]) end
  counts[number] = count
  if ARGV[2 + number] and count > tonumber(ARGV[2 + number]) then return counts end
end
return counts
"""


class _Client(RedisCacheClient):
    """Django makes a client for each operation, which takes longer than the operation; this keeps one."""

    @cached_property
    def _kept(self) -> Any:
        return super().get_client(write=True)

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        return self._kept

    @cached_property
    def counter(self) -> Any:
        return self._kept.register_script(_COUNT)


class Valkey(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client

    def count(self, key: str, by: int, seconds: int) -> int:
        """Add to a counter that lapses so many seconds after its first use; answers what it stands at."""
        return self.counts([key], by, seconds)[0]

    def counts(self, keys: Sequence[str], by: int, seconds: int, most: Sequence[int] = ()) -> list[int]:
        """The same for several in turn, up to the first that stands above its `most`: those after it are left alone."""
        client: Any = self._cache
        return [int(count) for count in client.counter([self.make_key(key) for key in keys], [by, seconds, *most])]


class Memory(LocMemCache):
    """The same within one process, for tests."""

    def count(self, key: str, by: int, seconds: int) -> int:
        self.add(key, 0, seconds)
        count = int(self.incr(key, by))
        return count if count >= 0 else int(self.incr(key, -count))

    def counts(self, keys: Sequence[str], by: int, seconds: int, most: Sequence[int] = ()) -> list[int]:
        counts: list[int] = []
        for key, limit in zip_longest(keys, most):
            counts.append(self.count(key, by, seconds))
            if limit is not None and counts[-1] > limit:
                break
        return counts
